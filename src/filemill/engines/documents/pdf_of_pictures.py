"""img2pdf: a picture as a pdf page of its size, its bytes packed in as they are."""

from pathlib import Path

import img2pdf
from PIL import ImageSequence

from filemill.engines.documents import pictures, trouble
from filemill.engines.documents.task import Task

_AS_IT_IS = {"jpg": ("RGB", "L", "CMYK"), "png": ("RGB", "L", "P", "1")}
"""By format: the colours with which a file can be packed in without being drawn anew."""


def version() -> str:
    """img2pdf's."""
    return str(img2pdf.__version__)


def convert(source: Path, target: Path, task: Task) -> None:
    """Makes a pdf of a picture, with a page for each of a tiff. Raises JobFailed."""
    try:
        pages = [source] if _goes_as_it_is(source, task) else _drawn(source, target.parent, task)
    except pictures.ODD as error:
        raise trouble.not_a(task.file) from error
    try:
        target.write_bytes(img2pdf.convert([str(page) for page in pages], rotation=img2pdf.Rotation.ifvalid))
    except Exception as error:  # of bytes that Pillow passes over it raises whatever it likes, bare Exception too
        raise trouble.not_a(task.file) from error


def _goes_as_it_is(source: Path, task: Task) -> bool:
    with pictures.open_picture(source, task) as picture:
        modes = _AS_IT_IS.get(source.suffix[1:], ())
        is_plain = "transparency" not in picture.info and getattr(picture, "n_frames", 1) == 1
        return picture.mode in modes and is_plain and ("dpi" not in picture.info or bool(pictures.resolution(picture)))


def _drawn(source: Path, folder: Path, task: Task) -> list[Path]:
    pages = []
    with pictures.open_picture(source, task) as picture:
        has_pages = picture.format == "TIFF"
        if getattr(picture, "n_frames", 1) > 1 and not has_pages:
            pictures.warn_of_others(picture, "pdf", task)
        for number, frame in enumerate(ImageSequence.Iterator(picture) if has_pages else [picture]):
            page = folder / f"page-{number}.png"
            pictures.write_opaque(pictures.upright(frame), page)
            pages.append(page)
    return pages
