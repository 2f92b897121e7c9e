"""How a csv or tsv is written: what separates and quotes its cells, and whether its first row names the columns.

What the caller says holds. The rest is found out from the first rows, with care: another answer than the usual one
needs all of them to agree on it, and is told.
"""

import contextlib
import csv
import io
import re
from itertools import islice

import msgspec

from filemill.pipelines.options import InputOptions

SEPARATORS = {"csv": ",", "tsv": "\t"}
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
"""What cells may be found to be separated by; the caller may say any other sign."""

_LOOKED_AT = 64 << 10
_ROWS = 100
_VALUE = re.compile(r"[+-]?[0-9]*[.,]?[0-9]+|[0-9]{4}-[0-9]{2}-[0-9]{2}([T ].*)?|")
_YEARS = range(1900, 2101)


class Dialect(msgspec.Struct, frozen=True):
    """How a file is written. `given`: whether the caller said what separates the cells."""

    separator: str
    quote: str = '"'
    has_header: bool = True
    given: bool = False


def find(head: bytes, base: str, options: InputOptions) -> tuple[Dialect, list[str]]:
    """How a file is written that begins so, and what of it was guessed, each as the end of a sentence."""
    text = head[:_LOOKED_AT].decode(errors="replace").lstrip("\r\n")
    guessed = []
    quote = options.quote or _quote(text, options.delimiter or SEPARATORS[base])
    if quote != (options.quote or '"'):
        guessed.append("cells are taken to be quoted with '")
    is_whole = len(head) <= _LOOKED_AT
    separator = options.delimiter or _separator(text, SEPARATORS[base], quote, is_whole=is_whole)
    if separator != (options.delimiter or SEPARATORS[base]):
        guessed.append(f"cells are taken to be separated by {NAMES[separator]}")
    has_header = options.has_header
    if has_header is None:
        has_header = not _is_of_values(_rows(text, separator, quote, is_whole=is_whole))
        if not has_header:
            guessed.append("the first row is taken to be values, and the columns are called column_1, column_2, ...")
    return Dialect(separator, quote, has_header, options.delimiter is not None), guessed


def _quote(text: str, separator: str) -> str:
    """The single quote, where no double one is there and all cells of the first row stand in single ones."""
    if not text.startswith("'") or '"' in text:
        return '"'
    first = text.splitlines()[0]
    for sign in (separator, *NAMES):
        cells = first.split(sign)
        if len(cells) > 1 and all(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in cells):
            return "'"
    return '"'


def _separator(text: str, usual: str, quote: str, *, is_whole: bool) -> str:
    """What cuts the most cells out of each row, as many out of every one; the usual sign where others do no better."""
    best, most = usual, 1
    # The usual one comes first, so that it wins among equals.
    for sign in dict.fromkeys((usual, *NAMES)):
        if sign not in text:
            continue
        widths = {len(row) for row in _rows(text, sign, quote, is_whole=is_whole)}
        if len(widths) == 1 and (width := widths.pop()) > most:
            best, most = sign, width
    return best


def _is_of_values(rows: list[list[str]]) -> bool:
    """Whether the first row is one of values: all numbers or dates, as they are in the rows below it.

    Numbers that count up from 0, or years that do, may well name columns.
    """
    if len(rows) < 2 or not any(rows[0]) or not all(map(_VALUE.fullmatch, rows[0])):
        return False
    if _counts_up(rows[0]):
        return False
    return all(_VALUE.fullmatch(cell) for row in rows[1:] for first, cell in zip(rows[0], row, strict=False) if first)


def _counts_up(cells: list[str]) -> bool:
    if not all(cell.isdecimal() and cell.isascii() for cell in cells):
        return False
    numbers = list(map(int, cells))
    first = numbers[0]
    return numbers == list(range(first, first + len(numbers))) and (first == 0 or first in _YEARS)


def _rows(text: str, separator: str, quote: str, *, is_whole: bool) -> list[list[str]]:
    """The first rows that are there as a whole; blank lines left out."""
    rows: list[list[str]] = []
    end = len(text) if is_whole else text.rfind("\n") + 1 or len(text)
    reader = csv.reader(io.StringIO(text[:end], newline="\n"), delimiter=separator, quotechar=quote, strict=True)
    # A cell that goes on behind the first bytes, or damage, is told where the rows are read.
    with contextlib.suppress(csv.Error):
        rows.extend(islice(filter(None, reader), _ROWS))
    return rows
