"""The parts of an office file of today (docx, xlsx, pptx), and how they refer to one another."""

import posixpath
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

import lxml.etree
import msgspec

_RELATIONS = (
    "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}",
    "{http://purl.oclc.org/ooxml/officeDocument/relationships}",
)
"""The namespace of ids of relations, in files of the transitional and of the strict kind."""

MAIN = "officeDocument"
"""The kind of the relation from the file as a whole to the part that is its text, its workbook or its slides."""


class Relation(msgspec.Struct, frozen=True):
    """Where a part refers to another: `kind` is the last word of its type."""

    kind: str
    part: str


def relations(archive: zipfile.ZipFile, part: str = "") -> dict[str, Relation]:
    """By their ids: the relations of a part, or of the file as a whole, to other parts of it."""
    path = relations_part(part)
    if path not in archive.namelist():
        return {}
    folder = posixpath.dirname(part)
    return {
        str(one.get("Id")): Relation(
            str(one.get("Type")).rpartition("/")[2],
            posixpath.normpath(posixpath.join("/", folder, str(one.get("Target")))).lstrip("/"),
        )
        for one in tree(archive, path)
        if one.get("TargetMode") != "External"
    }


def relations_part(part: str) -> str:
    """The part that holds the relations of another."""
    folder, name = posixpath.split(part)
    return posixpath.join(folder, "_rels", f"{name}.rels")


def attribute_of(element: lxml.etree._Element, name: str = "id") -> str | None:
    """The full name of the attribute by which an element names a relation, None where it names none."""
    return next((one + name for one in _RELATIONS if element.get(one + name)), None)


def id_of(element: lxml.etree._Element) -> str:
    """The id of the relation that an element names, empty where it names none."""
    attribute = attribute_of(element)
    return element.get(attribute, "") if attribute else ""


def remove(element: lxml.etree._Element) -> None:
    """Takes an element out; what stands behind it stays."""
    parent = element.getparent()
    if parent is not None:
        parent.remove(element)


def main_part(archive: zipfile.ZipFile, usual: str) -> str:
    """The part that is the text, the workbook or the slides themselves; the usual one where the file names none."""
    return next((one.part for one in relations(archive).values() if one.kind == MAIN), usual)


def tree(archive: zipfile.ZipFile, part: str) -> lxml.etree._Element:
    """The XML of a part; no entity is read. Raises KeyError, lxml's errors."""
    parser = lxml.etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=True)
    with archive.open(part) as file:
        return lxml.etree.parse(file, parser).getroot()


def write(archive: zipfile.ZipFile, target: Path, changed: Mapping[str, bytes]) -> None:
    """Writes the file anew, with some parts changed or added."""
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as copy:
        names = [entry.filename for entry in archive.infolist()]
        for name in dict.fromkeys([*names, *changed]):
            if name in changed:
                copy.writestr(name, changed[name])
                continue
            # It is read once: what a better packing would take is more than what it saves.
            with archive.open(name) as part, copy.open(name, "w") as made:
                shutil.copyfileobj(part, made)
