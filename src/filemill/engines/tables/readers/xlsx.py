"""Reads one sheet of an xlsx workbook, the first that is shown. Its cells are in memory while that lasts, some 30 bytes
each and the text.
"""

import io
from collections.abc import Generator
from datetime import time

import msgspec
import polars as pl
from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError

from filemill.engines.tables import trouble
from filemill.engines.tables.readers import cells, first_days, names, negative_times, sheet_words, workbooks
from filemill.engines.tables.readers.fed import Fed
from filemill.engines.tables.readers.grid import Grid, Instead
from filemill.engines.tables.readers.pieces import Stream
from filemill.engines.tables.readers.workbooks import Found
from filemill.pipelines.options import InputOptions
from filemill.pipelines.run import InputFile, Say


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
        grid = Grid(sheet, file)
        outline = _outline(grid, found.told.last_row)
        if instead := _instead(found, outline, file, say):
            grid = Grid(sheet, file, instead)
            outline = _outline(grid, found.told.last_row)
        sheet_words.tell_of_rest(outline.below + found.rows, found.columns, file, say)
        columns = _columns_of(outline, file, options, say)
    finally:
        stream.close()
    dtypes = {name: column.dtype for name, column in columns.items()}
    return Fed(file, dtypes, _frames(grid, list(columns.values()), outline.rows), stream, say)


def _sheet_of(data: bytearray, name: str, file: InputFile) -> CalamineSheet:
    try:
        return CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_name(name)
    except PasswordError as error:
        raise trouble.bad_file(file, "The workbook is locked with a password; save it without one.") from error
    except (MemoryError, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # it may also panic, which is no Exception
        raise trouble.bad_file(file, "The workbook is damaged, or no .xlsx file.") from error


def _instead(found: Found, outline: _Outline, file: InputFile, say: Say) -> Instead:
    """What stands in cells in which the library sees another time or day."""
    times = {at for at, kinds in enumerate(outline.kinds) if time in kinds.found}
    doubts = {at for at, kinds in enumerate(outline.kinds) if kinds.has_leap_day}
    instead = negative_times.of(found.data, found.sheet.part, times) if times else {}
    first = first_days.of_1904(found, times) if times else {}
    leap = first_days.leap_days(found, doubts) if doubts else {}
    sheet_words.tell_of_leap_days(len(leap), file, say)
    for (row, column), cell in (*first.items(), *leap.items()):
        instead.setdefault(row, {})[column] = cell
    return instead


def _outline(grid: Grid, least: int) -> _Outline:
    """The outline; rows down to the sheet's row `least` are the table's, whatever they hold. Raises JobFailed."""
    header = grid.header
    height, below = grid.height(least)
    kinds = [cells.Kinds(set()) for _ in header]
    for chunk in grid.chunks(height):
        for number, column in enumerate(zip(*chunk, strict=True)):
            kinds[number].look_at(column)
    return _Outline([cells.as_text(cell) or "" for cell in header], kinds, height, below)


def _columns_of(outline: _Outline, file: InputFile, options: InputOptions, say: Say) -> dict[str, cells.Column]:
    """The columns by their names. One that has neither a name nor a value is none."""
    there = [at for at, name in enumerate(outline.header) if name or outline.kinds[at].found]
    header = [outline.header[at] for at in there]
    made = names.of(header, file, options, say, places=[at + 1 for at in there])
    return {name: cells.column(at, outline.kinds[at]) for name, at in zip(made, there, strict=True)}


def _frames(grid: Grid, columns: list[cells.Column], height: int) -> Generator[pl.DataFrame]:
    for chunk in grid.chunks(height):
        yield pl.DataFrame(
            [
                pl.Series(str(number), [column.take(row[column.at]) for row in chunk], column.dtype)
                for number, column in enumerate(columns)
            ]
        )
