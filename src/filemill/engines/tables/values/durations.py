"""Durations as text: hours, minutes and seconds, with a sign and a fraction where there is one, as sheets show them."""

from datetime import timedelta

import polars as pl

_DIGITS = {"ms": 3, "us": 6, "ns": 9}
_MOST_DAYS = 999_999_999
"""Of a duration in Python."""


def as_text(own: pl.Expr, unit: str) -> pl.Expr:
    """Durations of this unit as text: `30:00:00`, `-0:00:01`, `0:01:23.456`."""
    digits = _DIGITS[unit]
    # The smallest number of 64 bits has no opposite among them.
    whole = own.to_physical().cast(pl.Int128)
    size = whole.abs()
    seconds, rest = size // 10**digits, size % 10**digits
    sign = pl.when(whole < 0).then(pl.lit("-")).otherwise(pl.lit(""))
    fraction = pl.lit(".") + rest.cast(pl.String).str.zfill(digits).str.strip_chars_end("0")
    fraction = pl.when(rest > 0).then(fraction).otherwise(pl.lit(""))
    return pl.format("{}{}:{}:{}{}", sign, seconds // 3600, _two(seconds // 60 % 60), _two(seconds % 60), fraction)


def _two(number: pl.Expr) -> pl.Expr:
    return number.cast(pl.String).str.zfill(2)


def text_of(length: timedelta) -> str:
    """One duration as the same text."""
    sign = "-" if length < timedelta(0) else ""
    length = abs(length)
    minutes, seconds = divmod(length.days * 86_400 + length.seconds, 60)
    fraction = f".{length.microseconds:06}".rstrip("0") if length.microseconds else ""
    return f"{sign}{minutes // 60}:{minutes % 60:02}:{seconds:02}{fraction}"


def is_beyond(own: pl.Expr, unit: str) -> pl.Expr | None:
    """Whether a duration is longer than one in Python; None for units in which none is."""
    if unit != "ms":
        return None
    most = _MOST_DAYS * 86_400_000
    return ~own.to_physical().is_between(-most, most)
