"""Which styles of cells show a number as a day, by the workbook's formats of numbers."""

import re
import zipfile
from xml.parsers import expat

_BUILT_IN = frozenset({14, 15, 16, 17, 22, *range(27, 32), 36, *range(50, 55), 57, 58})
"""Formats of days that no workbook spells out; those above 26 are of East Asian editions (ECMA-376, 18.8.30)."""

_NO_LETTERS = re.compile(r'"[^"]*"|\\.|_.|\*.|\[(?![hmsHMS]+\])[^\]]*\]', re.DOTALL)
"""Of a format: texts, signs that stand for themselves or room, colours, conditions, but no lengths such as `[h]`."""


def of(packed: zipfile.ZipFile, part: str | None) -> frozenset[int]:
    """The numbers of these styles; none where the part is not there or is damaged."""
    try:
        codes, styles = _read(packed.read(part or ""))
    except (KeyError, ValueError, expat.ExpatError):
        return frozenset()
    days = _BUILT_IN - codes.keys() | {number for number, code in codes.items() if shows_a_day(code)}
    return frozenset(style for style, number in enumerate(styles) if number in days)


def shows_a_day(code: str) -> bool:
    """Whether a format has a year, a day, or a month: an `m` without hours or seconds around it, else it is minutes."""
    letters = _NO_LETTERS.sub("", code).partition(";")[0].lower().replace("general", "")
    return bool(re.search("[yd]", letters)) or ("m" in letters and not re.search(r"[hs[]", letters))


def _read(data: bytes) -> tuple[dict[int, str], list[int]]:
    """The formats by their numbers, and of each style the number of its format."""
    codes: dict[int, str] = {}
    styles: list[int] = []
    path: list[str] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        if name == "numFmt" and path[-1:] == ["numFmts"]:
            codes[int(attributes["numFmtId"])] = attributes["formatCode"]
        elif name == "xf" and path[-1:] == ["cellXfs"]:
            styles.append(int(attributes.get("numFmtId", 0)))
        path.append(name)

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    parser.EndElementHandler = lambda _: path.pop()
    parser.Parse(data, True)
    return codes, styles
