"""What a sheet of a workbook has room for: columns, rows, characters of a cell, and bytes before it is packed.

What has no room is refused as soon as it is known, which is long before it would have been written.
"""

from collections.abc import Iterator

import polars as pl

from filemill.engines.tables import trouble
from filemill.engines.tables.writers.gathering import HELD_BYTES, Gathered
from filemill.errors import JobFailed

MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
LONGEST_TEXT = 32_767
"""What Excel takes, and no program that reads its files takes more."""

MOST_SHEET_BYTES = (4 << 30) - (64 << 20)
"""A sheet that is longer before it is packed takes a form of zip that Excel does not open."""

_NUMBER_BYTES = len('<c r="A1"><v>1</v></c>')
_TEXT_BYTES = len('<c r="A1" t="inlineStr"><is><t></t></is></c>')
"""What a cell takes at least; a text takes its own bytes beside."""


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


def too_large(most: int) -> JobFailed:
    """The sheet has no room before it is packed."""
    return JobFailed(
        "too_large",
        f"The sheet takes more than the {most >> 20:,} MB that one may have before it is packed. Filter it,"
        " select columns, or convert to another format.",
    )


def gather(frames: Iterator[pl.DataFrame], gathered: Gathered, most: int) -> None:
    """Gathers all rows, unless there are more rows, or surely more bytes, than a sheet holds. Raises JobFailed."""
    measured = _Measured(most)
    for frame in frames:
        if gathered.rows + frame.height >= MOST_ROWS:
            raise _too_many_rows()
        measured.take(frame)
        gathered.take(frame)
    measured.measure()


class _Measured:
    """What rows take in a sheet at least; looked at many together, since every column of every look costs."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._least = 0
        self._left: list[pl.DataFrame] = []
        self._left_bytes = 0

    def take(self, frame: pl.DataFrame) -> None:
        """Takes more rows. Raises JobFailed where they have no room."""
        self._left.append(frame)
        self._left_bytes += int(frame.estimated_size())
        if self._left_bytes > HELD_BYTES:
            self.measure()

    def measure(self) -> None:
        """Looks at the rows that were taken last. Raises JobFailed where they have no room."""
        if self._left:
            self._least += _least_bytes(pl.concat(self._left, rechunk=False))
            self._left, self._left_bytes = [], 0
        if self._least > self._most:
            raise too_large(self._most)


def _least_bytes(frame: pl.DataFrame) -> int:
    """What the rows take in a sheet at least."""
    least = 0
    for values in frame:
        cells = values.len() - values.null_count()
        is_text = values.dtype == pl.String
        least += cells * (_TEXT_BYTES if is_text else _NUMBER_BYTES)
        least += int(values.str.len_bytes().sum()) if is_text else 0
    return least
