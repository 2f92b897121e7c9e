"""Reads the first sheet of an xlsx workbook. Its cells are in memory while that lasts, some 30 bytes each and the text.

A cell has a type of its own, so a column takes the one that all its cells have: text stays text with its leading
zeros, dates are dates. A column of several kinds is text, each value written out; of a formula the result counts.
"""

import io
from collections.abc import Callable, Generator, Iterator
from datetime import date, datetime, time, timedelta
from itertools import islice
from typing import Any

import msgspec
import polars as pl
from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError

from filemill.engines.tables import trouble
from filemill.engines.tables.readers import workbooks
from filemill.engines.tables.readers.fed import Fed
from filemill.engines.tables.readers.pieces import Stream
from filemill.errors import JobFailed
from filemill.pipelines.run import InputFile, Say, Warned

MOST_EXACT = 2**53
"""Numbers in a workbook are doubles; up to here every whole one is itself."""

_ROWS = 10_000


class _Column(msgspec.Struct, frozen=True):
    """One column: where it stands in the rows, its type, and what makes its values out of cells."""

    at: int
    dtype: pl.DataType
    take: Callable[[Any], Any]


def open_xlsx(stream: Stream, file: InputFile, say: Say) -> Fed:
    """A workbook, opened: all of it is read. Raises JobFailed."""
    try:
        data = bytearray(stream.size)
        data = data[: stream.readinto(memoryview(data))]
        found = workbooks.check(data, file)
        sheet, others = _first_sheet(data, file)
        if others:
            say(Warned("guessed", f"{file.file_name}: only the first sheet, {sheet.name!r}, of {others + 1} is read."))
        if found.errors:
            many = "A cell holds" if found.errors == 1 else f"{found.errors} cells hold"
            say(Warned("guessed", f"{file.file_name}: {many} an error such as #DIV/0!; it is read as empty."))
        if found.without_result:
            many = (
                "A cell holds a formula" if found.without_result == 1 else f"{found.without_result} cells hold formulas"
            )
            what = "that no program has computed yet; it is read as empty. Open and save the file in Excel first."
            say(Warned("guessed", f"{file.file_name}: {many} {what}"))
        columns = _columns_of(sheet, file)
    finally:
        stream.close()
    dtypes = {name: column.dtype for name, column in columns.items()}
    return Fed(file, dtypes, _frames(sheet, list(columns.values())), stream, say)


def _first_sheet(data: bytearray, file: InputFile) -> tuple[CalamineSheet, int]:
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        if not book.sheet_names:
            raise trouble.bad_file(file, "The workbook has no sheet.")
        return book.get_sheet_by_index(0), len(book.sheet_names) - 1
    except PasswordError as error:
        raise trouble.bad_file(file, "The workbook is locked with a password; save it without one.") from error
    except MemoryError:
        raise
    except (JobFailed, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # it may also panic, which is no Exception
        raise trouble.bad_file(file, "The workbook is damaged, or no .xlsx file.") from error


def _rows(sheet: CalamineSheet) -> Iterator[list[Any]]:
    """The rows from the first one on that is not empty, which is the header."""
    rows = iter(sheet.iter_rows())
    for row in rows:
        if any(cell != "" for cell in row):
            yield row
            break
    yield from rows


def _columns_of(sheet: CalamineSheet, file: InputFile) -> dict[str, _Column]:
    rows = _rows(sheet)
    header = next(rows, None)
    if header is None:
        raise trouble.bad_file(file, "The first sheet is empty.")
    kinds: list[set[type]] = [set() for _ in header]
    fractions = [False] * len(header)
    while chunk := list(islice(rows, _ROWS)):
        for number, cells in enumerate(zip(*chunk, strict=True)):
            there = [cell for cell in cells if cell != ""]
            kinds[number].update(map(type, there))
            fractions[number] |= any(type(cell) is float and not _is_whole(cell) for cell in there)
    columns: dict[str, _Column] = {}
    for number, cell in enumerate(header):
        name = _as_text(cell)
        if name is None:
            if kinds[number]:
                raise trouble.bad_file(file, f"Column {number + 1} of the table has no name in its first row.")
            continue
        if name in columns:
            raise trouble.bad_file(file, f"The header names the column {trouble.shorten(name)} twice.")
        columns[name] = _column(number, kinds[number], has_fractions=fractions[number])
    return columns


def _column(at: int, kinds: set[type], *, has_fractions: bool) -> _Column:
    if kinds == {float} and not has_fractions:
        return _Column(at, pl.Int64(), lambda cell: None if cell == "" else int(cell))
    for only, dtype in ((float, pl.Float64()), (bool, pl.Boolean()), (date, pl.Date()), (time, pl.Time())):
        if kinds == {only}:
            return _Column(at, dtype, lambda cell: None if cell == "" else cell)
    if kinds and kinds <= {date, datetime}:
        return _Column(at, pl.Datetime("ms"), _as_moment)
    return _Column(at, pl.String(), _as_text)


def _is_whole(number: float) -> bool:
    return number.is_integer() and abs(number) <= MOST_EXACT


def _as_moment(cell: Any) -> datetime | None:
    if cell == "":
        return None
    return cell if isinstance(cell, datetime) else datetime(cell.year, cell.month, cell.day)  # noqa: DTZ001 -- none has a zone


def _as_text(cell: Any) -> str | None:
    match cell:
        case str():
            return cell or None
        case bool():
            return "true" if cell else "false"
        case float():
            return str(int(cell)) if _is_whole(cell) else repr(cell)
        case timedelta():
            seconds = int(cell.total_seconds())
            return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    return str(cell.isoformat())


def _frames(sheet: CalamineSheet, columns: list[_Column]) -> Generator[pl.DataFrame]:
    rows = _rows(sheet)
    next(rows)
    while chunk := list(islice(rows, _ROWS)):
        yield pl.DataFrame(
            [
                pl.Series(str(number), [column.take(row[column.at]) for row in chunk], column.dtype)
                for number, column in enumerate(columns)
            ]
        )
