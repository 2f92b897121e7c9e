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

from filemill.engines.documents import colours, levels, trouble
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

MOST_SIDE = {"jpg": 65_500, "webp": 16_383, "gif": 65_535}
"""By format: the longest side in pixels that it can have; the others can have all that `MOST_PIXELS` allows."""

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
            _tell_of_depth(picture, wanted, task)
            if frames == 1:
                write(seen(picture, task), target, wanted, task)
            elif picture.format == "TIFF" and wanted not in ("tiff", "gif"):
                pack((seen(page, task) for page in ImageSequence.Iterator(picture)), target, task)
            elif picture.format not in ALBUMS and wanted in ("gif", "webp", "tiff"):
                _save_all(picture, target, task)
            else:
                warn_of_others(picture, wanted, task)
                write(seen(picture, task), target, wanted, task)
        except ODD as error:
            raise trouble.not_a(task.file) from error


def _tell_of_depth(picture: Image.Image, wanted: str, task: Task) -> None:
    """Tells that fine colours become coarser, where somebody might count on them."""
    is_deep = ";16" in str(getattr(picture, "tile", "")) or picture.info.get("bit_depth", 8) > 8
    if is_deep and picture.mode in ("RGB", "RGBA", "LA", "CMYK") and wanted in ("png", "tiff"):
        task.warn("left_out", "The picture has more than 8 bits for each colour: 8 of them are kept.")


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


def pack(pages: Iterable[Image.Image], target: Path, task: Task) -> None:
    """Writes pages as pictures of the target's format into an archive beside it, `page-001.png` and so on."""
    with zipfile.ZipFile(target.with_suffix(".zip"), "w", zipfile.ZIP_STORED) as archive:
        for number, page in enumerate(pages, 1):
            with archive.open(f"page-{number:03}{target.suffix}", "w") as file:
                write(page, file, target.suffix[1:], task)


def write(picture: Image.Image, file: IO[bytes] | Path, wanted: str, task: Task) -> None:
    """Writes one picture in a format, its colours as that can have them, as large as that can be."""
    fitted = _within(colours.fitted(picture, wanted, task), wanted, task)
    fitted.save(file, format=FORMATS[wanted][0], **_QUALITY.get(wanted, {}), **_kept(fitted))


def write_page(picture: Image.Image, target: Path, task: Task) -> None:
    """Writes one picture as a png that can lie on the page of a pdf: transparency on white."""
    fitted = colours.fitted(picture, "page", task)
    fitted.save(target, format="PNG", **_kept(fitted))


def seen(picture: Image.Image, task: Task) -> Image.Image:
    """The picture as it is meant to be seen, upright, light where it is light: files only note how they were made."""
    is_negative = levels.is_negative(picture)
    turned = ImageOps.exif_transpose(picture)
    if turned.size != picture.size and "dpi" in turned.info:
        turned.info["dpi"] = tuple(reversed(turned.info["dpi"]))
    return levels.as_grey(turned, task, negative=is_negative)


def _kept(picture: Image.Image) -> dict[str, Any]:
    """What is written of a picture besides its pixels."""
    kept = resolution(picture)
    return kept | {"icc_profile": picture.info["icc_profile"]} if picture.info.get("icc_profile") else kept


def _save_all(picture: Image.Image, target: Path, task: Task) -> None:
    """All pictures of an animation, or pages, in one file, as long as they were shown."""
    wanted, moves = target.suffix[1:], picture.format != "TIFF"
    frames, lasted = [], []
    for frame in ImageSequence.Iterator(picture):
        # Of a moving picture, what is clear shows what lay below: all of them have to be able to.
        shown = seen(frame.convert("RGBA") if moves else frame, task)
        frames.append(_within(colours.fitted(shown, wanted, task), wanted, task))
        lasted.append(frame.info.get("duration", 100))  # of some formats it is known once the frame is read
    frames = _on_one_ground(frames, task)
    how: dict[str, Any] = _QUALITY["tiff"] if wanted == "tiff" else {"duration": lasted}
    if wanted != "tiff":
        how = how | {"loop": picture.info.get("loop", 0)} | ({"disposal": 2} if wanted == "gif" else {})
    kept = {name: value for name, value in _kept(frames[0]).items() if name == "icc_profile"}
    frames[0].save(target, format=FORMATS[wanted][0], save_all=True, append_images=frames[1:], **how, **kept)


def _on_one_ground(frames: list[Image.Image], task: Task) -> list[Image.Image]:
    """Pages of several sizes, each on white as large as the largest: what moves has one size."""
    size = (max(frame.width for frame in frames), max(frame.height for frame in frames))
    if all(frame.size == size for frame in frames):
        return frames
    _check_pixels(size, task)
    grounds = []
    for frame in frames:
        ground = Image.new("RGB", size, "white")
        ground.paste(
            colours.fitted(frame, "page", task).convert("RGB"),
            ((size[0] - frame.width) // 2, (size[1] - frame.height) // 2),
        )
        grounds.append(ground)
    return grounds


def _within(picture: Image.Image, wanted: str, task: Task) -> Image.Image:
    """The picture drawn smaller where the format cannot be so long."""
    most, longest = MOST_SIDE.get(wanted), max(picture.size)
    if most is None or longest <= most:
        return picture
    task.warn("left_out", f"A .{wanted} can be {most:,} pixels long: the picture is drawn smaller to fit.")
    width, height = (max(1, round(side * most / longest)) for side in picture.size)
    smaller = picture.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3)
    if "dpi" in picture.info:
        smaller.info["dpi"] = tuple(dots * most / longest for dots in picture.info["dpi"])
    return smaller


def _check_pixels(size: tuple[int, int], task: Task) -> None:
    if size[0] * size[1] > MOST_PIXELS:
        raise trouble.too_many_pixels(task.file, size, MOST_PIXELS)
