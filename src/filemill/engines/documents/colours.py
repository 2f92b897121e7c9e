"""What becomes of a picture's colours: how a format can have them, and whether their profile is still right.

A profile says what the numbers of a picture mean. It goes along where the format has a place for it and the numbers
stay of its kind; else the numbers are worked out anew, so that they mean the same without it: in sRGB.
"""

import io
from collections.abc import Callable
from typing import cast

from PIL import Image, ImageCms

from filemill.engines.documents import levels
from filemill.engines.documents.task import Task

_MODES = {
    "jpg": ("RGB", "L"),
    "png": ("RGB", "RGBA", "L", "LA", "P", "1", "I;16"),
    "webp": ("RGB", "RGBA"),
    "gif": ("P", "L", "RGB", "RGBA", "1"),
    "tiff": ("RGB", "RGBA", "L", "LA", "P", "1", "I;16", "CMYK"),
    "bmp": ("RGB", "L", "1", "P"),
    "page": ("RGB", "L", "1", "P"),
}
"""By format that is written: how colours may lie in memory. A page of a pdf is a png without transparency."""

_CLEAR_COLOURS = ("png", "gif")
"""Formats that can say of one colour that it is none."""

_WITHOUT_PROFILES = ("gif", "bmp")

_PLAIN = {"LAB": "RGB", "YCbCr": "RGB", "HSV": "RGB", "RGBX": "RGB", "La": "LA", "RGBa": "RGBA", "PA": "RGBA"}
"""Modes that no format is written in: what Pillow makes of them by itself."""

_SPACES = {"L": "GRAY", "LA": "GRAY", "I;16": "GRAY", "RGB": "RGB", "RGBA": "RGB", "P": "RGB", "CMYK": "CMYK"}
"""By mode: the colours that a profile has to be about."""

_OF_NO_DEVICE = ("abst", "link", "nmcl")
_PROFILE = "icc_profile"


def profile(picture: Image.Image) -> ImageCms.ImageCmsProfile | None:
    """The picture's profile, None where it has none that fits its colours."""
    data = picture.info.get(_PROFILE)
    if not data or picture.mode not in _SPACES:
        return None
    try:
        found = ImageCms.ImageCmsProfile(io.BytesIO(data))
    except (OSError, ImageCms.PyCMSError):
        return None
    fits = found.profile.xcolor_space.strip() == _SPACES[picture.mode]
    return found if fits and found.profile.device_class not in _OF_NO_DEVICE else None


def fitted(picture: Image.Image, wanted: str, task: Task) -> Image.Image:
    """The picture as a format can have it: transparency on white where it has none, its `icc_profile` right or gone."""
    if picture.mode in _PLAIN:
        picture = picture.convert(_PLAIN[picture.mode])
        picture.info.pop(_PROFILE, None)
    meaning = profile(picture)
    if meaning is None and picture.info.get(_PROFILE) and picture.mode in _SPACES:
        task.warn("left_out", "The picture's colour profile is damaged, or for other colours than it has: left out.")
    stays = wanted not in _WITHOUT_PROFILES and _SPACES.get(_mode(picture, wanted)) == _SPACES.get(picture.mode)
    if meaning and not stays:
        picture = _in_srgb(picture, meaning, task)
    made = _converted(picture, _mode(picture, wanted), opaque=_is_opaque(wanted))
    if not (meaning and stays):
        made.info.pop(_PROFILE, None)
    return made


def _mode(picture: Image.Image, wanted: str) -> str:
    """The mode in which it is written."""
    modes = _MODES[wanted]
    has_clear_colour = "transparency" in picture.info and wanted not in _CLEAR_COLOURS
    if picture.mode in modes and not has_clear_colour:
        return picture.mode
    if picture.mode == levels.SIXTEEN_BITS and "L" in modes:
        return "L"
    has_alpha = "A" in picture.getbands() or "transparency" in picture.info
    return "RGBA" if has_alpha and not _is_opaque(wanted) else "RGB"


def _is_opaque(wanted: str) -> bool:
    return "RGBA" not in _MODES[wanted]


def _converted(picture: Image.Image, mode: str, *, opaque: bool) -> Image.Image:
    if picture.mode == levels.SIXTEEN_BITS and mode != picture.mode:
        picture = levels.in_eight_bits(picture)
    if opaque and ("A" in picture.getbands() or "transparency" in picture.info):
        seen = picture.convert("RGBA")
        ground = Image.new("RGBA", seen.size, "white")
        ground.alpha_composite(seen)
        ground.info = {name: value for name, value in picture.info.items() if name != "transparency"}
        picture = ground
    return picture if picture.mode == mode else picture.convert(mode)


def _in_srgb(picture: Image.Image, meaning: ImageCms.ImageCmsProfile, task: Task) -> Image.Image:
    """The same colours in numbers that need no profile; grey stays grey, a palette a palette."""
    if picture.mode == levels.SIXTEEN_BITS:
        picture = levels.in_eight_bits(picture)
    if picture.mode in ("RGB", "L") and "transparency" in picture.info:  # which names a colour that is about to change
        picture = picture.convert("RGBA" if picture.mode == "RGB" else "LA")
    srgb, intent = ImageCms.createProfile("sRGB"), ImageCms.Intent(ImageCms.getDefaultIntent(meaning))

    def seen(colours: Image.Image) -> Image.Image:
        mode = "RGBA" if colours.mode == "RGBA" else "RGB"
        return cast("Image.Image", ImageCms.profileToProfile(colours, meaning, srgb, intent, mode))

    try:
        made = _HOW.get(picture.mode, lambda colours, turn: turn(colours))(picture, seen)
    except (ImageCms.PyCMSError, ValueError):
        task.warn("left_out", "The picture's colour profile cannot be followed: left out.")
        return picture
    made.info = dict(picture.info)
    return made


def _grey_in_srgb(picture: Image.Image, seen: Callable[[Image.Image], Image.Image]) -> Image.Image:
    ramp = Image.frombytes("L", (256, 1), bytes(range(256)))
    becomes = list(seen(ramp).getchannel("G").tobytes())
    if picture.mode == "L":
        return picture.point(becomes)
    grey, alpha = picture.split()
    return Image.merge("LA", (grey.point(becomes), alpha))


def _palette_in_srgb(picture: Image.Image, seen: Callable[[Image.Image], Image.Image]) -> Image.Image:
    colours = bytes(picture.getpalette() or ())
    row = Image.frombytes("RGB", (len(colours) // 3, 1), colours)
    made = picture.copy()
    made.putpalette(seen(row).tobytes())
    return made


_HOW = {"L": _grey_in_srgb, "LA": _grey_in_srgb, "P": _palette_in_srgb}
