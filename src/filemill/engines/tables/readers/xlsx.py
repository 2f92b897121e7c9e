"""Reads one sheet of an xlsx workbook, the first that is shown. Its cells are in memory while that lasts, some 30 bytes
each and the text.
"""

import io
from collections.abc import Generator, Iterator
from itertools import chain, islice, repeat, takewhile
from typing import Any

import msgspec
import polars as pl
from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError

from filemill.engines.tables import trouble
from filemill.engines.tables.readers import cells, names, sheet_words, workbooks
from filemill.engines.tables.readers.fed import Fed
from filemill.engines.tables.readers.pieces import Stream
from filemill.pipelines.options import InputOptions
from filemill.pipelines.run import InputFile, Say

_ROWS = 10_000


class _Outline(msgspec.Struct, frozen=True):
    """A sheet before its rows are read: its header, and the kinds of each column's cells.

    `rows` counts those that are the table's; `below` those beneath it that hold nothing.
    """

    header: list[str]
    kinds: list[cells.Kinds]
    rows: int
    below: int


def open_xlsx(stream: Stream, file: InputFile, say: Say, options: InputOptions) -> Fed:
    """A workbook, opened: all of it is read. Raises JobFailed."""
    try:
        data = bytearray(stream.size)
        data = data[: stream.readinto(memoryview(data))]
        found = workbooks.check(data, file)
        sheet = _sheet_of(found.data, found.sheet.name, file)
        sheet_words.tell_of_book(found, file, say)
        outline = _outline(sheet, file, found.told.last_row)
        sheet_words.tell_of_rest(outline.below + found.rows, found.columns, file, say)
        columns = _columns_of(outline, file, options, say)
    finally:
        stream.close()
    dtypes = {name: column.dtype for name, column in columns.items()}
    return Fed(file, dtypes, _frames(sheet, file, list(columns.values()), outline.rows), stream, say)


def _sheet_of(data: bytearray, name: str, file: InputFile) -> CalamineSheet:
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name(name)
    except PasswordError as error:
        raise trouble.bad_file(file, "The workbook is locked with a password; save it without one.") from error
    except (MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # it may also panic, which is no Exception
        raise trouble.bad_file(file, "The workbook is damaged, or no .xlsx file.") from error


def _rows(sheet: CalamineSheet, file: InputFile) -> Iterator[list[Any]]:
    """The rows from the first one on that is not empty, which is the header. Raises JobFailed."""
    rows = iter(sheet.iter_rows())
    count = 0
    while True:
        try:
            row = next(rows, None)
        except (OverflowError, ValueError) as error:
            what = "A cell is a date or a duration that is too large to be one; give it another format."
            raise trouble.bad_row(file, count, what) from error
        if row is None:
            return
        if count or any(cell != "" for cell in row):
            yield row
            count += 1


def _outline(sheet: CalamineSheet, file: InputFile, least: int) -> _Outline:
    """The outline; rows down to the sheet's row `least` are the table's, whatever they hold. Raises JobFailed."""
    height, below = _height(sheet, file, least)
    rows = _rows(sheet, file)
    header = next(rows, None)
    if header is None:
        raise trouble.bad_file(file, f"The sheet {trouble.shorten(sheet.name)} is empty.")
    rows = _so_many(rows, height, len(header))
    kinds = [cells.Kinds(set()) for _ in header]
    while chunk := list(islice(rows, _ROWS)):
        for number, column in enumerate(zip(*chunk, strict=True)):
            kinds[number].look_at(column)
    return _Outline([cells.as_text(cell) or "" for cell in header], kinds, height, below)


def _height(sheet: CalamineSheet, file: InputFile, least: int) -> tuple[int, int]:
    """How many rows the table has, and how many lie below it. Blanks count where they stand right below values."""
    rows = islice(_rows(sheet, file), 1, None)
    height, end = 0, max(least - _header_row(sheet), 0)
    while chunk := list(islice(rows, _ROWS)):
        last = next((at for at in range(len(chunk), 0, -1) if any(map(cells.is_value, chunk[at - 1]))), 0)
        end = max(height + last if last else 0, end)
        beneath = takewhile(lambda row: any(cell != "" for cell in row), chunk[max(end - height, 0) :])
        end += sum(1 for _ in beneath) if end >= height else 0
        height += len(chunk)
    return end, max(height - end, 0)


def _so_many(rows: Iterator[list[Any]], height: int, width: int) -> Iterator[list[Any]]:
    """The first rows, so many; the library leaves out the last where they hold formulas without a result alone."""
    return islice(chain(rows, repeat([""] * width)), height)


def _header_row(sheet: CalamineSheet) -> int:
    """The row of the sheet in which the header stands, from 1."""
    return 1 + sum(1 for _ in takewhile(lambda row: all(cell == "" for cell in row), sheet.iter_rows()))


def _columns_of(outline: _Outline, file: InputFile, options: InputOptions, say: Say) -> dict[str, cells.Column]:
    """The columns by their names. One that has neither a name nor a value is none."""
    there = [at for at, name in enumerate(outline.header) if name or outline.kinds[at].found]
    header = [outline.header[at] for at in there]
    made = names.of(header, file, options, say, places=[at + 1 for at in there])
    return {name: cells.column(at, outline.kinds[at]) for name, at in zip(made, there, strict=True)}


def _frames(sheet: CalamineSheet, file: InputFile, columns: list[cells.Column], height: int) -> Generator[pl.DataFrame]:
    rows = _rows(sheet, file)
    rows = _so_many(rows, height, len(next(rows)))
    while chunk := list(islice(rows, _ROWS)):
        yield pl.DataFrame(
            [
                pl.Series(str(number), [column.take(row[column.at]) for row in chunk], column.dtype)
                for number, column in enumerate(columns)
            ]
        )
