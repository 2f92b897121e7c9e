"""What the speaker's notes of a pptx say, slide by slide: other readers of slides leave them out."""

import zipfile
from collections.abc import Iterator
from pathlib import Path

from filemill.engines.documents import office_parts

_DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_SLIDES = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_MAIN = "ppt/presentation.xml"


def read(source: Path) -> list[tuple[int, str]]:
    """The number of each slide that has notes, from 1, and what they say."""
    with zipfile.ZipFile(source) as archive:
        return [
            (number, text)
            for number, slide in enumerate(_slides(archive), 1)
            for related in office_parts.relations(archive, slide).values()
            if related.kind == "notesSlide" and (text := _body(archive, related.part))
        ]


def _slides(archive: zipfile.ZipFile) -> Iterator[str]:
    relations = office_parts.relations(archive, _MAIN)
    for slide in office_parts.tree(archive, _MAIN).iter(f"{_SLIDES}sldId"):
        related = relations.get(office_parts.id_of(slide))
        if related is not None:
            yield related.part


def _body(archive: zipfile.ZipFile, part: str) -> str:
    """The text of the notes themselves; not the numbers and dates around them."""
    paragraphs = []
    for shape in office_parts.tree(archive, part).iter(f"{_SLIDES}sp"):
        place = shape.find(f".//{_SLIDES}ph")
        if place is not None and place.get("type") == "body":
            paragraphs += [
                "".join(text.text or "" for text in paragraph.iter(f"{_DRAWING}t"))
                for paragraph in shape.iter(f"{_DRAWING}p")
            ]
    return "\n".join(filter(None, paragraphs))
