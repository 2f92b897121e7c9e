"""Markup of a docx whose words pandoc would leave out: in plain runs of text, which every program knows.

These are words inside elements of another vocabulary, in a given direction, with a reading above them, in simple
fields, in ornamental letters; and what is chosen or ticked in a form.
"""

import re

import lxml.etree

TICKED, EMPTY = "\u2612", "\u2610"

_AROUND = ("{*}customXml", "{*}bdo", "{*}dir", "{*}smartTag")
_PROPERTIES = ("{*}customXmlPr", "{*}smartTagPr")
_LINK = re.compile(r"\s*HYPERLINK\b")
_OFF = frozenset({"0", "false", "off"})


def mend(tree: lxml.etree._Element) -> None:
    """Makes plain runs of all that."""
    for around in list(tree.iter(*_AROUND)):
        for properties in list(around.iterchildren(*_PROPERTIES)):
            around.remove(properties)
        _unwrap(around, list(around))
    for field in list(tree.iter("{*}fldSimple")):
        if not _LINK.match(_value(field, "instr")):
            _unwrap(field, list(field))
    for ruby in list(tree.iter("{*}ruby")):
        _read_aloud(ruby)
    for letters in list(tree.iter("{*}textpath")):
        _flatten(letters)
    for form in list(tree.iter("{*}ffData")):
        _fill(form)


def _unwrap(element: lxml.etree._Element, kept: list[lxml.etree._Element]) -> None:
    parent = element.getparent()
    if parent is not None:
        at = parent.index(element)
        parent[at : at + 1] = kept


def _read_aloud(ruby: lxml.etree._Element) -> None:
    """Words with a reading above them become both, the reading in brackets."""
    run = ruby.getparent()
    base, reading = (list(ruby.iterfind(f"{{*}}{name}/{{*}}r")) for name in ("rubyBase", "rt"))
    if run is None:
        return
    said = "".join(text.text or "" for one in reading for text in one.iter("{*}t"))
    _unwrap(run, [*base, *([_run(run, f" ({said})")] if said else [])])


def _flatten(letters: lxml.etree._Element) -> None:
    """Letters that follow a line become those of the run in which they are drawn."""
    run = next(letters.iterancestors("{*}r"), None)
    words = letters.get("string", "")
    if run is not None and words:
        _unwrap(run, [_run(run, words)])


def _fill(form: lxml.etree._Element) -> None:
    """Puts what a form has chosen or ticked behind its field; what was written there is text already."""
    run = next(form.iterancestors("{*}r"), None)
    box, choice = form.find("{*}checkBox"), form.find("{*}ddList")
    if run is None:
        return
    if box is not None:
        run.addprevious(_run(run, f"{TICKED if _is_ticked(box) else EMPTY} "))
    elif choice is not None and (chosen := _chosen(choice)):
        run.addprevious(_run(run, chosen))


def _is_ticked(box: lxml.etree._Element) -> bool:
    mark = box.find("{*}checked")
    mark = box.find("{*}default") if mark is None else mark
    return mark is not None and _value(mark, "val") not in _OFF


def _chosen(choice: lxml.etree._Element) -> str:
    entries = [_value(entry, "val") for entry in choice.iterfind("{*}listEntry")]
    mark = choice.find("{*}result")
    mark = choice.find("{*}default") if mark is None else mark
    number = _value(mark, "val") if mark is not None else "0"
    return entries[int(number)] if number.isdigit() and int(number) < len(entries) else ""


def paragraph(beside: lxml.etree._Element, words: str) -> lxml.etree._Element:
    """A paragraph of text as a neighbour of another."""
    made = beside.makeelement(beside.tag, nsmap=beside.nsmap)
    made.append(_run(beside, words))
    return made


def _run(beside: lxml.etree._Element, words: str) -> lxml.etree._Element:
    """A run of text as a neighbour of another element."""
    space = lxml.etree.QName(beside).namespace
    made = beside.makeelement(f"{{{space}}}r", nsmap=beside.nsmap)
    text = lxml.etree.SubElement(made, f"{{{space}}}t")
    text.text = words
    text.set("{http://www.w3.org/XML/1998/namespace}space", "preserve")
    return made


def _value(element: lxml.etree._Element, name: str) -> str:
    """An attribute of the element's own namespace."""
    return str(element.get(f"{{{lxml.etree.QName(element).namespace}}}{name}", ""))
