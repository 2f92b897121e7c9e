"""A table of rows that a library decodes for us, frame by frame; the frames' columns are called by their place."""

import io
from collections.abc import Generator
from typing import Any

import polars as pl

from filemill.engines.tables import schema, trouble
from filemill.engines.tables.readers import batches, foreign
from filemill.engines.tables.readers.pieces import Stream
from filemill.engines.tables.table import Column, Table
from filemill.errors import JobFailed
from filemill.pipelines.run import InputFile, Progress, Say


class Damaged(Exception):
    """The row behind those given so far cannot be read; the text is a sentence."""


class Flow(io.RawIOBase):
    """A stream as the file that libraries want to read from. `fault` is why reading failed, should it have."""

    def __init__(self, stream: Stream, before: bytes = b"") -> None:
        self.fault: JobFailed | None = None
        self._stream = stream
        self._before = before

    def readable(self) -> bool:
        """It can be read, and nothing else."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Fills the buffer unless the stream ends before -> how many bytes."""
        view = memoryview(buffer).cast("B")
        if self._before:
            count = min(len(view), len(self._before))
            view[:count], self._before = self._before[:count], self._before[count:]
            return count
        try:
            return self._stream.readinto(view)
        except JobFailed as failure:
            # Libraries put an error of their own in the place of ours.
            self.fault = failure
            raise OSError from failure


class Fed:
    """An opened input whose rows come from `frames`; their columns are called 0, 1, ... and stand in `dtypes`.

    `marks` say of leaves what the file calls them where `dtypes` does not tell (see `foreign`).
    """

    def __init__(
        self,
        file: InputFile,
        dtypes: dict[str, pl.DataType],
        frames: Generator[pl.DataFrame],
        stream: Stream,
        say: Say,
        *,
        marks: dict[str, list[str | None]] | None = None,
    ) -> None:
        self.file = file
        self.rows = 0
        self.fault: JobFailed | None = None
        self.gate = batches.Gate()
        self._dtypes = dtypes
        self._frames = frames
        self._stream = stream
        self._say = say
        self._marks = marks or {}
        self._parsed = 0
        try:
            # To give an example from, and to fail early where nothing can be read at all.
            self._first: pl.DataFrame | Damaged | None = self._read()
        except BaseException:
            self.close()
            raise

    def table(self) -> Table:
        """The input as a table, to be used once."""
        at = {str(number): dtype for number, dtype in enumerate(self._dtypes.values())}
        columns = {
            name: Column(place, schema.type_of(dtype))
            for name, (place, dtype) in zip(self._dtypes, at.items(), strict=True)
        }
        sample = self._first if isinstance(self._first, pl.DataFrame) else pl.DataFrame(schema=at)
        made = Table(batches.scan(self, at), columns, self, sample.head(schema.SAMPLE_ROWS), marks=True)
        return foreign.taken(made, self._marks)

    def next_batch(self, _wanted: list[str]) -> pl.DataFrame | None:
        """The next rows; the last of them is marked where the file is damaged."""
        if self.fault:
            return None
        frame, self._first = self._first, None
        if frame is None:
            frame = self._read()
        if isinstance(frame, Damaged):
            self.fault = trouble.bad_row(self.file, self._parsed + 1, str(frame))
            frame = pl.DataFrame(schema={str(n): dtype for n, dtype in enumerate(self._dtypes.values())})
        if frame is None:
            return None
        batch = batches.numbered(frame, self._parsed, damaged=self.fault is not None)
        self._parsed += batch.height
        return batch

    def _read(self) -> pl.DataFrame | Damaged | None:
        try:
            return next(self._frames, None)
        except Damaged as damaged:
            return damaged

    def tell(self) -> None:
        """Says how many bytes of the file were read."""
        self._say(Progress(self._stream.offset, self._stream.size, "bytes"))

    def close(self) -> None:
        """Stops reading."""
        self.gate.close()
        self._frames.close()
        self._stream.close()
