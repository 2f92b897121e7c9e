"""Whether a float gives the digits of its text back, by its shortest form or by the 17 digits that C writes."""

import math
from decimal import Decimal, InvalidOperation

import polars as pl

MOST_DIGITS = 17
"""So many digits tell every float from all others; `%.17g` writes them."""


_NEXT_TO_NOTHING = Decimal("1e-1000000")


def give_back(text: pl.Series) -> pl.Series:
    """Whether each number is a float without the loss of a digit; false for what is null, no number or infinite.

    The cheap questions come first, and the others are asked of the numbers that are left in doubt.
    """
    value = text.cast(pl.Float64, strict=False)
    shortest = value.cast(pl.String)
    finite = value.is_finite().fill_null(False)
    kept = (shortest == text).fill_null(False) & finite
    for look in (_by_digits, _by_17_digits):
        doubtful = (finite & ~kept).arg_true()
        if doubtful.is_empty():
            break
        kept = kept.scatter(doubtful, look(text.gather(doubtful), value.gather(doubtful)))
    return kept


def number_of(text: str) -> Decimal:
    """The number that a text says. With an exponent beyond those of a Decimal it is infinity, or next to nothing."""
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("Infinity") if math.isinf(float(text)) else _NEXT_TO_NOTHING


def gives_back(value: float, number: Decimal) -> bool:
    """The same of one value: whether the number is what its float is written as, in its shortest form or by C."""
    return number in (Decimal(repr(value)), Decimal(f"{value:.{MOST_DIGITS}g}"))


def _by_digits(text: pl.Series, value: pl.Series) -> pl.Series:
    """Whether the digits of the text are those of its float's shortest form, however either is written."""
    return _digits(text) == _digits(value.cast(pl.String))


def _by_17_digits(text: pl.Series, value: pl.Series) -> pl.Series:
    """The same with the digits that `%.17g` writes: all of the values in one go, which is C's work and not Python's."""
    digits = _digits(text)
    few = (digits.str.len_bytes() <= MOST_DIGITS).arg_true()
    kept = pl.Series([False]).new_from_index(0, len(text))
    if few.is_empty():
        return kept
    written = "\n".join([f"%.{MOST_DIGITS}g"] * len(few)) % tuple(value.gather(few))
    return kept.scatter(few, _digits(pl.Series(written.split("\n"))) == digits.gather(few))


def _digits(number: pl.Series) -> pl.Series:
    """The digits that count: without sign, point, exponent, and zeros at either end."""
    return number.str.replace("[eE].*$", "").str.replace_all(r"[-+.]", "").str.strip_chars("0")
