"""HTML and svg without what reaches outside: scripts, frames, and pictures, styles and fonts that lie elsewhere.

Converters would partly fetch them; what is gone, no setting of theirs can bring back. Links to click stay.
"""

import re
from pathlib import Path

import lxml.etree
import lxml.html

from filemill.engines.documents import texts, trouble
from filemill.engines.documents.task import Task

_DROPPED = frozenset(
    [
        "script",
        "iframe",
        "frame",
        "frameset",
        "object",
        "embed",
        "applet",
        "base",
        "meta",
        "link",
        "audio",
        "video",
        "source",
        "track",
        "foreignobject",
        "portal",
        "template",
    ]
)
_TOLD = frozenset(["iframe", "frame", "object", "embed", "applet", "link", "audio", "video", "foreignobject"])
"""What a reader of the page would miss."""

_TELLING = frozenset(["author", "date", "dcterms.date", "description", "keywords"])
"""What a page may say of itself by `meta`."""

_REFERRING = frozenset(
    ["src", "href", "background", "data", "poster", "srcset", "action", "formaction", "longdesc", "cite", "manifest"]
)
_TICKED, _EMPTY = "\u2612 ", "\u2610 "
"""Boxes as signs: what reads the page further knows no others, and writes a list of tasks from these."""

_PROLOGUE = re.compile(r"\s*<\?xml[^>]*\?>")
_URL = re.compile(
    r"url\((?!\s*['\"]?\s*(?:data:image/(?!svg)|#))[^)]*\)|@import[^;]*;?|image-set\([^)]*\)", re.IGNORECASE
)
_INSIDE = re.compile(r"\s*(data:image/(?!svg)|#)", re.IGNORECASE)
_CLICKED = re.compile(r"\s*(https?:|mailto:|tel:|ftp:|#)", re.IGNORECASE)


def clean_html(source: Path, target: Path, task: Task) -> None:
    """Writes the page without what reaches outside. Raises JobFailed."""
    parser = lxml.html.HTMLParser(no_network=True, remove_pis=True, remove_comments=True, huge_tree=True)
    try:
        tree = lxml.html.document_fromstring(_PROLOGUE.sub("", texts.read(source, task), count=1), parser=parser)
    except (lxml.etree.LxmlError, ValueError) as error:
        raise trouble.not_a(task.file) from error
    _clean(tree, task)
    # In ASCII, every other sign by its number: so nobody behind can be wrong about the encoding.
    target.write_bytes(lxml.html.tostring(tree, doctype="<!DOCTYPE html>"))


def clean_svg(source: Path, target: Path, task: Task) -> None:
    """Writes the drawing without what reaches outside. Raises JobFailed."""
    parser = lxml.etree.XMLParser(
        resolve_entities="internal", no_network=True, load_dtd=False, remove_pis=True, remove_comments=True
    )
    try:
        tree = lxml.etree.fromstring(_PROLOGUE.sub("", texts.read(source, task), count=1).encode(), parser)
    except (lxml.etree.LxmlError, ValueError) as error:
        raise trouble.not_a(task.file) from error
    if lxml.etree.QName(tree).localname != "svg":
        raise trouble.not_a(task.file)
    _clean(tree, task)
    target.write_bytes(lxml.etree.tostring(tree, encoding="utf-8"))


def _clean(tree: lxml.etree._Element, task: Task) -> None:
    left_out = 0
    for element in list(tree.iter()):
        if not isinstance(element.tag, str):
            _drop(element)
            continue
        tag = lxml.etree.QName(element).localname.lower()
        if tag in _DROPPED and not _tells(element, tag):
            left_out += tag in _TOLD
            _drop(element)
            continue
        if tag == "input" and (element.get("type") or "").lower() == "checkbox":
            _drop(element, instead=_TICKED if "checked" in element.attrib else _EMPTY)
            continue
        if tag == "style":
            element.text = _clean_style(element.text or "")
        was = left_out
        for name in list(element.attrib):
            left_out += _clean_attribute(element, tag, str(name))
        if tag == "img" and left_out > was:
            _drop(element, instead=element.get("alt") or "")
    if left_out:
        what = f"The file refers to {left_out} other files, such as pictures on a web site: they are left out."
        task.warn("left_out", what)


def _tells(element: lxml.etree._Element, tag: str) -> bool:
    return tag == "meta" and (element.get("name") or "").lower() in _TELLING and element.get("http-equiv") is None


def _clean_attribute(element: lxml.etree._Element, tag: str, name: str) -> bool:
    """Whether something was taken away that a reader would miss."""
    bare = re.split(r"[:}]", name.lower())[-1]
    value = element.attrib[name]
    if bare.startswith("on"):
        del element.attrib[name]
    elif bare == "style" or (tag != "a" and "url(" in value.lower()):
        element.attrib[name] = _clean_style(value)
    elif bare in _REFERRING and not (_CLICKED if tag in ("a", "area", "blockquote", "q") else _INSIDE).match(value):
        del element.attrib[name]
        return tag not in ("a", "area", "form", "button", "input", "blockquote", "q")
    return False


def _clean_style(style: str) -> str:
    """A style that hides what it says by escapes is dropped whole."""
    return "" if "\\" in style else _URL.sub("none", style)


def _drop(element: lxml.etree._Element, instead: str = "") -> None:
    """Takes an element out of its tree; the text behind it stays."""
    parent = element.getparent()
    if parent is None:
        return
    before, left = element.getprevious(), instead + (element.tail or "")
    if before is not None:
        before.tail = (before.tail or "") + left
    else:
        parent.text = (parent.text or "") + left
    parent.remove(element)
