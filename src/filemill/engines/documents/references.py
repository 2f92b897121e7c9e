"""What a page or a drawing brings in from outside: scripts, frames, and pictures, styles and fonts that lie elsewhere.

Converters would partly fetch them; what is gone, no setting of theirs can bring back. Links to click stay.
"""

import re

import lxml.etree

from filemill.engines.documents import media_queries, stylesheets, trees
from filemill.engines.documents.losses import Losses

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
        "portal",
        "template",
    ]
)
_TOLD = frozenset(["iframe", "frame", "object", "embed", "applet", "link", "audio", "video"])
"""What a reader of the page would miss."""

_TELLING = frozenset(["author", "date", "dcterms.date", "description", "keywords", "viewport"])
"""What a page may say of itself by `meta`."""

_REFERRING = frozenset(
    [
        "src",
        "href",
        "background",
        "data",
        "poster",
        "srcset",
        "action",
        "formaction",
        "longdesc",
        "cite",
        "manifest",
        "ping",
    ]
)
_PAINTED = frozenset(
    ["fill", "stroke", "filter", "mask", "clip-path", "cursor", "marker", "marker-start", "marker-mid", "marker-end"]
)
"""Attributes of drawings that are read like styles."""

_INSIDE = re.compile(r"\s*(data:image/(?!svg)|#)", re.IGNORECASE)
_CLICKED = re.compile(r"\s*(https?:|mailto:|tel:|ftp:|#)", re.IGNORECASE)
_LINKS = ("a", "area", "blockquote", "q")


def clean_styles(tree: lxml.etree._Element, losses: Losses) -> list[str]:
    """Cleans the styles of a page, takes out those for other media than a screen -> their texts, in their order."""
    sheets = []
    for element in [each for each in tree.iter() if trees.name(each) == "style"]:
        if not media_queries.holds(element.get("media") or ""):
            trees.drop(element)
            continue
        element.text = stylesheets.clean(element.text or "", losses)
        sheets.append(element.text)
    return sheets


_READ_OTHERWISE = frozenset(["noscript", "noembed", "noframes", "xmp", "plaintext", "listing"])
"""What browsers take for text, and this reader for markup: markup inside could end elsewhere than it seems."""


def strip(tree: lxml.etree._Element, losses: Losses) -> None:
    """Takes out what reaches outside; the styles are clean already."""
    for element in list(tree.iter()):
        tag = trees.name(element)
        if tag in _READ_OTHERWISE:
            element.tag = "div"
        if tag == "foreignobject":
            _leave_out_foreign(element, losses)
        elif not tag or (tag in _DROPPED and not _tells(element, tag)):
            losses.elsewhere += tag in _TOLD
            trees.drop(element)
        else:
            for name in list(element.attrib):
                is_missed = _clean_attribute(element, tag, str(name), losses)
                losses.elsewhere += is_missed
            if tag == "img" and "src" not in element.attrib:
                trees.drop(element, instead=element.get("alt") or "")


def _leave_out_foreign(element: lxml.etree._Element, losses: Losses) -> None:
    """Takes HTML out of a drawing, and counts the HTML unless the drawing has something to show instead."""
    is_inside = any(trees.name(around) == "foreignobject" for around in element.iterancestors())
    parent = element.getparent()
    has_other = parent is not None and trees.name(parent) == "switch" and element.getnext() is not None
    if not (is_inside or has_other):
        losses.foreign += 1
        losses.foreign_words += len(" ".join(map(str, element.itertext())).split())
    trees.drop(element)


def _tells(element: lxml.etree._Element, tag: str) -> bool:
    return tag == "meta" and (element.get("name") or "").lower() in _TELLING and element.get("http-equiv") is None


def _clean_attribute(element: lxml.etree._Element, tag: str, name: str, losses: Losses) -> bool:
    """Whether something was taken away that a reader would miss."""
    bare = re.split(r"[:}]", name.lower())[-1]
    value = element.attrib[name]
    if bare.startswith("on"):
        del element.attrib[name]
    elif bare == "style" or bare in _PAINTED:
        element.attrib[name] = stylesheets.clean_declarations(value, losses)
    elif bare in _REFERRING and not (_CLICKED if tag in _LINKS else _INSIDE).match(value):
        del element.attrib[name]
        return tag not in (*_LINKS, "form", "button", "input")
    return False
