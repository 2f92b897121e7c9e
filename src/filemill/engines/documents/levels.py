"""Pictures whose pixels are numbers, of 16 or 32 bits or with fractions: as grey that can be seen.

A number is no brightness by itself. What black and white are is taken from the format, or from a convention where there
is one; else the least number becomes black and the greatest white, and the caller is told.
"""

from typing import cast

from PIL import Image, ImageMath, ImageOps

from filemill.engines.documents.task import Task

SIXTEEN_BITS = "I;16"
_PHOTOMETRIC, _WHITE_IS_ZERO = 262, 0
_BYTE, _SHORT = 255, 65_535

_FARTHEST = 1e30
"""Numbers beyond stand for a pixel of which nothing is known, like those that are none."""

_BRIGHT = 16
"""Fractions up to 255 count as bytes where the greatest is above: else they measure something, or overshoot 1 a bit."""


def is_negative(picture: Image.Image) -> bool:
    """Whether the file says that zero is white, which Pillow heeds for 8 bits alone. Asked of the picture as opened."""
    photometric = getattr(picture, "tag_v2", {}).get(_PHOTOMETRIC)
    return photometric == _WHITE_IS_ZERO and picture.mode.startswith(("I", "F"))


def as_grey(picture: Image.Image, task: Task, *, negative: bool = False) -> Image.Image:
    """A picture of numbers in 8 bits of grey, or in the 16 it has; any other picture as it is."""
    if picture.mode.startswith(SIXTEEN_BITS):
        return _sixteen(picture, negative=negative)
    if picture.mode not in ("I", "F"):
        return picture
    grey = _eight(picture, task)
    return ImageOps.invert(grey) if negative else grey


def in_eight_bits(picture: Image.Image) -> Image.Image:
    """A grey of 16 bits in 8."""
    return picture.point(lambda value: value / 256).convert("L")


def _sixteen(picture: Image.Image, *, negative: bool) -> Image.Image:
    """In the machine's order of bytes; with a clear number, in 8 bits and a channel for that."""
    numbers = picture.convert("I")
    clear = picture.info.get("transparency")
    if negative:
        numbers = numbers.point(lambda value: value * -1 + _SHORT)
    grey = numbers.convert(SIXTEEN_BITS)
    if not isinstance(clear, int):
        return grey
    seen = ImageMath.lambda_eval(lambda these: these["numbers"] != clear, numbers=picture.convert("I"))
    grey = in_eight_bits(grey)
    del grey.info["transparency"]
    grey.putalpha(_mask(seen))
    return grey


def _eight(picture: Image.Image, task: Task) -> Image.Image:
    known = _known(picture) if picture.mode == "F" else picture
    least, greatest = _ends(known)
    scale, black = _scale(least, greatest, is_whole=picture.mode == "I"), 0.0
    if scale is None:
        scale, black = _BYTE / ((greatest - least) or 1), least
        what = f"from {least:g}, shown black, to {greatest:g}, shown white"
        task.warn("guessed", f"The picture's pixels are numbers, not brightness: they are taken {what}.")
    numbers = known.convert("F").point(lambda value: value * scale + (0.5 - black * scale))
    grey = numbers.convert("L")
    grey.info = dict(picture.info)
    return grey


def _scale(least: float, greatest: float, *, is_whole: bool) -> float | None:
    """What a number is multiplied by to be a byte of which 0 is black; None where no convention tells."""
    if least < 0 or greatest > _BYTE:
        return None
    if not is_whole and greatest <= 1:
        return _BYTE
    return 1 if is_whole or greatest > _BRIGHT else None


def _known(picture: Image.Image) -> Image.Image:
    """The same picture, pixels of which nothing is known as small as the least that is."""
    finite = ImageMath.lambda_eval(lambda these: abs(these["numbers"]) <= _FARTHEST, numbers=picture)
    mask = _mask(finite)
    darkest, brightest = mask.getextrema()
    if darkest == _BYTE:
        return picture
    if brightest == 0:
        return Image.new("F", picture.size)
    least, _ = _ends(Image.composite(picture, Image.new("F", picture.size, _FARTHEST), mask))
    return Image.composite(picture, Image.new("F", picture.size, least), mask)


def _ends(numbers: Image.Image) -> tuple[float, float]:
    """The least and the greatest number."""
    least, greatest = cast("tuple[float, float]", numbers.getextrema())
    return least, greatest


def _mask(truth: Image.Image) -> Image.Image:
    """White where a comparison holds, which has 1 there."""
    return truth.point(lambda value: value * _BYTE).convert("L")
