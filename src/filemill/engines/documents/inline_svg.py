"""Drawings that stand in a page, as documents of their own: names as XML has them, and what they use of others."""

import re
from collections.abc import Iterator, Mapping

import lxml.etree

from filemill.engines.documents import svg_names, trees

NAMESPACE = "http://www.w3.org/2000/svg"
_XLINK = "{http://www.w3.org/1999/xlink}"

Parts = Mapping[str, lxml.etree._Element]  # noqa: SLF001 -- the name of its type
"""By id: what stands in the drawings of a page, where drawings use parts of each other."""

_DEEPEST = 200
_MOST_ELEMENTS = 20_000
_REFERENCE = re.compile(r"url\(\s*['\"]?#([^'\")]+)['\"]?\s*\)")
_SEEN = frozenset(
    ["path", "rect", "circle", "ellipse", "line", "polyline", "polygon", "text", "image", "use", "foreignobject"]
)
_STORED = (
    "defs",
    "symbol",
    "clippath",
    "mask",
    "marker",
    "pattern",
    "lineargradient",
    "radialgradient",
    "title",
    "desc",
)
_SAYING = ("title", "desc", "text", "foreignobject")


class TooLarge(Exception):
    """A drawing, with all that it uses, has too many elements."""


def parts(page: lxml.etree._Element) -> Parts:
    """What the drawings of a page may use of each other."""
    found: dict[str, lxml.etree._Element] = {}
    for drawing in outermost(page):
        for element in drawing.iter():
            if isinstance(element.tag, str) and element.get("id"):
                found.setdefault(element.get("id", ""), element)
    return found


def outermost(page: lxml.etree._Element) -> list[lxml.etree._Element]:
    """The drawings of a page that stand in no other."""
    found = [element for element in page.iter() if trees.name(element) == "svg"]
    there = set(found)
    return [each for each in found if not any(above in there for above in each.iterancestors())]


def alone(drawing: lxml.etree._Element, shared: Parts) -> lxml.etree._Element:
    """A drawing as a document of its own, with the parts of others that it uses. Raises TooLarge."""
    count = sum(1 for _ in drawing.iter())
    if count > _MOST_ELEMENTS:
        raise TooLarge
    made = _copied(drawing, 0)
    there = {element.get("id") for element in made.iter()}
    stored = lxml.etree.SubElement(made, f"{{{NAMESPACE}}}defs")
    asked = [*_references(made)]
    while asked:
        wanted = asked.pop()
        if wanted in there or wanted not in shared:
            continue
        there.add(wanted)
        copy = _copied(shared[wanted], 0)
        there.update(element.get("id") for element in copy.iter())
        count += sum(1 for _ in copy.iter())
        if count > _MOST_ELEMENTS:
            raise TooLarge
        stored.append(copy)
        asked += _references(copy)
    return made


def is_seen(drawing: lxml.etree._Element) -> bool:
    """Whether it shows anything by itself: some only store what others use."""
    pending = [drawing]
    while pending:
        for child in pending.pop():
            name = trees.name(child)
            if name in _SEEN:
                return True
            if name and name not in _STORED:
                pending.append(child)
    return False


def words(drawing: lxml.etree._Element) -> str:
    """What it says, in one line."""
    if label := drawing.get("aria-label"):
        return " ".join(label.split())
    said: list[str] = []
    inside: set[lxml.etree._Element] = set()
    for element in drawing.iter():
        if element.getparent() in inside:
            inside.add(element)
        elif trees.name(element) in _SAYING:
            inside.add(element)
            said += " ".join(element.itertext()).split()
    return " ".join(said)


def _copied(element: lxml.etree._Element, depth: int) -> lxml.etree._Element:
    """The element as XML has it; what is no drawing inside, such as HTML, keeps its name without its meaning."""
    if depth > _DEEPEST:
        raise TooLarge
    bare = trees.name(element)
    name = re.sub(r"[^\w.-]", "", svg_names.ELEMENTS.get(bare, bare)) or "g"
    made = lxml.etree.Element(f"{{{NAMESPACE}}}{name}", nsmap={None: NAMESPACE} if depth == 0 else None)
    for attribute, value in element.attrib.items():
        if kept := _attribute(str(attribute)):
            made.set(kept, value)
    made.text, made.tail = element.text, element.tail if depth else None
    for child in element:
        if isinstance(child.tag, str):
            made.append(_copied(child, depth + 1))
    return made


def _attribute(name: str) -> str | None:
    if name.lower() in ("xlink:href", f"{_XLINK}href"):
        return "href"
    if name.lower() == "xml:space":
        return "{http://www.w3.org/XML/1998/namespace}space"
    return svg_names.ATTRIBUTES.get(name, name) if re.fullmatch(r"[A-Za-z_][\w.-]*", name) and name != "xmlns" else None


def _references(drawing: lxml.etree._Element) -> Iterator[str]:
    for element in drawing.iter():
        for name, value in element.attrib.items():
            if name == "href" and value.startswith("#"):
                yield value[1:]
            yield from _REFERENCE.findall(value)
