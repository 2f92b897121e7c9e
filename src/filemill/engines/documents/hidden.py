"""What a page hides, taken out of it: readers behind would show all of it.

Hidden is what `display`, `visibility`, letters of no size, or `hidden` hide from somebody who opens the page and does
nothing. What is clear, or lies beside the page, stays: a script might have moved it into sight.
"""

import re
from collections.abc import Iterable, Sequence

import lxml.etree
import msgspec

from filemill.engines.documents import cascade, stylesheets, trees
from filemill.engines.documents.cascade import Declared
from filemill.engines.documents.losses import Losses

_HIDES = (
    (("display",), re.compile(r"display\s*:\s*none", re.IGNORECASE)),
    (("visibility",), re.compile(r"visibility\s*:\s*(?:hidden|collapse)", re.IGNORECASE)),
    (("font", "font-size"), re.compile(r"font(?:-size)?\s*:(?:[^;}]*\s)?0*\.?0+(?![.\d])", re.IGNORECASE)),
)
"""Properties, and how styles that hide by them are told; where there are none, they are not asked."""

_SIZE = re.compile(r"(\d*\.?\d+)([a-z]+|%)?(?:/.*)?$")
_RELATIVE_UNITS = ("em", "ex", "ch", "%")
_RELATIVE_WORDS = ("inherit", "unset", "smaller", "larger")

_PICTURES = ("img", "svg", "canvas", "input", "button", "select", "textarea", "hr", "table")
"""What is seen though it may have no words."""

_NEVER = ("html", "head", "body")
"""Never hidden: a page that hides itself whole waits for a script."""

_NO_WORDS = ("style", "script", "title")


class _Sight(msgspec.Struct, frozen=True):
    """What an element hands on to those inside."""

    is_invisible: bool = False
    has_no_size: bool = False

    @property
    def shows_words(self) -> bool:
        return not (self.is_invisible or self.has_no_size)


def remove(tree: lxml.etree._Element, sheets: Sequence[str], losses: Losses) -> None:
    """Takes out what is hidden by these sheets of styles, by the page's elements themselves, or by their kind."""
    elements = [element for element in tree.iter() if isinstance(element.tag, str)]
    says: dict[lxml.etree._Element, Declared] = {}
    if asked := _asked(elements, sheets):
        try:
            rules = [rule for sheet in sheets for rule in stylesheets.rules(sheet)]
            says = cascade.declared(tree, elements, rules, asked)
        except cascade.TooManyStyles:
            losses.styles += 1
    for element in _unseen(elements, says, losses):
        trees.drop(element)


def _asked(elements: Sequence[lxml.etree._Element], sheets: Sequence[str]) -> list[str]:
    """The properties by which something may be hidden here, or shown that is hidden by its kind."""
    styles = [*sheets, *(style for element in elements if (style := element.get("style")))]
    asked = [name for names, hides in _HIDES if any(map(hides.search, styles)) for name in names]
    is_hiding = any("hidden" in element.attrib or element.tag == "dialog" for element in elements)
    return ["display", *asked] if is_hiding else asked


def _unseen(
    elements: Iterable[lxml.etree._Element], says: dict[lxml.etree._Element, Declared], losses: Losses
) -> list[lxml.etree._Element]:
    """The outermost elements that are hidden, after words that are hidden alone have been taken out of the others."""
    unseen: list[lxml.etree._Element] = []
    inside: set[lxml.etree._Element] = set()
    sights: dict[lxml.etree._Element | None, _Sight] = {}
    for element in elements:
        parent, name, its = element.getparent(), trees.name(element), says.get(element, {})
        around = sights.get(parent, _Sight())
        if parent in inside:
            inside.add(element)
            continue
        sight = _Sight() if name in _NEVER else _sight(around, its)
        sights[element] = sight
        if not around.shows_words:
            losses.hidden += bool((element.tail or "").strip())
            element.tail = ""
        if name not in _NEVER and (_is_gone(element, name, its) or (sight.is_invisible and name in _PICTURES[:-1])):
            losses.hidden += _has_something(element)
            unseen.append(element)
            inside.add(element)
        elif not sight.shows_words and name not in _NO_WORDS:
            losses.hidden += bool((element.text or "").strip())
            element.text = ""
            if not len(element):
                unseen.append(element)
    return unseen


def _is_gone(element: lxml.etree._Element, name: str, its: Declared) -> bool:
    if "display" in its:
        return its["display"] == "none"
    return "hidden" in element.attrib or (name == "dialog" and "open" not in element.attrib)


def _has_something(element: lxml.etree._Element) -> bool:
    words = any(text.strip() for text in element.itertext())
    return words or any(trees.name(each) in _PICTURES for each in element.iter())


def _sight(around: _Sight, its: Declared) -> _Sight:
    visibility = its.get("visibility", "")
    is_invisible = visibility in ("hidden", "collapse") or (
        around.is_invisible and visibility in ("", "inherit", "unset")
    )
    return _Sight(is_invisible, _has_no_size(around, its))


def _has_no_size(around: _Sight, its: Declared) -> bool:
    said = [part for part in (its.get("font-size") or its.get("font") or "").split() if part not in _RELATIVE_WORDS]
    for part in said:
        found = _SIZE.match(part)
        if found and (found[2] or float(found[1]) == 0):  # else a weight
            return float(found[1]) == 0 or (around.has_no_size and found[2] in _RELATIVE_UNITS)
    return around.has_no_size and not said
