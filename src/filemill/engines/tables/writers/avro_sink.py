"""Writes Avro, block by block."""

from collections.abc import Iterator
from typing import Any

import fastavro
import polars as pl
from fastavro.write import Writer

from filemill.engines.tables import trouble
from filemill.engines.tables.readers import avro_types
from filemill.engines.tables.table import Check, Column
from filemill.engines.tables.values import nested
from filemill.engines.tables.values.nested import Made
from filemill.engines.tables.writers import avro_schema
from filemill.errors import JobFailed

_CODECS = {"deflate": "deflate", "zstd": "zstandard", "snappy": "snappy", "none": "null"}


def check(names: tuple[str, ...]) -> None:
    """Refuses names that no column of an Avro file can have. Raises JobFailed."""
    for name in names:
        if not avro_schema.is_name(name):
            raise JobFailed(
                "bad_value",
                f"Avro has no column {trouble.shorten(name)}: a name there has ASCII letters, digits and _ alone and"
                " begins with no digit; rename it before.",
            )


def value_of(name: str, column: Column) -> tuple[pl.Expr, Check | None]:
    """A typed column as Avro carries it: moments and times in microseconds, whole numbers in 64 bits with a sign."""
    own, dtype = pl.col(column.at), column.type.dtype
    made = nested.mapped(own, dtype, _leaf)
    bad = nested.has_any(own, dtype, _does_not_fit)
    value = own if made is None else made[0]
    if bad is None:
        return value.alias(name), None
    what = "is beyond the 64 bits that avro carries." if _is_wide(dtype) else _FINER
    if nested.is_nested(dtype):
        what = "holds a value that avro does not carry: beyond 64 bits, or finer than microseconds."
    return value.alias(name), Check(None, name, bad, own, what)


_FINER = "is finer than the microseconds that avro carries."
_WIDE = (pl.UInt64(), pl.Int128(), pl.UInt128())


def _is_wide(dtype: pl.DataType) -> bool:
    return dtype in _WIDE


def _leaf(own: pl.Expr, dtype: Any) -> Made | None:
    if isinstance(dtype, pl.Datetime) and dtype.time_unit == "ns":
        return own.dt.cast_time_unit("us"), pl.Datetime("us", dtype.time_zone)
    if _is_wide(dtype):
        return own.cast(pl.Int64, strict=False), pl.Int64()
    if isinstance(dtype, pl.Categorical | pl.Enum):
        return own.cast(pl.String), pl.String()
    return None


def _does_not_fit(own: pl.Expr, dtype: Any) -> pl.Expr | None:
    if dtype == pl.Time() or (isinstance(dtype, pl.Datetime) and dtype.time_unit == "ns"):
        return own.dt.nanosecond() % 1_000 != 0
    if _is_wide(dtype):
        return own.cast(pl.Int64, strict=False).is_null() & own.is_not_null()
    return None


def write(
    sink: Any, columns: dict[str, pl.DataType], frames: Iterator[pl.DataFrame], compression: str, put: Any
) -> None:
    """Every value may be null. Raises fastavro's errors for none that `value_of` has let through."""
    held = {name: avro_schema.held(dtype) for name, dtype in columns.items()}
    schema = avro_schema.schema_of(tuple(held), list(held.values()))
    writer: Any = Writer(sink, fastavro.parse_schema(schema), codec=_CODECS[compression])
    # Of days and moments Python has too few: they go as the numbers that a file has.
    stored = {name: avro_types.stored(dtype) for name, dtype in held.items()}
    for frame in frames:
        for row in frame.cast(stored).iter_rows(named=True):  # type: ignore[arg-type]
            writer.write(row)
        put(frame.height)
    writer.flush()
