"""img2pdf: a picture as a pdf page of its size, its bytes packed in as they are."""

import io
from pathlib import Path

import img2pdf
import pikepdf
from PIL import Image, ImageSequence
from PIL.ExifTags import Base

from filemill.engines.documents import colours, pictures, trouble
from filemill.engines.documents.task import Task

_AS_IT_IS = {"jpg": ("RGB", "L", "CMYK"), "png": ("RGB", "L", "P", "1")}
"""By format: the colours with which a file can be packed in without being drawn anew."""

_TURNED = {3: 180, 4: 180, 5: 270, 6: 90, 7: 90, 8: 270}
"""By how a camera was held: by how many degrees the page is turned, clockwise."""

_POINTS_PER_INCH = 72
_LEAST_POINTS, _MOST_POINTS = 3, 14_400
"""How long the side of a page may be."""

_MIRRORED = (2, 4, 5, 7)
"""How a camera was held whose picture is mirrored, left to right, before it is turned."""


def version() -> str:
    """img2pdf's."""
    return str(img2pdf.__version__)


def convert(source: Path, target: Path, task: Task) -> None:
    """Makes a pdf of a picture, with a page for each of a tiff. Raises JobFailed."""
    try:
        held = _held(source, task)
        pages = [source] if held else _drawn(source, target.parent, task)
    except pictures.ODD as error:
        raise trouble.not_a(task.file) from error
    try:
        turned = img2pdf.Rotation[str(_TURNED.get(held, 0))]
        packed = img2pdf.convert([str(page) for page in pages], rotation=turned, layout_fun=_lay)
        target.write_bytes(_mirrored(packed) if held in _MIRRORED else packed)
    except Exception as error:  # of bytes that Pillow passes over it raises whatever it likes, bare Exception too
        raise trouble.not_a(task.file) from error


def _held(source: Path, task: Task) -> int:
    """How the camera was held, 1 to 8, where the file can be packed in as it is; 0 where it has to be drawn anew."""
    with pictures.open_picture(source, task) as picture:
        if not _goes_as_it_is(picture, source.suffix[1:]):
            return 0
        held = picture.getexif().get(Base.Orientation, 1)
        return held if held in _TURNED or held in _MIRRORED else 1


def _goes_as_it_is(picture: Image.Image, format_name: str) -> bool:
    modes = _AS_IT_IS.get(format_name, ())
    is_plain = "transparency" not in picture.info and getattr(picture, "n_frames", 1) == 1
    has_right_profile = "icc_profile" not in picture.info or colours.profile(picture) is not None
    has_right_size = "dpi" not in picture.info or bool(pictures.resolution(picture))
    return picture.mode in modes and is_plain and has_right_profile and has_right_size


def _lay(width: int, height: int, dots: tuple[float, float]) -> tuple[float, float, float, float]:
    """The page and the picture on it, in points, for so many pixels and dots per inch."""
    wide, high = width / dots[0] * _POINTS_PER_INCH, height / dots[1] * _POINTS_PER_INCH
    smaller = min(1, _MOST_POINTS / max(wide, high))
    wide, high = wide * smaller, high * smaller
    return max(wide, _LEAST_POINTS), max(high, _LEAST_POINTS), wide, high


def _mirrored(packed: bytes) -> bytes:
    """The same pdf, what is on its page mirrored left to right."""
    made = io.BytesIO()
    with pikepdf.open(io.BytesIO(packed)) as document:
        page = document.pages[0]
        left, _, right, _ = (float(side) for side in page.mediabox)
        page.contents_add(f"q -1 0 0 1 {left + right} 0 cm".encode(), prepend=True)
        page.contents_add(b"Q")
        document.save(made)
    return made.getvalue()


def _drawn(source: Path, folder: Path, task: Task) -> list[Path]:
    pages = []
    with pictures.open_picture(source, task) as picture:
        has_pages = picture.format == "TIFF"
        if getattr(picture, "n_frames", 1) > 1 and not has_pages:
            pictures.warn_of_others(picture, "pdf", task)
        for number, frame in enumerate(ImageSequence.Iterator(picture) if has_pages else [picture]):
            page = folder / f"page-{number}.png"
            pictures.write_page(pictures.seen(frame, task), page, task)
            pages.append(page)
    return pages
