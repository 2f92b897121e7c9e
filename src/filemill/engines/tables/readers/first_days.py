"""Finds days at the beginning of a workbook's calendar that the library takes for something else.

The first day from 1904 is the number 0, which the library takes for a time. From 1900 Excel counts 29 February 1900,
the number 60: no calendar has that day, and the library takes it for the day before.
"""

import io
import zipfile
from collections.abc import Iterator, Set
from datetime import date, datetime, timedelta

from filemill.engines.tables.readers import day_formats, sheet_text
from filemill.engines.tables.readers.sheet_text import Number
from filemill.engines.tables.readers.workbooks import Found

_ANY = rb"\+?[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?"
_FIRST = datetime(1904, 1, 1)  # noqa: DTZ001 -- none has a zone
_LEAP_DAY = 60
_DAY = 86_400_000
"""In milliseconds, to which the library rounds, too."""


def of_1904(found: Found, columns: Set[int]) -> dict[tuple[int, int], date]:
    """The cells of these columns, by row and column, that show the first day from 1904; none in other workbooks."""
    if not found.book.is_of_1904:
        return {}
    with zipfile.ZipFile(io.BytesIO(found.data)) as packed:
        days = day_formats.of(packed, found.book.styles)
        cells = [cell for cell in _numbers(packed, found, columns, 0) if cell.style in days]
    return {(cell.row, cell.column): _on_first(cell.number) for cell in cells}


def leap_days(found: Found, columns: Set[int]) -> dict[tuple[int, int], str]:
    """The cells of these columns, by row and column, that hold 29 February 1900, as text."""
    with zipfile.ZipFile(io.BytesIO(found.data)) as packed:
        return {
            (cell.row, cell.column): f"1900-02-29{_time_of(cell.number - _LEAP_DAY)}"
            for cell in _numbers(packed, found, columns, _LEAP_DAY)
        }


def _numbers(packed: zipfile.ZipFile, found: Found, columns: Set[int], day: int) -> Iterator[Number]:
    for cell in sheet_text.numbers(packed, found.sheet.part, _ANY):
        if cell.column in columns and day <= cell.number < day + 1:
            yield cell


def _on_first(part: float) -> date:
    return _FIRST + timedelta(milliseconds=round(part * _DAY)) if part else _FIRST.date()


def _time_of(part: float) -> str:
    length = timedelta(milliseconds=round(part * _DAY))
    return f"T{(_FIRST + length).time().isoformat()}" if part else ""
