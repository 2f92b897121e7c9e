"""What the speaker's notes of a pptx say, slide by slide: other readers of slides leave them out."""

import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path

import lxml.etree

_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_SLIDES = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_OFFICE = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_MAIN = "ppt/presentation.xml"


def read(source: Path) -> list[tuple[int, str]]:
    """The number of each slide that has notes, from 1, and what they say."""
    with zipfile.ZipFile(source) as archive:
        found = []
        for number, slide in enumerate(_slides(archive), 1):
            for kind, part in _relations(archive, slide).values():
                if kind == "notesSlide" and (text := _body(archive, part)):
                    found.append((number, text))
        return found


def _slides(archive: zipfile.ZipFile) -> Iterator[str]:
    relations = _relations(archive, _MAIN)
    for slide in _tree(archive, _MAIN).iter(f"{_SLIDES}sldId"):
        _, part = relations.get(str(slide.get(f"{_OFFICE}id")), ("", ""))
        if part:
            yield part


def _body(archive: zipfile.ZipFile, part: str) -> str:
    """The text of the notes themselves; not the numbers and dates around them."""
    paragraphs = []
    for shape in _tree(archive, part).iter(f"{_SLIDES}sp"):
        place = shape.find(f".//{_SLIDES}ph")
        if place is not None and place.get("type") == "body":
            paragraphs += [
                "".join(text.text or "" for text in paragraph.iter(f"{_DRAWING}t"))
                for paragraph in shape.iter(f"{_DRAWING}p")
            ]
    return "\n".join(filter(None, paragraphs))


def _relations(archive: zipfile.ZipFile, part: str) -> dict[str, tuple[str, str]]:
    """Id -> kind and part."""
    folder, name = posixpath.split(part)
    path = f"{folder}/_rels/{name}.rels"
    if path not in archive.namelist():
        return {}
    return {
        str(one.get("Id")): (
            str(one.get("Type")).rpartition("/")[2],
            posixpath.normpath(posixpath.join(folder, str(one.get("Target")))).lstrip("/"),
        )
        for one in _tree(archive, path)
        if one.get("TargetMode") != "External"
    }


def _tree(archive: zipfile.ZipFile, part: str) -> lxml.etree._Element:
    parser = lxml.etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    with archive.open(part) as file:
        return lxml.etree.parse(file, parser).getroot()
