"""Writes an xlsx workbook with one sheet, row by row, by way of files in the folder this process works in.

A cell is text, a number (a double), a boolean or a moment (a double, too, in milliseconds since 1900). What does not
fit there exactly is written as text; what fits in no way fails the job. Text is never taken for a formula or a link.
"""

import tempfile
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from itertools import count
from pathlib import Path
from shutil import copyfileobj
from typing import Any

import polars as pl
import xlsxwriter

from filemill.engines.tables import trouble
from filemill.engines.tables.schema import Type
from filemill.engines.tables.table import Check
from filemill.errors import JobFailed

MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
LONGEST_TEXT = 32_767
"""What Excel takes, and no program that reads its files takes more."""

MOST_SHEET_BYTES = (4 << 30) - (64 << 20)
"""A sheet that is longer before it is packed takes a form of zip that Excel does not open."""

MOST_EXACT = 2**53
_MOST_DIGITS = 15
_FIRST_DAY = date(1900, 3, 1)
"""Days before are counted from a leap day in 1900, which there was not."""

_OPTIONS = {
    "constant_memory": True,
    "strings_to_numbers": False,
    "strings_to_formulas": False,
    "strings_to_urls": False,
}
_FORMATS = {date: "yyyy-mm-dd", datetime: "yyyy-mm-dd hh:mm:ss.000"}


class _Exact(float):
    """A number that is written with all of its digits; the library writes 16, one too few for some."""

    __slots__ = ()

    def __format__(self, _: str) -> str:
        return repr(float(self)).removesuffix(".0")


def check(names: tuple[str, ...], height: int | None) -> None:
    """Refuses a table that is too large, as far as that is known beforehand. Raises JobFailed."""
    width = len(names)
    if width > MOST_COLUMNS:
        raise JobFailed(
            "bad_value", f"The table has {width:,} columns; an xlsx sheet has {MOST_COLUMNS:,} at most. Select some."
        )
    if height is not None and height >= MOST_ROWS:
        raise _too_many_rows()
    for name in names:
        if len(name.encode("utf-16-le")) > 2 * LONGEST_TEXT:
            raise JobFailed(
                "bad_value",
                f"The name of column {trouble.shorten(name)} is longer than the {LONGEST_TEXT:,} characters that a cell"
                " of xlsx holds; rename it before.",
            )


def _too_many_rows() -> JobFailed:
    return JobFailed(
        "bad_value",
        f"The table has more than the {MOST_ROWS - 1:,} rows that an xlsx sheet holds below its header. Filter it, set"
        " a limit, or convert to another format.",
    )


def value_of(name: str, kind: Type, own: pl.Expr) -> tuple[pl.Expr, Check | None]:
    """A column as a sheet carries it, and what its values must be for that."""
    match kind.name:
        case "float":
            return own.alias(name), Check(
                None, name, ~own.is_finite().fill_null(True), own, "is no number that xlsx can carry."
            )
        case "text":
            own = own.cast(pl.String)
            # Excel counts in units of 16 bits.
            units = own.str.len_chars() + own.str.count_matches(r"[\x{10000}-\x{10FFFF}]")
            too_long = ((own.str.len_bytes() > LONGEST_TEXT) & (units > LONGEST_TEXT)).fill_null(False)
            return own.alias(name), Check(
                None, name, too_long, own, f"is longer than the {LONGEST_TEXT:,} characters that a cell of xlsx holds."
            )
        case "time":
            return own.dt.to_string("iso:strict").alias(name), None
        case "datetime" if _is_fine(kind):
            return own.dt.to_string("iso:strict").alias(name), None
    return own.alias(name), None


def _is_fine(kind: Type) -> bool:
    """Whether moments have a zone, or may be finer than a Python value is."""
    assert isinstance(kind.dtype, pl.Datetime)
    return kind.dtype.time_zone is not None or kind.dtype.time_unit == "ns"


def write(sink: Any, columns: dict[str, pl.DataType], frames: Iterator[pl.DataFrame], _compression: str) -> str | None:
    """Writes the workbook, then copies it to `sink` -> what became text. Raises JobFailed for too many rows."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "table.xlsx")
        book = xlsxwriter.Workbook(place, {**_OPTIONS, "tmpdir": folder})
        sheet = book.add_worksheet("table")
        try:
            # The sheet is copied once before it is packed.
            most = min(MOST_SHEET_BYTES, (sink.room.beside << 20) // 2)
            texts = _fill(book, sheet, list(columns), _while_it_fits(frames, Path(folder), most))
        except BaseException:
            # To close the book would pack first what nobody wants any more, for as long as it took to write.
            sheet._opt_close()  # noqa: SLF001
            raise
        book.close()
        sink.want_room(place.stat().st_size)
        with place.open("rb") as made:
            copyfileobj(made, sink)
    return f"{texts} numbers or dates that xlsx does not carry exactly are written as text." if texts else None


def _while_it_fits(frames: Iterator[pl.DataFrame], folder: Path, most: int) -> Iterator[pl.DataFrame]:
    """The frames, until there are more rows or bytes than a sheet holds. Raises JobFailed."""
    rows = 0
    for frame in frames:
        rows += frame.height
        if rows >= MOST_ROWS:
            raise _too_many_rows()
        yield frame
        if sum(file.stat().st_size for file in folder.iterdir()) > most:
            raise JobFailed(
                "too_large",
                f"The sheet takes more than the {most >> 20:,} MB that one may have before it is packed. Filter it,"
                " select columns, or convert to another format.",
            )


def _fill(book: Any, sheet: Any, names: list[str], frames: Iterator[pl.DataFrame]) -> int:
    """Fills the sheet -> how many values were written as text that are none."""
    texts = count()
    put = _writers(book, sheet, texts)
    for column, name in enumerate(names):
        sheet.write_string(0, column, name)
    row = 0
    for frame in frames:
        for row, cells in enumerate(frame.iter_rows(), row + 1):  # noqa: B020 -- goes on where the last frame ended
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

    return {
        bool: sheet.write_boolean,
        int: whole,
        float: lambda row, column, value: sheet.write_number(row, column, _Exact(value)),
        str: sheet.write_string,
        Decimal: fraction,
        date: day,
        datetime: moment,
        time: lambda row, column, value: sheet.write_string(row, column, value.isoformat()),
    }
