"""Feeds rows that we read ourselves, batch by batch, into a lazy query."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Protocol

import polars as pl
from polars.io.plugins import register_io_source

from filemill.engines.tables.table import MARK, ROW

META = {ROW: pl.Int64(), MARK: pl.Boolean()}
"""The columns that stand beside those of the file."""

_CELLS = 500_000
"""In a frame. Polars holds some forty frames where writing is slower than reading, so they are not to be large; each
costs the query some milliseconds of its own, so they are not to be small either.
"""


class Gate:
    """Stands between a query that asks for rows and the one who ends it: after a failure Polars may still be asking."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._closed = False

    @contextmanager
    def asking(self) -> Iterator[bool]:
        """Holds the gate while rows are read; gives False once it was closed."""
        with self._lock:
            yield not self._closed

    def close(self) -> None:
        """Waits for the rows that are being read; nobody reads any after them."""
        self._closed = True
        with self._lock:
            pass


class Batches(Protocol):
    """What can be read batch by batch."""

    rows: int
    gate: Gate

    def next_batch(self, wanted: list[str]) -> pl.DataFrame | None:
        """The next rows, at least the `wanted` columns of them, and `META`; None at the end."""
        ...

    def tell(self) -> None:
        """Says how far reading has come."""
        ...


def scan(batches: Batches, columns: dict[str, pl.DataType]) -> pl.LazyFrame:
    """A lazy frame of these columns and `META`. It can be run once."""

    def frames(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        wanted = [name for name in (columns if with_columns is None else with_columns) if name not in META]
        # Without any column the rows would not be counted.
        wanted = wanted or list(columns)[:1]
        left = n_rows
        while left is None or left > 0:
            with batches.gate.asking() as is_open:
                batch = batches.next_batch(wanted) if is_open else None
            if batch is None:
                return
            if left is not None:
                batch = batch.head(left)
                left -= batch.height
            batches.rows += batch.height
            batches.tell()
            batch = batch[[*columns, *META] if with_columns is None else with_columns]
            batch = batch if predicate is None else batch.filter(predicate)
            yield from batch.iter_slices(max(_CELLS // max(batch.width, 1), 1)) if batch.height else (batch,)

    return register_io_source(frames, schema=pl.Schema({**columns, **META}))


def numbered(batch: pl.DataFrame, before: int, *, damaged: bool) -> pl.DataFrame:
    """The rows with `META`, after `before` others. `damaged` adds a marked one for the row that could not be read."""
    if damaged:
        batch = pl.concat([batch, batch.clear(1)])
    last = before + batch.height
    # By means of frames and series alone: each query, however small, costs a millisecond.
    rows = batch.with_row_index(ROW).to_series(0).cast(pl.Int64) + (before + 1)
    mark = rows == last if damaged else pl.Series([False]).new_from_index(0, batch.height)
    return batch.hstack([rows, mark.alias(MARK)])
