"""The rows of a frame as values of Python, and as text those that Python has no value for."""

from collections.abc import Iterator
from typing import Any

import polars as pl

from filemill.engines.tables import schema
from filemill.engines.tables.values import converting

_FINEST = 1_000
"""Nanoseconds that Python has no fraction of."""


class Spelled(str):
    """The text of a day, a moment, a time or a duration that Python does not have."""

    __slots__ = ()


def rows_of(frame: pl.DataFrame) -> Iterator[tuple[Any, ...]]:
    """The rows; a day outside of Python's years, and what is finer than its microseconds, as text."""
    outside = [_outside(values) for values in frame]
    if all(one is None for one in outside):
        return frame.iter_rows()
    made = (values if one is None else _spelled(values, one) for values, one in zip(frame, outside, strict=True))
    return zip(*made, strict=True)


def _outside(values: pl.Series) -> pl.Series | None:
    """Which values Python does not have; None where it has all."""
    dtype = values.dtype
    if dtype == pl.Time() or (isinstance(dtype, pl.Datetime | pl.Duration) and dtype.time_unit == "ns"):
        outside = values.to_physical() % _FINEST != 0
    elif isinstance(dtype, pl.Date | pl.Datetime):
        outside = ~values.dt.year().is_between(1, 9999)
    else:
        return None
    return outside if outside.any() else None


def _spelled(values: pl.Series, outside: pl.Series) -> list[Any]:
    text = converting.as_text(pl.col(values.name), schema.type_of(values.dtype))
    texts = values.to_frame().select(text).to_series()
    plain = values.set(outside, None)
    return [Spelled(text) if one is None and text else one for one, text in zip(plain, texts, strict=True)]
