"""Pictures beside a text that typst sets: each in a format that typst reads, whatever the text says of it."""

import io
from pathlib import Path

import lxml.etree
from PIL import Image, UnidentifiedImageError

from filemill.engines.documents import entities, fonts, losses, pictures, references, trees, trouble
from filemill.engines.documents.task import Task

SUFFIX = ".picture"
"""How such a file's name ends: typst looks into the file, as the name promises nothing."""

FOLDER = "media"
"""Where pandoc writes them, beside the text: no picture lies in a folder below."""

_READ_BY_TYPST = ("PNG", "JPEG", "GIF", "WEBP")
_READ_BY_PILLOW = (*_READ_BY_TYPST, "BMP", "DIB", "TIFF", "MPO", "ICO")
_DRAWN = (b"<svg", b"<?xml", b"<!DOCTYPE svg")

_UNREAD = (
    "A picture of the file is damaged, or of an unknown format: the picture is left out.",
    "{} pictures of the file are damaged, or of an unknown format: they are left out.",
)


def fit(folder: Path, task: Task) -> None:
    """Writes each picture of a text in this folder anew where typst would not read it. Raises JobFailed.

    A picture that nobody can read becomes an empty one, and the caller is warned.
    """
    lost = losses.Losses()
    unread = sum(not _fit(place, lost, task) for place in sorted(folder.glob(f"{FOLDER}/*{SUFFIX}")))
    losses.tell_of(unread, _UNREAD, task)
    lost.tell(task)


def _fit(place: Path, lost: losses.Losses, task: Task) -> bool:
    content = place.read_bytes()
    if content.lstrip().startswith(_DRAWN):
        return _fit_drawing(place, content, lost)
    try:
        with Image.open(io.BytesIO(content), formats=_READ_BY_PILLOW) as picture:
            if picture.width * picture.height > pictures.MOST_PIXELS:
                raise trouble.too_many_pixels(task.file, picture.size, pictures.MOST_PIXELS)
            picture.load()
            if picture.format not in _READ_BY_TYPST:
                pictures.write(pictures.seen(picture, task), place, "png", task)
    except (UnidentifiedImageError, *pictures.ODD):
        Image.new("LA", (1, 1)).save(place, format="PNG")
        return False
    return True


def _fit_drawing(place: Path, content: bytes, lost: losses.Losses) -> bool:
    """Takes out of a drawing what reaches outside, and names fonts that are there."""
    try:
        if entities.are_harmful(io.BytesIO(content)):
            raise ValueError("entities")
        drawing = trees.read(content)
        references.clean_styles(drawing, lost)
        references.strip(drawing, lost)
        fonts.put_in(drawing)
        place.write_bytes(lxml.etree.tostring(drawing, encoding="utf-8", xml_declaration=False))
    except (lxml.etree.LxmlError, ValueError, RecursionError):
        Image.new("LA", (1, 1)).save(place, format="PNG")
        return False
    return True
