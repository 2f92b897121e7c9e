"""Pictures to pictures, by Pillow: which formats there are, how many pixels one may have, what becomes of the rest.

Nothing is decoded before its size is known: a picture of a few kilobytes may unpack to gigabytes. Only the reader of
the format that the name promises is tried, so a picture never reaches the reader of another, less tried one.
"""

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

import PIL
import pillow_heif
from PIL import Image, ImageOps, ImageSequence, UnidentifiedImageError

from filemill.engines.documents import trouble
from filemill.engines.documents.task import Task

pillow_heif.register_heif_opener()
Image.MAX_IMAGE_PIXELS = None  # measured here, for each format's own sentence

ALBUMS = ("HEIF", "MPO")
"""Formats whose pictures are no movement: a series of shots, or what a camera lays beside a photograph."""

FORMATS = {
    "jpg": ("JPEG", "MPO"),
    "png": ("PNG",),
    "webp": ("WEBP",),
    "gif": ("GIF",),
    "tiff": ("TIFF",),
    "bmp": ("BMP", "DIB"),
    "heic": ("HEIF",),
}
"""By format: what Pillow calls it."""

MOST_PIXELS = 100_000_000
MOST_FRAMES = 1_000
"""Pages of a tiff, or pictures of an animation."""

_MODES = {
    "jpg": ("RGB", "L"),
    "png": ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"),
    "webp": ("RGB", "RGBA"),
    "gif": ("P", "L", "RGB", "RGBA", "1"),
    "tiff": ("RGB", "RGBA", "L", "LA", "P", "1", "I;16", "CMYK"),
    "bmp": ("RGB", "L", "1", "P"),
}
"""By format that is written: how colours may lie in memory."""

_CLEAR_COLOURS = ("png", "gif")
"""Formats that can say of one colour that it is none."""

_QUALITY: dict[str, dict[str, Any]] = {
    "jpg": {"quality": 90, "optimize": True},
    "webp": {"quality": 90},
    "tiff": {"compression": "tiff_deflate"},
}

LEAST_DOTS_PER_INCH = 10
"""A picture that names fewer names none: 1 stands in many whose program knew of no inches."""

ODD = (OSError, ValueError, SyntaxError, EOFError, TypeError, IndexError, KeyError, ZeroDivisionError, MemoryError)
"""What readers raise over damaged pictures."""


def version() -> str:
    """Pillow's."""
    return PIL.__version__


def check(source: Path, task: Task) -> None:
    """Refuses what is no picture of its format, or has too many pixels. Raises JobFailed."""
    with open_picture(source, task) as picture:
        _check_pixels(picture.size, task)
        frames = getattr(picture, "n_frames", 1)
        if frames > MOST_FRAMES:
            raise trouble.bad_file(task.file, f"It has {frames:,} pictures; {MOST_FRAMES:,} are allowed.")


def open_picture(source: Path, task: Task) -> Image.Image:
    """A picture, its pixels not read yet. Raises JobFailed."""
    try:
        return Image.open(source, formats=FORMATS[source.suffix[1:]])
    except (UnidentifiedImageError, *ODD) as error:
        raise trouble.not_a(task.file) from error


def check_inside(picture: IO[bytes], name: str, task: Task) -> None:
    """Refuses a document with a picture of too many pixels in it. One that cannot be read is the document's affair."""
    try:
        with Image.open(picture) as opened:
            size = opened.size
    except (UnidentifiedImageError, *ODD):
        return
    _check_pixels(size, task)


def convert(source: Path, target: Path, task: Task) -> None:
    """Makes a picture of another format; several, packed, of the pages of a tiff. Raises JobFailed."""
    wanted = target.suffix[1:]
    with open_picture(source, task) as picture:
        try:
            frames = getattr(picture, "n_frames", 1)
            if frames == 1:
                _save(picture, target)
            elif picture.format == "TIFF" and wanted not in ("tiff", "gif"):
                pack((upright(page) for page in ImageSequence.Iterator(picture)), target)
            elif picture.format not in ALBUMS and wanted in ("gif", "webp", "tiff"):
                _save_all(picture, target)
            else:
                warn_of_others(picture, wanted, task)
                _save(picture, target)
        except ODD as error:
            raise trouble.not_a(task.file) from error


def warn_of_others(picture: Image.Image, wanted: str, task: Task) -> None:
    """Tells that one picture of several is taken, and which."""
    frames = getattr(picture, "n_frames", 1)
    if picture.format in ALBUMS:
        what = f"The file holds {frames:,} pictures: the main one is taken."
    else:
        what = f"The picture moves; .{wanted} cannot: it shows the first of {frames:,} pictures."
    task.warn("left_out", what)


def resolution(picture: Image.Image) -> dict[str, Any]:
    """Its dots per inch as Pillow takes them, nothing where it names none."""
    dpi = picture.info.get("dpi")
    return {"dpi": dpi} if dpi and min(dpi) >= LEAST_DOTS_PER_INCH else {}


def pack(pages: Iterable[Image.Image], target: Path) -> None:
    """Writes pages as pictures of the target's format into an archive beside it, `page-001.png` and so on."""
    with zipfile.ZipFile(target.with_suffix(".zip"), "w", zipfile.ZIP_STORED) as archive:
        for number, page in enumerate(pages, 1):
            with archive.open(f"page-{number:03}{target.suffix}", "w") as file:
                write(page, file, target.suffix[1:])


def write(picture: Image.Image, file: IO[bytes] | Path, wanted: str) -> None:
    """Writes one picture in a format, its colours as that can have them, transparency on white where it has none."""
    fitted = _fitted(picture, wanted)
    kept = resolution(picture) | {
        name: value for name, value in picture.info.items() if name == "icc_profile" and value
    }
    if fitted.mode not in ("RGB", "RGBA") or picture.mode == "CMYK":
        kept.pop("icc_profile", None)
    fitted.save(file, format=FORMATS[wanted][0], **_QUALITY.get(wanted, {}), **kept)


def write_opaque(picture: Image.Image, target: Path) -> None:
    """Writes one picture as png, transparency on white."""
    fitted = _fitted(picture, "bmp")
    fitted.save(target, format="PNG", **resolution(picture))


def upright(picture: Image.Image) -> Image.Image:
    """The picture as it is meant to be seen: cameras only note how they were held."""
    return ImageOps.exif_transpose(picture)


def _save(picture: Image.Image, target: Path) -> None:
    write(upright(picture), target, target.suffix[1:])


def _save_all(picture: Image.Image, target: Path) -> None:
    """All pictures of an animation, or pages, in one file, as long as they were shown."""
    wanted = target.suffix[1:]
    frames, lasted = [], []
    for frame in ImageSequence.Iterator(picture):
        frames.append(frame.convert("RGBA"))
        lasted.append(frame.info.get("duration", 100))  # of some formats it is known once the frame is read
    if wanted == "tiff":
        frames[0].save(target, format="TIFF", save_all=True, append_images=frames[1:], **_QUALITY["tiff"])
        return
    how = {"duration": lasted, "loop": picture.info.get("loop", 0), "disposal": 2} if wanted == "gif" else {}
    how = how or {"duration": lasted, "loop": picture.info.get("loop", 0)}
    frames[0].save(target, format=FORMATS[wanted][0], save_all=True, append_images=frames[1:], **how)


def _fitted(picture: Image.Image, wanted: str) -> Image.Image:
    if picture.mode == "I;16B":  # as scanners and Macs write it
        picture = picture.convert("I").convert("I;16")
    has_clear_colour = "transparency" in picture.info and wanted not in _CLEAR_COLOURS
    if picture.mode in _MODES[wanted] and not has_clear_colour:
        return picture
    if picture.mode.startswith(("I", "F")):  # 16 bits a pixel, or more
        return picture.point(lambda value: value / 256).convert("L") if picture.mode != "F" else picture.convert("L")
    has_alpha = "A" in picture.getbands() or "transparency" in picture.info
    if not has_alpha:
        return picture.convert("RGB")
    seen = picture.convert("RGBA")
    if "RGBA" in _MODES[wanted]:
        return seen
    ground = Image.new("RGBA", seen.size, "white")
    ground.alpha_composite(seen)
    return ground.convert("RGB")


def _check_pixels(size: tuple[int, int], task: Task) -> None:
    if size[0] * size[1] > MOST_PIXELS:
        raise trouble.bad_file(
            task.file,
            f"A picture of {size[0]:,} by {size[1]:,} pixels; {MOST_PIXELS // 1_000_000} million are allowed.",
        )
