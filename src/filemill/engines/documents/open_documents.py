"""OpenDocument files (odt, ods, odp) without pictures, objects and sections that lie in other files or elsewhere.

LibreOffice follows some of them in spite of its settings. Links to click stay. So do the words about the document, but
not the name of the template it was made from: LibreOffice would look for that among all its templates and through every
folder below /tmp, which takes seconds where much lies there.
"""

import os
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import lxml.etree

from filemill.engines.documents import losses, trouble
from filemill.engines.documents.task import Task

_ABOUT = "meta.xml"
_PARTS = ("content.xml", "styles.xml", _ABOUT)
_HREF = "{http://www.w3.org/1999/xlink}href"
_CLICKED = frozenset({"a", "area-rectangle", "area-circle", "area-polygon", "event-listener"})
_DDE = "dde-connection-decl"
_META = "{urn:oasis:names:tc:opendocument:xmlns:meta:1.0}"
_UNWANTED = (f"{_META}template", f"{_META}auto-reload")
"""What the document was made from, and what it would be replaced by: nothing is missing without them."""

_WORDS_OF_SUCH = re.compile(rb"dde-|[<:](?:template|auto-reload)\b")

_INSIDE = re.compile(r"(#|\./|Pictures/|Fonts/|media/|Object|Configurations2/|$)(?!.*\.\./)")
_REFERENCE = re.compile(rb"<([\w.-]+:)?([\w.-]+)\b[^<>]*?\bhref\s*=\s*[\"']([^\"']*)")


def clean(source: Path, target: Path, task: Task) -> None:
    """Writes the file without what reaches outside; as it is where nothing does. Raises JobFailed."""
    with zipfile.ZipFile(source) as old:
        there = [name for name in old.namelist() if _is_part(name)]
        if not any(_may_reach_outside(old.read(name)) for name in there):
            os.link(source, target)
            return
        left_out = 0
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as new:
            for entry in old.infolist():
                part = old.read(entry)
                if _is_part(entry.filename):
                    part, count = _cleaned(entry.filename, part, task)
                    left_out += count
                # It is read once: what a better packing would take is more than what it saves.
                new.writestr(entry, part, compresslevel=1)
    losses.tell_of(left_out, losses.ELSEWHERE, task)


def _is_part(name: str) -> bool:
    return name.rpartition("/")[2] in _PARTS


def _may_reach_outside(part: bytes) -> bool:
    """A quick look, which may be wrong in one direction only."""
    if not part.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<") or b"\0" in part[:4]:
        return True
    if _WORDS_OF_SUCH.search(part):
        return True
    return any(
        name.decode() not in _CLICKED and not _INSIDE.match(value.decode(errors="replace"))
        for _, name, value in _REFERENCE.findall(part)
    )


def _cleaned(name: str, part: bytes, task: Task) -> tuple[bytes, int]:
    parser = lxml.etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    try:
        tree = lxml.etree.fromstring(part, parser)
    except lxml.etree.LxmlError as error:
        if name.endswith(_ABOUT):  # LibreOffice passes over one that it cannot read
            return part, 0
        raise trouble.unreadable(task.file, error) from error
    for element in list(tree.iter(*_UNWANTED)):
        _remove(element)
    outside = list(_outside(tree))
    for element in outside:
        _remove(element)
    return lxml.etree.tostring(tree, encoding="utf-8", xml_declaration=True), len(outside)


def _remove(element: lxml.etree._Element) -> None:
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def _outside(tree: lxml.etree._Element) -> Iterator[lxml.etree._Element]:
    for element in tree.iter("{*}*"):
        name = lxml.etree.QName(element).localname
        value = element.get(_HREF)
        if name == _DDE or (value is not None and name not in _CLICKED and not _INSIDE.match(value)):
            yield element
