"""What becomes of the cells of a sheet: the type of a column by the kinds of its cells, and a value of each.

A cell has a type of its own, so a column takes the one that all its cells have: text stays text with its leading
zeros, dates are dates. A column of several kinds is text, each value written out; of a formula the result counts.
"""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any

import msgspec
import polars as pl

from filemill.engines.tables.values import durations

MOST_EXACT = 2**53
"""Numbers in a workbook are doubles; up to here every whole one is itself."""


class Column(msgspec.Struct, frozen=True):
    """One column: where it stands in the rows, its type, and what makes its values out of cells."""

    at: int
    dtype: pl.DataType
    take: Callable[[Any], Any]


class Kinds(msgspec.Struct):
    """What kinds of values a column's cells hold, and whether any of its numbers has a fraction.

    `has_leap_day`: whether a cell may be 29 February 1900, which the library takes for the day before.
    """

    found: set[type]
    has_fractions: bool = False
    has_leap_day: bool = False

    def look_at(self, cells: tuple[Any, ...]) -> None:
        """Notes the kinds of more cells."""
        there = [cell for cell in cells if cell != ""]
        kinds = set(map(type, there))
        self.found |= kinds
        if date in kinds or datetime in kinds:
            self.has_leap_day = self.has_leap_day or any(map(_is_before_leap_day, there))
        self.has_fractions |= any(type(cell) is float and not is_whole(cell) for cell in there)


def is_in_doubt(cell: Any) -> bool:
    """Whether a cell that the library says is a time or a day may be another one."""
    return isinstance(cell, time) or _is_before_leap_day(cell)


def _is_before_leap_day(cell: Any) -> bool:
    return isinstance(cell, date) and cell.year == 1900 and (cell.month, cell.day) == (2, 28)


def column(at: int, kinds: Kinds) -> Column:
    """The column that takes all cells of these kinds."""
    if kinds.found == {float} and not kinds.has_fractions:
        return Column(at, pl.Int64(), lambda cell: None if cell == "" else int(cell))
    for only, dtype in ((float, pl.Float64()), (bool, pl.Boolean()), (date, pl.Date()), (time, pl.Time())):
        if kinds.found == {only}:
            return Column(at, dtype, lambda cell: None if cell == "" else cell)
    if kinds.found and kinds.found <= {date, datetime}:
        return Column(at, pl.Datetime("ms"), _as_moment)
    return Column(at, pl.String(), as_text)


def is_value(cell: Any) -> bool:
    """Whether a cell holds more than blanks."""
    return bool(cell.strip()) if isinstance(cell, str) else True


def is_whole(number: float) -> bool:
    """Whether a number is a whole one, and surely the one that was meant."""
    return number.is_integer() and abs(number) <= MOST_EXACT


def _as_moment(cell: Any) -> datetime | None:
    if cell == "":
        return None
    return cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 -- none has a zone


def as_text(cell: Any) -> str | None:
    """A cell as text; None for an empty one."""
    match cell:
        case str():
            return cell or None
        case bool():
            return "true" if cell else "false"
        case float():
            return str(int(cell)) if is_whole(cell) else repr(cell)
        case timedelta():
            return durations.text_of(cell)
    return str(cell.isoformat())
