"""Finds times and dates below zero, such as a balance of -1:30, which the library takes for times of the day.

A workbook that counts days from 1904 shows them as they are. They are read as durations are, which may be negative.
"""

import io
import re
import zipfile
from collections.abc import Set
from datetime import timedelta

from filemill.engines.tables.readers import sheet_text
from filemill.engines.tables.readers.grid import Instead

_TAG = rb"(?:\w+:)?"
_CELL = re.compile(
    rb"<" + _TAG + rb"c\s[^<>]*?\br=[\"']([A-Z]{1,3})(\d+)[\"'][^<>]*>\s*"
    rb"(?:<" + _TAG + rb"f(?:\s[^<>]*)?(?:/>|>[^<]*</" + _TAG + rb"f>)\s*)?"
    rb"<" + _TAG + rb"v(?:\s[^<>]*)?>\s*(-[0-9]*\.?[0-9]+(?:[eE][+-]?[0-9]+)?)\s*<"
)
_MOST_DAYS = 3_000_000
"""As far as dates go in the other direction."""

_DAY = 86_400_000
"""In milliseconds, to which the library rounds, too."""


def of(data: bytearray, part: str, columns: Set[int]) -> Instead:
    """The numbers below zero in these columns of a sheet, from 0, as durations in days."""
    found: Instead = {}
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        for text in sheet_text.pieces(packed, part):
            for letters, row, number in _CELL.findall(text):
                column = sheet_text.number_of(letters) - 1
                if column in columns and float(number) > -_MOST_DAYS:
                    length = timedelta(milliseconds=round(float(number) * _DAY))
                    found.setdefault(int(row) - 1, {})[column] = length
    return found
