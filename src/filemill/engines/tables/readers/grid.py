"""The cells of a sheet row by row, from its header on, and how many of the rows are those of its table."""

from collections.abc import Iterator
from itertools import chain, islice, repeat, takewhile
from typing import Any

from python_calamine import CalamineSheet

from filemill.engines.tables import trouble
from filemill.engines.tables.readers import cells
from filemill.pipelines.run import InputFile

_ROWS = 10_000

Instead = dict[int, dict[int, Any]]
"""By row and column of the sheet, from 0: what stands there in place of the library's time or 28 February 1900."""


class Grid:
    """A sheet. Its rows can be gone through any number of times; the first that is not empty is the header.

    `instead` holds what times of the day, and days at the beginning of the calendar, really are.
    """

    def __init__(self, sheet: CalamineSheet, file: InputFile, instead: Instead | None = None) -> None:
        self._sheet = sheet
        self._file = file
        self._instead = instead or {}
        self._before = sum(1 for _ in takewhile(_is_empty, self._all()))

    @property
    def header(self) -> list[Any]:
        """The cells of the header. Raises JobFailed for a sheet without any."""
        header = next(islice(self._all(), self._before, None), None)
        if header is None:
            raise trouble.bad_file(self._file, f"The sheet {trouble.shorten(self._sheet.name)} is empty.")
        return header

    def rows(self, height: int) -> Iterator[list[Any]]:
        """The first rows below the header, so many. The library leaves out the last where they hold nothing."""
        nothing = [""] * len(self.header)
        return islice(chain(islice(self._all(), self._before + 1, None), repeat(nothing)), height)

    def chunks(self, height: int) -> Iterator[list[list[Any]]]:
        """The same rows, many at once."""
        rows = self.rows(height)
        while chunk := list(islice(rows, _ROWS)):
            yield chunk

    def height(self, least: int) -> tuple[int, int]:
        """How many rows the table has, and how many lie below it; down to the sheet's row `least` all are its own.

        It ends with the last value; blanks count where they stand right below.
        """
        rows = islice(self._all(), self._before + 1, None)
        height, end = 0, max(least - self._before - 1, 0)
        while chunk := list(islice(rows, _ROWS)):
            last = next((at for at in range(len(chunk), 0, -1) if any(map(cells.is_value, chunk[at - 1]))), 0)
            end = max(height + last if last else 0, end)
            beneath = takewhile(lambda row: not _is_empty(row), chunk[max(end - height, 0) :])
            end += sum(1 for _ in beneath) if end >= height else 0
            height += len(chunk)
        return end, max(height - end, 0)

    def _all(self) -> Iterator[list[Any]]:
        rows = iter(self._sheet.iter_rows())
        at = 0
        while True:
            try:
                row = next(rows, None)
            except (MemoryError, KeyboardInterrupt, SystemExit):
                raise
            except BaseException as error:  # it may also panic, which is no Exception
                what = f"A cell in row {at + 1} of the sheet is a date or a duration that is too large to be one."
                raise trouble.bad_file(self._file, f"{what} Give the cell another format.") from error
            if row is None:
                return
            for column, cell in self._instead.get(at, {}).items():
                row[column] = cell if cells.is_in_doubt(row[column]) else row[column]
            yield row
            at += 1


def _is_empty(row: list[Any]) -> bool:
    return all(cell == "" for cell in row)
