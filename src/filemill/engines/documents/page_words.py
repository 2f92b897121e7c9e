"""Words of a page that readers of HTML leave out: entries of forms, options of lists, readings above words.

The readers behind know no forms: what a browser shows in a field becomes text where the field stands.
"""

import lxml.etree

from filemill.engines.documents import trees
from filemill.engines.documents.losses import Losses

TICKED, EMPTY = "\u2612 ", "\u2610 "
"""Boxes as signs: what reads the page further knows no others, and writes a list of tasks from these."""

_TICKS = ("checkbox", "radio")
_NO_WORDS = ("hidden", "file", "color", "range")
_SECRET, _DOT = "password", "\u2022"


def keep(page: lxml.etree._Element, losses: Losses) -> None:
    """Makes plain text of all that; suggestions, which no browser shows, are left out."""
    for element in list(page.iter()):
        match trees.name(element):
            case "input":
                _keep_input(element)
            case "textarea":
                _keep_lines(element)
            case "select":
                _keep_text(element, ", ".join(_options(element)))
            case "datalist":
                losses.hidden += bool(_options(element))
                trees.drop(element)
            case "ruby":
                _keep_readings(element)


def _keep_input(element: lxml.etree._Element) -> None:
    kind = (element.get("type") or "text").strip().lower()
    if kind == "image":
        element.tag = "img"
        element.attrib.pop("value", None)
    elif kind in _TICKS:
        trees.drop(element, instead=TICKED if "checked" in element.attrib else EMPTY)
    elif kind in _NO_WORDS:
        trees.drop(element)
    else:
        said = element.get("value") or element.get("placeholder") or ""
        _keep_text(element, _DOT * len(said) if kind == _SECRET and element.get("value") else said)


def _keep_text(element: lxml.etree._Element, said: str) -> None:
    """Puts words in the place of an element, apart from the words around it."""
    said = " ".join(said.split())
    trees.drop(element, instead=f" {said} " if said else " ")


def _keep_lines(element: lxml.etree._Element) -> None:
    """Makes of a field of several lines words with breaks between the lines."""
    said = "".join(map(str, element.itertext())) or element.get("placeholder") or ""
    first, *more = said.strip().splitlines() or [""]
    tail = element.tail
    element.clear()
    element.tag, element.text, element.tail = "span", f" {first}", f" {tail or ''}"
    for line in more:
        lxml.etree.SubElement(element, "br").tail = line


def _options(element: lxml.etree._Element) -> list[str]:
    """What each choice says, that of a group behind the group's own name."""
    said = []
    for option in element.iter("option"):
        words = (
            " ".join("".join(map(str, option.itertext())).split()) or option.get("label") or option.get("value") or ""
        )
        group = option.getparent()
        label = group.get("label") if group is not None and trees.name(group) == "optgroup" else None
        if label and option.getprevious() is None:
            words = f"{label}: {words}"
        said.append(words)
    return [words for words in said if words]


def _keep_readings(ruby: lxml.etree._Element) -> None:
    """Puts brackets around readings, unless the page itself has brackets for those who show none above words."""
    if any(trees.name(each) == "rp" for each in ruby.iter()):
        return
    for reading in [each for each in ruby.iter() if trees.name(each) == "rt"]:
        said = "".join(map(str, reading.itertext())).strip()
        trees.drop(reading, instead=f" ({said})" if said else "")
