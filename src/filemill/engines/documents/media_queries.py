"""For which media a rule of styles is meant: does the rule hold on the screen of a desk?"""

import re

WIDTH, HEIGHT = 1280, 800
"""The screen, in pixels of CSS."""

PIXELS = {"px": 1.0, "em": 16.0, "rem": 16.0, "pt": 4 / 3, "pc": 16.0, "in": 96.0, "cm": 96 / 2.54, "mm": 9.6 / 2.54}
"""By unit of length; letters are of the usual size."""

_LENGTH = re.compile(r"([\d.]+)([a-z]*)$")
_KNOWN = {
    ("orientation", "landscape"),
    ("hover", "hover"),
    ("any-hover", "hover"),
    ("pointer", "fine"),
    ("any-pointer", "fine"),
    ("prefers-color-scheme", "light"),
    ("prefers-color-scheme", "no-preference"),
    ("color", ""),
}


def holds(query: str) -> bool:
    """Whether a list of media queries holds; what is not known does not."""
    return not query.strip() or any(_one_holds(one.strip()) for one in query.lower().split(","))


def pixels(length: str) -> float | None:
    """A length in pixels, None where it depends on what is around."""
    found = _LENGTH.match(length.strip().lower())
    try:
        number = float(found[1]) if found else 0.0
    except ValueError:
        return None
    if found is None or (number and found[2] and found[2] not in PIXELS):
        return None
    return number * PIXELS.get(found[2], 1.0)


def _one_holds(query: str) -> bool:
    if query.startswith("not "):
        return not _one_holds(query[4:].strip())
    parts = [part.strip() for part in re.split(r"\band\b", query.removeprefix("only "))]
    return all(_part_holds(part) for part in parts)


def _part_holds(part: str) -> bool:
    if not part.startswith("("):
        return part in ("all", "screen")
    name, _, value = (side.strip() for side in part.strip("() ").partition(":"))
    if name in ("min-width", "max-width", "min-height", "max-height"):
        limit, side = pixels(value), WIDTH if name.endswith("width") else HEIGHT
        return limit is not None and (side >= limit if name.startswith("min") else side <= limit)
    return (name, value) in _KNOWN
