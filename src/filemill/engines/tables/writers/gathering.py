"""Holds the rows for a writer that is slower than all that makes them: all are known before the first is written.

What must fail the job then fails it at the pace of reading: a row that cannot be used, and one row too many. Beyond a
few megabytes the rows are held in files, packed, in a folder of the job's own.
"""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

SUFFIX = ".arrow"
"""Of the files."""

HELD_BYTES = 32 << 20
"""In memory; a file takes up no more of it when its turn comes."""

CELLS = 100_000
"""Of a frame at most, some half a second of work: they become Python values all at once, and are told when written."""


class Gathered:
    """The rows in their order: `take` them all, then go through `frames` once."""

    def __init__(self, folder: Path) -> None:
        self.rows = 0
        self.disk_bytes = 0
        self._folder = folder
        self._held: list[pl.DataFrame] = []
        self._held_bytes = 0
        self._files: list[Path] = []

    def take(self, frame: pl.DataFrame) -> None:
        """Takes the next rows."""
        self.rows += frame.height
        self._held.append(frame)
        self._held_bytes += int(frame.estimated_size())
        if self._held_bytes > HELD_BYTES:
            self._put_down()

    def frames(self) -> Iterator[pl.DataFrame]:
        """The rows, a few at a time; a file is gone when the last of its rows is asked for."""
        for file in self._files:
            frame = pl.read_ipc(file)
            file.unlink()
            yield from frame.iter_slices(_rows_of(frame))
        while self._held:
            frame = self._held.pop(0)
            yield from frame.iter_slices(_rows_of(frame))

    def _put_down(self) -> None:
        file = self._folder / f"{len(self._files)}{SUFFIX}"
        pl.concat(self._held, rechunk=False).write_ipc(file, compression="lz4")
        self.disk_bytes += file.stat().st_size
        self._files.append(file)
        self._held, self._held_bytes = [], 0


def _rows_of(frame: pl.DataFrame) -> int:
    return max(CELLS // max(frame.width, 1), 1)
