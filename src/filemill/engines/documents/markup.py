"""HTML and svg as every reader behind may see them: nothing that reaches outside, nothing that is hidden."""

import re
from pathlib import Path

import lxml.etree
import lxml.html

from filemill.engines.documents import (
    data_pictures,
    drawings,
    hidden,
    inline_svg,
    page_words,
    references,
    texts,
    trees,
    trouble,
)
from filemill.engines.documents.losses import Losses
from filemill.engines.documents.task import Task

DEEPEST = 2_048
"""Elements in elements; what stands deeper in a page would be lost without a word."""

_OF_HEADS = ("title", "style", "meta", "link", "script", "base", "noscript", "template")
_PROLOGUE = re.compile(r"\s*<\?xml[^>]*\?>")


def clean_html(source: Path, target: Path, task: Task) -> None:
    """Writes the page without what reaches outside or is hidden, its drawings as pictures. Raises JobFailed."""
    tree = _page(source, task)
    losses = Losses()
    sheets = references.clean_styles(tree, losses)
    shared = inline_svg.parts(tree)  # where they are stored is mostly hidden
    hidden.remove(tree, sheets, losses)
    drawings.draw(tree, shared, sheets, target.parent, losses)
    page_words.keep(tree, losses)
    references.strip(tree, losses)
    data_pictures.turn_upright(tree, task)
    losses.tell(task)
    _write(tree, target)


def make_inert(source: Path, target: Path, task: Task) -> None:
    """Writes a page that a tool of ours has made, without what runs or reaches outside. Raises JobFailed.

    What the page hides, such as the note at a cell until somebody points at it, stays.
    """
    tree = _page(source, task)
    losses = Losses()
    sheets = references.clean_styles(tree, losses)
    drawings.draw(tree, inline_svg.parts(tree), sheets, target.parent, losses)
    references.strip(tree, losses)
    losses.tell(task)
    _write(tree, target)


def _page(source: Path, task: Task) -> lxml.etree._Element:
    """The page, read as browsers read it. Raises JobFailed."""
    parser = lxml.html.HTMLParser(no_network=True, remove_pis=True, remove_comments=True, huge_tree=True)
    try:
        tree = lxml.html.document_fromstring(_PROLOGUE.sub("", texts.read(source, task), count=1), parser=parser)
    except (lxml.etree.LxmlError, ValueError) as error:
        raise trouble.unreadable(task.file, error) from error
    if any(entry.type == lxml.etree.ErrorTypes.ERR_RESOURCE_LIMIT for entry in parser.error_log):
        raise trouble.bad_file(
            task.file, f"Its elements stand more than {DEEPEST:,} deep in each other; that is too deep."
        )
    _leave_head(tree)
    return tree


def _write(tree: lxml.etree._Element, target: Path) -> None:
    # In ASCII, every other sign by its number: so nobody behind can be wrong about the encoding.
    target.write_bytes(lxml.html.tostring(tree, doctype="<!DOCTYPE html>"))


def clean_svg(source: Path, target: Path, task: Task) -> None:
    """Writes the drawing without what reaches outside, in fonts that are there. Raises JobFailed."""
    losses = Losses()
    text = _PROLOGUE.sub("", texts.read(source, task), count=1)
    try:
        tree = trees.read(text.encode())
    except (lxml.etree.LxmlError, ValueError) as error:
        raise trouble.unreadable(task.file, error) from error
    if trees.name(tree) != "svg":
        raise trouble.not_a(task.file)
    drawings.clean(tree, target.parent, losses)
    losses.tell(task)
    target.write_bytes(lxml.etree.tostring(tree, encoding="utf-8"))


def _leave_head(page: lxml.etree._Element) -> None:
    """Moves into the body what no head can have: a reader of HTML leaves what it does not know, such as svg, there."""
    head, body = page.find("head"), page.find("body")
    if head is None:
        return
    strange = [element for element in head if trees.name(element) not in _OF_HEADS]
    if strange and body is None:
        body = lxml.etree.SubElement(page, "body")
    for element in reversed(strange):
        body.insert(0, element)
