"""Writes Avro, block by block."""

from collections.abc import Iterator
from typing import Any

import fastavro
import polars as pl
from fastavro.write import Writer

from filemill.engines.tables import trouble
from filemill.engines.tables.readers import avro_types
from filemill.engines.tables.table import Check, Column
from filemill.errors import JobFailed

_CODECS = {"deflate": "deflate", "zstd": "zstandard", "snappy": "snappy", "none": "null"}


def check(names: tuple[str, ...]) -> None:
    """Refuses names that no column of an Avro file can have. Raises JobFailed."""
    for name in names:
        if not avro_types.is_name(name):
            raise JobFailed(
                "bad_value",
                f"Avro has no column {trouble.shorten(name)}: a name there has ASCII letters, digits and _ alone and"
                " begins with no digit; rename it before.",
            )


def value_of(name: str, column: Column) -> tuple[pl.Expr, Check | None]:
    """A typed column as Avro carries it: moments and times in microseconds, whole numbers in 64 bits with a sign."""
    own = pl.col(column.at)
    dtype = column.type.dtype
    if isinstance(dtype, pl.Datetime) and dtype.time_unit == "ns":
        finer = (own.dt.nanosecond() % 1_000 != 0).fill_null(False)
        return own.dt.cast_time_unit("us").alias(name), Check(
            None, name, finer, own, "is finer than the microseconds that avro carries."
        )
    if dtype == pl.Time():
        finer = (own.dt.nanosecond() % 1_000 != 0).fill_null(False)
        return own.alias(name), Check(None, name, finer, own, "is finer than the microseconds that avro carries.")
    if dtype in (pl.UInt64(), pl.Int128(), pl.UInt128()):
        too_large = (own.cast(pl.Int64, strict=False).is_null() & own.is_not_null()).fill_null(False)
        return own.cast(pl.Int64, strict=False).alias(name), Check(
            None, name, too_large, own, "is beyond the 64 bits that avro carries."
        )
    if column.type.name == "text":
        own = own.cast(pl.String)
    return own.alias(name), None


def write(
    sink: Any, columns: dict[str, pl.DataType], frames: Iterator[pl.DataFrame], compression: str, put: Any
) -> None:
    """Every value may be null. Raises fastavro's errors for none that `value_of` has let through."""
    schema = avro_types.schema_of(tuple(columns), list(columns.values()))
    writer: Any = Writer(sink, fastavro.parse_schema(schema), codec=_CODECS[compression])
    for frame in frames:
        for row in frame.iter_rows(named=True):
            writer.write(row)
        put(frame.height)
    writer.flush()
