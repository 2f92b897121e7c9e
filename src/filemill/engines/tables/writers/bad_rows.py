"""The output for rows that a job could not use: each with its number, column, value, the reason, and as it stood.

Rows come from many threads and in any order. As long as they are few they are held, and written in the order of the
file; once they are many they go off as they come, so that memory stays bounded.
"""

from io import BytesIO
from threading import Lock

import polars as pl

from filemill.engines.tables.writers.uploading import Room, Upload
from filemill.pipelines.run import Made, OutputFile, StoreAccess

COLUMNS: dict[str, pl.DataType] = {
    "file": pl.String(),
    "row": pl.Int64(),
    "column": pl.String(),
    "value": pl.String(),
    "reason": pl.String(),
    "text": pl.String(),
}
"""What is written of a row. `row` and `text` are empty where a row is none of an input's (any more)."""

MOST_HELD_BYTES = 16 << 20
_TYPES = {"row": "int"}


class BadRows:
    """Takes rows until `close`, which writes what is left; also where there was none, so that the output is there."""

    def __init__(self, output: OutputFile, access: StoreAccess, room: Room) -> None:
        self.rows = 0
        self._name = output.name
        self._lock = Lock()
        self._held: list[pl.DataFrame] = [pl.DataFrame(schema=COLUMNS)]
        self._is_begun = False
        self._upload = Upload(access, output.key, "text/csv", room)

    @property
    def fault(self) -> Exception | None:
        """What went wrong with the writing: on its way through Polars an exception loses its class."""
        return self._upload.fault

    def take(self, rows: pl.DataFrame, _step: int | None = None) -> None:
        """Takes rows with the columns `COLUMNS`. Raises JobFailed where the store does not."""
        with self._lock:
            self.rows += rows.height
            self._held.append(rows.select(*COLUMNS))
            if sum(frame.estimated_size() for frame in self._held) > MOST_HELD_BYTES:
                self._write()

    def close(self) -> Made:
        """Writes the rest -> what was made. Raises JobFailed."""
        with self._lock:
            self._write()
            stored = self._upload.finish()
        return Made(self._name, self.rows, tuple((name, _TYPES.get(name, "text")) for name in COLUMNS), stored)

    def abandon(self) -> None:
        """Has nothing come of it."""
        with self._lock:
            self._upload.abandon()

    def _write(self) -> None:
        buffer = BytesIO()
        rows = pl.concat(self._held).sort("file", "row", maintain_order=True)
        rows.write_csv(buffer, include_header=not self._is_begun)
        self._is_begun = True
        self._held = [pl.DataFrame(schema=COLUMNS)]
        self._upload.write(buffer.getvalue())
