"""Takes values from one type to another: what does not survive becomes null, which the caller tells from a null before.

`cast` and the functions `int`, `float`, `date` and so on mean the same by it, from whatever format the values came.
"""

import re
from collections.abc import Callable
from decimal import Context

import polars as pl

from filemill.engines.tables import floats, schema
from filemill.engines.tables.schema import Type, scale_of
from filemill.engines.tables.values import durations, moments

EXACT = Context(prec=80)
"""Enough digits for whatever is done to a decimal of 38."""

_MOST_DECIMAL = 10**38
_MOST_SAFE = 1.5e38
"""A float says roughly how large a product is; below this it cannot have wrapped in 128 bits."""

_WHOLE = r"^[+-]?[0-9]+(?:\.0*)?$"
_NUMBER = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?$"
_DATE = "[0-9]{4}-[0-9]{2}-[0-9]{2}"
_TIME = r"[0-9]{2}:[0-9]{2}(?::[0-5][0-9](?:\.[0-9]{1,6})?)?"
_OFFSET = r"([+-])([01][0-9]|2[0-3])(?::?([0-5][0-9])(?::([0-5][0-9]))?)?"
_ZONE = rf" ?(?:[Zz]|UTC|GMT|{_OFFSET})"
"""Offsets as ISO, RFC 3339 and PostgreSQL write them, which has hours alone, and seconds for times long ago."""

ENDS_IN_ZONE = rf":[0-9]{{2}}(?:\.[0-9]+)?{_ZONE}$"
_SHORT_DIGITS = 15

Convert = Callable[[pl.Expr, Type, Type], pl.Expr]


def unscaled(value: pl.Expr) -> pl.Expr:
    """A decimal's digits as a whole number of 128 bits."""
    return value.to_physical()


def scaled(digits: pl.Expr, scale: int) -> pl.Expr:
    """Whole numbers of 128 bits as decimals with `scale` digits behind the point."""
    return digits.reinterpret(dtype=pl.Decimal(38, scale))


def opposite(digits: pl.Expr) -> pl.Expr:
    """Whole numbers of 128 bits with the other sign, which Polars has no minus for."""
    return pl.lit(0, dtype=pl.Int128) - digits


def fitting(digits: pl.Expr, rough: pl.Expr, scale: int) -> pl.Expr:
    """A decimal from its digits, null where they are over 38; `rough` is the same as a float, which cannot wrap."""
    fits = (rough.abs() < _MOST_SAFE) & digits.is_between(1 - _MOST_DECIMAL, _MOST_DECIMAL - 1)
    return scaled(pl.when(fits).then(digits), scale)


def rescaled(value: pl.Expr, kind: Type, target: Type) -> pl.Expr:
    """An int or decimal with more digits behind the point; null where there is no room for them."""
    digits = unscaled(value) if kind.name == "decimal" else value.cast(pl.Int128)
    factor = 10 ** (scale_of(target) - scale_of(kind))
    rough = digits.cast(pl.Float64) * float(factor)
    return fitting(digits * pl.lit(factor, dtype=pl.Int128), rough, scale_of(target))


def is_date(text: str) -> bool:
    """Whether this is written as a date is."""
    return re.fullmatch(_DATE, text) is not None


def can(kind: Type, target: str) -> bool:
    """Whether there is a way from a type to another at all."""
    return target in _WAYS.get(kind.name, {})


def ways(kind: Type) -> list[str]:
    """The types to which this one can be taken."""
    return list(_WAYS.get(kind.name, {}))


def convert(value: pl.Expr, kind: Type, target: Type) -> pl.Expr:
    """The values as ones of another type; null for what does not survive."""
    if kind == target:
        return value
    way = _WAYS[kind.name][target.name]
    if way not in _BY_PATTERNS or not value.meta.root_names():
        return way(value, kind, target)
    # Within the query every pattern would be kept ready for each column by itself: 0.3 MB a column.
    return value.map_batches(
        lambda texts: texts.to_frame("text").select(way(pl.col("text"), kind, target)).to_series(),
        return_dtype=target.dtype,
        is_elementwise=True,
    )


def as_text(value: pl.Expr, kind: Type) -> pl.Expr:
    """Typed values as csv writes them: in a form that is read back as the same value.

    Null where there is none: for days and moments beyond the calendar, and for bytes that are no UTF-8.
    """
    if kind.name == "float":
        # A number with an exponent is told from a code such as 1E5 by its decimal point.
        return value.cast(pl.String).str.replace(r"^(-?[0-9]+)e", "${1}.0e")
    if kind.name in ("date", "datetime", "time"):
        return _as_iso(moments.writable(value, kind.dtype), kind)
    if isinstance(kind.dtype, pl.Duration):
        return durations.as_text(value, kind.dtype.time_unit)
    if kind.name == "binary":
        return decoded(value)
    return value.cast(pl.String)


def _as_iso(value: pl.Expr, kind: Type) -> pl.Expr:
    """Days, moments and times as ISO text; moments of a zone or at an offset as they are there."""
    if kind.name == "datetime" and kind.offset:
        ahead = value.dt.replace_time_zone(None) + pl.duration(minutes=kind.offset)
        return ahead.dt.to_string("iso:strict") + _ahead(kind.offset)
    if isinstance(kind.dtype, pl.Datetime) and kind.dtype.time_zone not in (None, "UTC"):
        return value.map_batches(moments.at_offsets, return_dtype=pl.String(), is_elementwise=True)
    return value.cast(pl.String) if kind.name == "date" else value.dt.to_string("iso:strict")


def decoded(own: pl.Expr) -> pl.Expr:
    """Bytes as the text they are in UTF-8; null where they are none."""
    return own.map_batches(_decoded, return_dtype=pl.String(), is_elementwise=True)


def _decoded(values: pl.Series) -> pl.Series:
    try:
        return values.cast(pl.String)
    except pl.exceptions.PolarsError:
        # One of them is no text: which one, Polars does not say.
        return pl.Series(values.name, list(map(_text_of, values)), dtype=pl.String)


def _text_of(value: bytes | None) -> str | None:
    try:
        return None if value is None else value.decode()
    except UnicodeDecodeError:
        return None


def _ahead(minutes: int) -> str:
    """An offset as ISO writes it."""
    hours, rest = divmod(abs(minutes), 60)
    return f"{'-' if minutes < 0 else '+'}{hours:02}:{rest:02}"


def _text(value: pl.Expr, kind: Type, _: Type) -> pl.Expr:
    return as_text(value, kind)


def _text_to_int(text: pl.Expr, _: Type, target: Type) -> pl.Expr:
    return _matching(text, _WHOLE).str.replace(r"\.0*$", "").cast(target.dtype, strict=False)


def _text_to_float(text: pl.Expr, _: Type, __: Type) -> pl.Expr:
    number = _matching(text, _NUMBER)
    kept = number.map_batches(floats.give_back, return_dtype=pl.Boolean(), is_elementwise=True)
    return pl.when(kept).then(number.cast(pl.Float64, strict=False))


def _text_to_decimal(text: pl.Expr, _: Type, target: Type) -> pl.Expr:
    scale = scale_of(target)
    pattern = rf"^[+-]?(?:[0-9]+(?:\.[0-9]{{0,{scale}}}0*)?|\.[0-9]{{0,{scale}}}0*)$"
    return _matching(text, pattern).cast(target.dtype, strict=False)


def _text_to_bool(text: pl.Expr, _: Type, __: Type) -> pl.Expr:
    return schema.typed(text.str.to_lowercase(), schema.BOOL)


def _text_to_date(text: pl.Expr, _: Type, __: Type) -> pl.Expr:
    return _matching(text, f"^{_DATE}$").str.to_date("%Y-%m-%d", strict=False).pipe(_in_years)


def _text_to_datetime(text: pl.Expr, _: Type, target: Type) -> pl.Expr:
    assert isinstance(target.dtype, pl.Datetime)
    if target.dtype.time_zone is None:
        return _in_years(_moments(_matching(text, f"^{_DATE}(?:[T ]{_TIME})?$")))
    whole = _matching(text, f"^{_DATE}[T ]{_TIME}{_ZONE}$")
    moments = _moments(whole.str.replace(f"{_ZONE}$", "")) - _offset(whole)
    return _in_years(moments.dt.replace_time_zone("UTC"))


def _moments(text: pl.Expr) -> pl.Expr:
    """A date, with or without a time, as a moment without a zone."""
    return (
        text.str.replace(" ", "T")
        .str.replace("^(.{10})$", "${1}T00:00")
        .str.replace("(T.{5})$", "${1}:00")
        .str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    )


def _offset(text: pl.Expr) -> pl.Expr:
    """How far a moment that ends in a zone is ahead of UTC."""
    found = text.str.extract_groups(f"{_OFFSET}$").struct
    hours, minutes, seconds = (found.field(str(group)).cast(pl.Int64).fill_null(0) for group in (2, 3, 4))
    ahead = pl.duration(hours=hours, minutes=minutes, seconds=seconds, time_unit="us")
    return pl.when(found.field("1") == "-").then(-ahead).otherwise(ahead)


def _in_years(value: pl.Expr) -> pl.Expr:
    """Only the years 1 to 9999, which every format can carry."""
    return pl.when(value.dt.year().is_between(1, 9999)).then(value)


def _matching(text: pl.Expr, pattern: str) -> pl.Expr:
    return pl.when(text.str.contains(pattern)).then(text)


def _int_to_decimal(value: pl.Expr, kind: Type, target: Type) -> pl.Expr:
    return rescaled(value, kind, target)


def _int_to_float(value: pl.Expr, _: Type, __: Type) -> pl.Expr:
    return pl.when(value.is_between(-(2**53), 2**53)).then(value).cast(pl.Float64)


def _int_to_bool(value: pl.Expr, _: Type, __: Type) -> pl.Expr:
    return pl.when(value == 1).then(True).when(value == 0).then(False)


def _float_to_int(value: pl.Expr, _: Type, target: Type) -> pl.Expr:
    whole = value.cast(target.dtype, strict=False)
    return pl.when(whole.cast(pl.Float64) == value).then(whole)


def _float_to_decimal(value: pl.Expr, _: Type, target: Type) -> pl.Expr:
    exact = value.cast(pl.String).cast(target.dtype, strict=False)
    return pl.when(exact.cast(pl.String).cast(pl.Float64) == value).then(exact)


def _decimal_to_int(value: pl.Expr, _: Type, target: Type) -> pl.Expr:
    whole = value.cast(target.dtype, strict=False)
    return pl.when(whole == value).then(whole)


def _decimal_to_float(value: pl.Expr, _: Type, __: Type) -> pl.Expr:
    return pl.when(unscaled(value).abs() < 10**_SHORT_DIGITS).then(value).cast(pl.Float64)


def _decimal_to_decimal(value: pl.Expr, kind: Type, target: Type) -> pl.Expr:
    if scale_of(target) >= scale_of(kind):
        return rescaled(value, kind, target)
    factor = pl.lit(10 ** (scale_of(kind) - scale_of(target)), dtype=pl.Int128)
    digits = unscaled(value)
    return scaled(pl.when(digits % factor == 0).then(digits // factor), scale_of(target))


def _date_to_datetime(value: pl.Expr, _: Type, target: Type) -> pl.Expr:
    return value.cast(target.dtype)


def _datetime_to_date(value: pl.Expr, _: Type, __: Type) -> pl.Expr:
    return pl.when(value.dt.time() == pl.time(0, 0)).then(value.dt.date())


def _plain(value: pl.Expr, _: Type, target: Type) -> pl.Expr:
    return value.cast(target.dtype)


_WAYS: dict[str, dict[str, Convert]] = {
    "text": {
        "int": _text_to_int,
        "float": _text_to_float,
        "decimal": _text_to_decimal,
        "text": _text,
        "bool": _text_to_bool,
        "date": _text_to_date,
        "datetime": _text_to_datetime,
    },
    "int": {
        "int": _plain,
        "float": _int_to_float,
        "decimal": _int_to_decimal,
        "text": _text,
        "bool": _int_to_bool,
    },
    "float": {"int": _float_to_int, "float": _plain, "decimal": _float_to_decimal, "text": _text},
    "decimal": {"int": _decimal_to_int, "float": _decimal_to_float, "decimal": _decimal_to_decimal, "text": _text},
    "bool": {"int": _plain, "text": _text, "bool": _plain},
    "date": {"text": _text, "date": _plain, "datetime": _date_to_datetime},
    "datetime": {"text": _text, "date": _datetime_to_date, "datetime": _plain},
    "time": {"text": _text},
    "binary": {"text": _text},
    "null": dict.fromkeys(("int", "float", "decimal", "text", "bool", "date", "datetime"), _plain),
}
"""From a type to another. What is not here has no meaning that everybody shares, or would always lose something."""

_BY_PATTERNS = (_text_to_int, _text_to_float, _text_to_decimal, _text_to_date, _text_to_datetime)
"""Those that look at text by patterns."""
