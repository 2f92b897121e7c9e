"""Writes an xlsx workbook with one sheet, row by row, by way of files in the folder this process works in.

A cell is text, a number (a double), a boolean, or a moment, a time or a duration (doubles, too, in milliseconds). What
does not fit there exactly is written as text; what fits in no way fails the job. Text is never taken for a formula or a
link.
"""

import tempfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import partial
from itertools import count
from pathlib import Path
from shutil import copyfileobj
from typing import Any

import polars as pl
import xlsxwriter

from filemill.engines.tables.schema import Type
from filemill.engines.tables.table import Check, Column
from filemill.engines.tables.values import durations
from filemill.engines.tables.writers import gathering, json_values, printed, sheet_room, sheet_values
from filemill.engines.tables.writers.sheet_room import LONGEST_TEXT

MOST_EXACT = 2**53
_MOST_DIGITS = 15
_FIRST_DAY = date(1900, 3, 1)
"""Days before are counted from a leap day in 1900, which there was not."""

_PACKING = 5
"""To pack the rows takes a fifth of the time that it takes to write them."""

_DAY = timedelta(days=1)

_OPTIONS = {
    "constant_memory": True,
    "strings_to_numbers": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
}
_FORMATS = {
    date: "yyyy-mm-dd",
    datetime: "yyyy-mm-dd hh:mm:ss.000",
    time: "hh:mm:ss.000",
    timedelta: "[h]:mm:ss.000",
}
_MOST_DAYS = 2_958_466
"""No program shows a longer duration, nor one below zero."""


class _Exact(float):
    """A number that is written with all of its digits; the library writes 16, one too few for some."""

    __slots__ = ()

    def __format__(self, _: str) -> str:
        return repr(float(self)).removesuffix(".0")


def value_of(name: str, column: Column) -> tuple[pl.Expr, Check | None]:
    """A typed column as a sheet carries it, and what its values must be for that."""
    own, kind = pl.col(column.at), column.type
    match kind.name:
        case "map" | "binary":
            return _written_out(name, column)
        case "datetime" if _has_zone(kind):
            return printed.value_of(name, column, "xlsx")
        case "duration":
            return own.alias(name), _check_length(name, column)
        case "date" | "datetime":
            return own.alias(name), printed.within_the_calendar(name, column, "xlsx")
    return of_plain(name, kind, own)


def of_plain(name: str, kind: Type, own: pl.Expr) -> tuple[pl.Expr, Check | None]:
    """Numbers, booleans and text."""
    match kind.name:
        case "float":
            return own.alias(name), Check(
                None, name, ~own.is_finite().fill_null(True), own, "is no number that xlsx can carry."
            )
        case "text":
            own = own.cast(pl.String)
            what = f"is longer than the {LONGEST_TEXT:,} characters that a cell of xlsx holds."
            return own.alias(name), Check(None, name, _is_too_long(own), own, what)
    return own.alias(name), None


def _written_out(name: str, column: Column) -> tuple[pl.Expr, Check | None]:
    """Maps as JSON, and bytes as the text that they are."""
    make = printed.value_of if column.type.name == "binary" else json_values.text_of
    text, check = make(name, column, "xlsx")
    bad = _is_too_long(text) if check is None else check.bad | _is_too_long(text)
    what = f"is no text of at most {LONGEST_TEXT:,} characters, which is all that a cell of xlsx holds."
    return text, Check(None, name, bad, pl.col(column.at), what)


def _is_too_long(own: pl.Expr) -> pl.Expr:
    # Excel counts in units of 16 bits.
    units = own.str.len_chars() + own.str.count_matches(r"[\x{10000}-\x{10FFFF}]")
    return ((own.str.len_bytes() > LONGEST_TEXT) & (units > LONGEST_TEXT)).fill_null(False)


def _has_zone(kind: Type) -> bool:
    return isinstance(kind.dtype, pl.Datetime) and kind.dtype.time_zone is not None


def _check_length(name: str, column: Column) -> Check | None:
    assert isinstance(column.type.dtype, pl.Duration)
    own = pl.col(column.at)
    beyond = durations.is_beyond(own, column.type.dtype.time_unit)
    what = "is longer than any duration that xlsx can carry."
    return None if beyond is None else Check(None, name, beyond.fill_null(False), own, what)


def write(
    sink: Any, columns: dict[str, pl.DataType], frames: Iterator[pl.DataFrame], _compression: str, put: Any
) -> str | None:
    """Writes the workbook, then copies it to `sink` -> what became text. Raises JobFailed for too many rows.

    All rows are gathered before the first is written: writing takes ten times as long as most of what makes them.
    """
    with tempfile.TemporaryDirectory() as folder:
        gathered = gathering.Gathered(Path(folder))
        most = min(sheet_room.MOST_SHEET_BYTES, (sink.room.beside << 20) // 2)
        sheet_room.gather(frames, gathered, most)
        # The sheet is copied once before it is packed.
        most = min(most, ((sink.room.beside << 20) - gathered.disk_bytes) // 2)
        place = Path(folder, "table.xlsx")
        texts = _fill_book(place, list(columns), gathered, most, put)
        sink.want_room(place.stat().st_size)
        with place.open("rb") as made:
            copyfileobj(made, sink)
    return f"{texts} numbers or dates that xlsx does not carry exactly are written as text." if texts else None


def _fill_book(place: Path, names: list[str], gathered: gathering.Gathered, most: int, put: Any) -> int:
    """Makes the workbook -> how many values were written as text that are none."""
    book = xlsxwriter.Workbook(place, {**_OPTIONS, "tmpdir": str(place.parent)})
    sheet = book.add_worksheet("table")
    whole = gathered.rows + gathered.rows // _PACKING
    try:
        texts = _fill(book, sheet, names, _while_it_fits(gathered, place.parent, most, partial(put, of=whole)))
    except BaseException:
        # To close the book would pack first what nobody wants any more, for as long as it took to write.
        sheet._opt_close()  # noqa: SLF001
        raise
    book.close()
    put(whole - gathered.rows, of=whole)
    return texts


def _while_it_fits(
    gathered: gathering.Gathered, folder: Path, most: int, put: Callable[[int], None]
) -> Iterator[pl.DataFrame]:
    """The frames, until there are more bytes than a sheet holds. Raises JobFailed."""
    for frame in gathered.frames():
        yield frame
        put(frame.height)
        if sum(file.stat().st_size for file in folder.iterdir() if file.suffix != gathering.SUFFIX) > most:
            raise sheet_room.too_large(most)


def _fill(book: Any, sheet: Any, names: list[str], frames: Iterator[pl.DataFrame]) -> int:
    """Fills the sheet -> how many values were written as text that are none."""
    texts = count()
    put = _writers(book, sheet, texts)
    for column, name in enumerate(names):
        sheet.write_string(0, column, name)
    row = 0
    for frame in frames:
        for row, cells in enumerate(sheet_values.rows_of(frame), row + 1):  # noqa: B020 -- goes on where the last frame ended
            is_empty = True
            for column, cell in enumerate(cells):
                if cell is not None:
                    put[type(cell)](row, column, cell)
                    is_empty = False
            if is_empty:
                # A row without any cell would not be there.
                sheet.write_string(row, 0, "")
    return next(texts)


def _writers(book: Any, sheet: Any, texts: Iterator[int]) -> dict[type, Callable[[int, int, Any], Any]]:
    """By the type of a value: what writes it into a cell."""
    formats = {kind: book.add_format({"num_format": how}) for kind, how in _FORMATS.items()}

    def spell(row: int, column: int, text: str) -> None:
        sheet.write_string(row, column, text)
        next(texts)

    def whole(row: int, column: int, value: int) -> None:
        if -MOST_EXACT <= value <= MOST_EXACT:
            sheet.write_number(row, column, _Exact(value))
        else:
            spell(row, column, str(value))

    def fraction(row: int, column: int, value: Decimal) -> None:
        if len(value.normalize().as_tuple().digits) <= _MOST_DIGITS:
            sheet.write_number(row, column, _Exact(value))
        else:
            spell(row, column, format(value, "f"))

    def day(row: int, column: int, value: date) -> None:
        if value >= _FIRST_DAY:
            sheet.write_datetime(row, column, value, formats[date])
        else:
            spell(row, column, value.isoformat())

    def moment(row: int, column: int, value: datetime) -> None:
        if value.date() >= _FIRST_DAY and value.microsecond % 1_000 == 0:
            sheet.write_datetime(row, column, value, formats[datetime])
        else:
            spell(row, column, value.isoformat())

    def part_of_a_day(row: int, column: int, value: time) -> None:
        since = timedelta(hours=value.hour, minutes=value.minute, seconds=value.second, microseconds=value.microsecond)
        if value.microsecond % 1_000 == 0:
            sheet.write_number(row, column, _Exact(since / _DAY), formats[time])
        else:
            spell(row, column, value.isoformat())

    def length(row: int, column: int, value: timedelta) -> None:
        if value.microseconds % 1_000 == 0 and 0 <= value.days < _MOST_DAYS:
            sheet.write_number(row, column, _Exact(value / _DAY), formats[timedelta])
        else:
            spell(row, column, durations.text_of(value))

    return {
        bool: sheet.write_boolean,
        int: whole,
        float: lambda row, column, value: sheet.write_number(row, column, _Exact(value)),
        str: sheet.write_string,
        sheet_values.Spelled: spell,
        Decimal: fraction,
        date: day,
        datetime: moment,
        time: part_of_a_day,
        timedelta: length,
    }
