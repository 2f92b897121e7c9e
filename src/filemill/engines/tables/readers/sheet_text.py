"""What the text of a sheet tells before its cells are read: errors, formulas without a result, and how far it reaches.

Cells are looked for by patterns, a piece of the text after the other: a parser would cost as much as reading them.
"""

import re
import zipfile
from collections.abc import Iterator

import msgspec

_TAG = rb"(?:\w+:)?"
_ERROR = re.compile(rb"<" + _TAG + rb"c(\s[^<>]*\bt=[\"']e[\"'][^<>]*)")
_FORMULA = re.compile(
    rb"<" + _TAG + rb"c(\s[^<>]*)?>\s*<" + _TAG + rb"f(?:\s[^<>]*)?(?:/>|>[^<]*</" + _TAG + rb"f>)\s*"
    rb"(<" + _TAG + rb"v(?:\s[^<>]*)?(?:/>|>([^<]*)))?"
)
_IS_TEXT = re.compile(rb"\bt=[\"']str[\"']")
_PLACE = re.compile(rb"\br=[\"'][A-Z]+(\d+)")
_ROW = re.compile(rb"<" + _TAG + rb"row\s[^<>]*\br=[\"'](\d+)")
_FAR_COLUMN = re.compile(rb' r="([A-Z]{2,3})\d')

MOST_ROWS = 1_048_576
"""Of a sheet."""

_PIECE = 1 << 20
_LONGEST = 4 << 20
"""No cell is longer than this."""

_MOST_GAPS = 10_000
_TIMES = 8
_FREE_CELLS = 100_000
"""A sheet is thin where the rectangle around its cells is so many times as large, and larger than this."""


class Told(msgspec.Struct, frozen=True):
    """How many cells are errors, formulas that were never computed, and formulas whose result is stored.

    `last_row` is the last in which an error or a formula that was never computed stands: both read as empty.
    `is_thin`: whether cells stand so far apart that the rectangle around them is mostly empty.
    """

    errors: int
    without_result: int
    with_result: int
    last_row: int
    is_thin: bool


class SheetText:
    """Takes the text of a sheet piece by piece."""

    def __init__(self) -> None:
        self._rest = b""
        self._errors = self._without = self._with = 0
        self._cells = self._rows = self._last_row = self._last_told = 0
        self._width = 1
        self._has_single_quotes = self._has_formulas = False

    def take(self, piece: bytes) -> None:
        """Looks at the next piece; of the cell it breaks off in when the next one is there."""
        text = self._rest + piece
        end = text.rfind(b"c>") + 2
        if end == 1:
            end = len(text)
        self._look_at(text[:end])
        self._rest = text[end:]

    def told(self) -> Told:
        """What all of the pieces told."""
        self._look_at(self._rest)
        self._rest = b""
        gaps = self._last_row - self._rows
        room = self._last_row * self._width
        is_wide = self._width > 1 and room > _TIMES * self._cells + _FREE_CELLS
        is_thin = gaps > _MOST_GAPS or is_wide
        return Told(self._errors, self._without, self._with, self._last_told, is_thin)

    def _look_at(self, text: bytes) -> None:
        # What a sheet seldom holds is asked for by plain bytes first: a pattern costs more, and rows are many.
        self._has_single_quotes = self._has_single_quotes or (not self._rows and b"='" in text)
        if b't="e"' in text or (self._has_single_quotes and b"t='e'" in text):
            for attributes in _ERROR.findall(text):
                self._errors += 1
                self._note_row(attributes)
        # Formulas that refer to another one end in no tag, and stand behind that one.
        self._has_formulas = self._has_formulas or b"f>" in text
        if self._has_formulas:
            self._count_formulas(text)
        self._look_how_far(text)

    def _look_how_far(self, text: bytes) -> None:
        self._rows += text.count(b"<row ") or text.count(b":row ")
        last = text.rfind(b"row ")
        if last > 0 and (row := _ROW.search(text, text.rfind(b"<", 0, last))):
            self._last_row = max(self._last_row, int(row[1]))
        if _FAR_COLUMN.search(text):
            self._width = max(self._width, *(number_of(letters) for letters in set(_FAR_COLUMN.findall(text))))
        if self._width > 1:
            self._cells += text.count(b"<c ") or text.count(b":c ")

    def _count_formulas(self, text: bytes) -> None:
        for attributes, element, value in _FORMULA.findall(text):
            if value:
                self._with += 1
            elif not (element and _IS_TEXT.search(attributes)):
                self._without += 1
                self._note_row(attributes)

    def _note_row(self, attributes: bytes) -> None:
        if place := _PLACE.search(attributes):
            self._last_told = max(self._last_told, min(int(place[1]), MOST_ROWS))


def pieces(packed: zipfile.ZipFile, part: str) -> Iterator[bytes]:
    """The text of a sheet in pieces that end with a cell."""
    rest = b""
    with packed.open(part) as opened:
        while piece := opened.read(_PIECE):
            text = rest + piece
            end = text.rfind(b"c>") + 2
            if end == 1:
                end = len(text) if len(text) > _LONGEST else 0
            yield text[:end]
            rest = text[end:]
    yield rest


class Number(msgspec.Struct, frozen=True):
    """A cell that holds a number: its row and column, from 0, its style, and the number."""

    row: int
    column: int
    style: int
    number: float


def numbers(packed: zipfile.ZipFile, part: str, wanted: bytes) -> Iterator[Number]:
    """The cells of a sheet with numbers that match the pattern `wanted`."""
    cell = re.compile(_NUMBER % wanted)
    for text in pieces(packed, part):
        for attributes, number in cell.findall(text):
            place = _CELL.search(attributes)
            if place and not _IS_NO_NUMBER.search(attributes):
                style = _STYLE.search(attributes)
                yield Number(int(place[2]) - 1, number_of(place[1]) - 1, int(style[1]) if style else 0, float(number))


_NUMBER = (
    rb"<" + _TAG + rb"c(\s[^<>]*)>\s*"
    rb"(?:<" + _TAG + rb"f(?:\s[^<>]*)?(?:/>|>[^<]*</" + _TAG + rb"f>)\s*)?"
    rb"<" + _TAG + rb"v(?:\s[^<>]*)?>\s*(%b)\s*<"
)
_CELL = re.compile(rb"\br=[\"']([A-Z]{1,3})(\d+)[\"']")
_STYLE = re.compile(rb"\bs=[\"'](\d+)[\"']")
_IS_NO_NUMBER = re.compile(rb"\bt=[\"'](?!n[\"'])")


def number_of(letters: bytes) -> int:
    """The number of a column, from 1: A is 1, AA is 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
