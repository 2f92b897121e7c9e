"""Columns of a Parquet file that Polars cannot read: decimals of more than 38 digits, read as text by another library.

They stand beside the columns that Polars reads, row by row.
"""

from collections.abc import Callable, Iterator
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from polars.io.plugins import register_io_source

from filemill.engines.tables import schema

_ROWS = 50_000
"""Rows that are read at once."""


def are_long(dtype: pl.DataType) -> bool:
    """Whether these are decimals that Polars has a name for and nothing else."""
    return isinstance(dtype, pl.Decimal) and (dtype.precision or 0) > schema.MOST_DECIMAL_DIGITS


def scan(open_file: Callable[[], Any], names: list[str]) -> pl.LazyFrame:
    """A lazy frame of these columns as text. Every run of it opens the file anew."""

    def frames(
        with_columns: list[str] | None, predicate: pl.Expr | None, n_rows: int | None, _batch_size: int | None
    ) -> Iterator[pl.DataFrame]:
        left = n_rows
        file = open_file()
        try:
            for batch in pq.ParquetFile(file).iter_batches(_ROWS, columns=names):
                if left is not None and left <= 0:
                    return
                frame = pl.DataFrame({name: as_text(batch[name]) for name in with_columns or names})
                frame = frame if left is None else frame.head(left)
                left = None if left is None else left - frame.height
                yield frame if predicate is None else frame.filter(predicate)
        finally:
            file.close()

    return register_io_source(frames, schema=pl.Schema(dict.fromkeys(names, pl.String())))


def as_text(values: pa.Array) -> pl.Series:
    """Decimals written out."""
    return pl.Series(pl.from_arrow(pc.cast(values, pa.large_string())), dtype=pl.String)
