"""Finds times and dates below zero, such as a balance of -1:30, which the library takes for times of the day.

A workbook that counts days from 1904 shows them as they are. They are read as durations are, which may be negative.
"""

import io
import zipfile
from collections.abc import Set
from datetime import timedelta

from filemill.engines.tables.readers import sheet_text
from filemill.engines.tables.readers.grid import Instead

_NEGATIVE = rb"-[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?"
_MOST_DAYS = 3_000_000
"""As far as dates go in the other direction."""

_DAY = 86_400_000
"""In milliseconds, to which the library rounds, too."""


def of(data: bytearray, part: str, columns: Set[int]) -> Instead:
    """The numbers below zero in these columns of a sheet, from 0, as durations in days."""
    found: Instead = {}
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        for cell in sheet_text.numbers(packed, part, _NEGATIVE):
            if cell.column in columns and cell.number > -_MOST_DAYS:
                length = timedelta(milliseconds=round(cell.number * _DAY))
                found.setdefault(cell.row, {})[cell.column] = length
    return found
