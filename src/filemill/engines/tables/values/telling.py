"""Values as they are told to a caller: in an error, among rows that could not be used, in the rows of a plan.

Any value must be told, and those above all for which a format has no place: an infinite moment, bytes, a list.
"""

import msgspec
import polars as pl

from filemill.engines.tables.values import durations, moments, nested
from filemill.engines.tables.values.nested import Made


def text(value: pl.Expr) -> pl.Expr:
    """Values of whatever type as text; null stays null. Slower than a cast: for rows that are told alone."""
    return value.map_batches(_text, return_dtype=pl.String(), is_elementwise=True)


def plainly(own: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The values with text in the place of days, moments and durations, of which Python does not have all."""
    made = nested.mapped(own, dtype, _told)
    return own if made is None else made[0]


def _told(own: pl.Expr, dtype: pl.DataType) -> Made | None:
    if isinstance(dtype, pl.Duration):
        return durations.as_text(own, dtype.time_unit), pl.String()
    return (moments.told(own, dtype), pl.String()) if isinstance(dtype, pl.Date | pl.Datetime) else None


def _text(values: pl.Series) -> pl.Series:
    dtype, own = values.dtype, pl.col("value")
    rows = values.alias("value").to_frame()
    if told := _told(own, dtype):
        return rows.select(told[0]).to_series()
    if dtype == pl.Binary():
        return rows.select("0x" + own.bin.encode("hex")).to_series()
    if nested.is_nested(dtype):
        plain = rows.select(plainly(own, dtype)).to_series().to_list()
        return pl.Series([None if one is None else _json(one) for one in plain], dtype=pl.String())
    return values.cast(pl.String, strict=False)


def _json(value: object) -> str:
    return msgspec.json.encode(value, enc_hook=str).decode()
