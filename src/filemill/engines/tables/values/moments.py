"""Days and moments that no calendar of ours can write: what is told of them, and how the others are told from them.

A typed file may hold any number of days or microseconds; DuckDB keeps `infinity` as the largest. Text ends at the years
-262142 and 262141, and Polars panics where it is asked for more.
"""

import polars as pl

FIRST_DAY, LAST_DAY = -96_464_927, 95_025_871
"""1 January -262142 and 31 December 262141 in days since 1970-01-01; in every zone these lie within the calendar."""

_A_DAY = {"ms": 86_400_000, "us": 86_400_000_000}
_A_SECOND = {"ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_WHOLE_MINUTES = 3 * 365 * 86_400
"""Seconds from 1970-01-01 to the end of 1972, in January of which Liberia gave up the last offset with seconds."""

_UNITS = {"ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}


def is_beyond(own: pl.Expr, dtype: pl.DataType) -> pl.Expr | None:
    """Whether a value has no text, null where there is none; None for a type of which every value has one."""
    if dtype == pl.Date():
        return ~own.to_physical().is_between(FIRST_DAY, LAST_DAY)
    if isinstance(dtype, pl.Datetime) and dtype.time_unit in _A_DAY:
        day = _A_DAY[dtype.time_unit]
        return ~own.to_physical().is_between(FIRST_DAY * day, LAST_DAY * day)
    return None


def writable(own: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """The values that have a text; null where one has none."""
    beyond = is_beyond(own, dtype)
    return own if beyond is None else pl.when(~beyond).then(own)


def at_offsets(values: pl.Series) -> pl.Series:
    """Moments in a zone as text with its offset; those at an offset with seconds, which ISO has not, in UTC."""
    texts = values.dt.to_string("iso:strict")
    assert isinstance(values.dtype, pl.Datetime)
    early = values.to_physical() < _WHOLE_MINUTES * _A_SECOND[values.dtype.time_unit]
    old = values.filter(early)
    seconds = (old.dt.base_utc_offset() + old.dt.dst_offset()).dt.total_seconds()
    odd = early.arg_true().filter(seconds % 60 != 0)
    return texts.scatter(odd, values.gather(odd).dt.convert_time_zone("UTC").dt.to_string("iso:strict"))


def told(own: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Every value as it is told in an error: by its text, else as infinity or as the number it is."""
    plain = writable(own, dtype).dt.to_string("iso:strict")
    number = own.to_physical().cast(pl.Int64)
    most = 2**31 - 1 if dtype == pl.Date() else 2**63 - 1
    unit = _UNITS[dtype.time_unit] if isinstance(dtype, pl.Datetime) else "days"
    return pl.coalesce(
        plain,
        pl.when(number == most).then(pl.lit("infinity")).when(number == -most).then(pl.lit("-infinity")),
        pl.format("{} " + unit + " after 1970-01-01", number),
    )
