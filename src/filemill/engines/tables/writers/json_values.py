"""Typed columns as JSON carries them: numbers as numbers, days and moments as ISO text, maps as objects."""

from typing import Any

import polars as pl

from filemill.engines.tables import schema
from filemill.engines.tables.table import Check, Column
from filemill.engines.tables.values import converting, moments, nested
from filemill.engines.tables.values.nested import Made
from filemill.engines.tables.writers import printed

_MOST_DIGITS = 10**15
"""A JSON number is read as a double by most, which carries 15 digits."""


def value_of(name: str, column: Column) -> tuple[pl.Expr, Check | None]:
    """A typed column, and what its values must be for JSON."""
    if column.type.name in printed.TYPES:
        return printed.value_of(name, column, "JSON")
    own, dtype = pl.col(column.at), column.type.dtype
    if nested.is_nested(dtype):
        return _as_objects(own, dtype).alias(name), _check_within(name, own, dtype, "JSON")
    match column.type.name:
        case "float":
            check = Check(None, name, ~own.is_finite().fill_null(True), own, "is no number that JSON can carry.")
            return own.alias(name), check
        case "decimal" if schema.scale_of(column.type) == 0:
            return own.cast(pl.Int128).alias(name), None
        case "decimal":
            unscaled = own.abs() * 10 ** schema.scale_of(column.type)
            bad = (unscaled.cast(pl.Float64) >= _MOST_DIGITS).fill_null(False)
            check = Check(None, name, bad, own, "has more digits than a JSON number carries without loss.")
            return own.cast(pl.Float64).alias(name), check
    return own.alias(name), None


def text_of(name: str, column: Column, target: str) -> tuple[pl.Expr, Check | None]:
    """Nested values written out as JSON, for a format that holds none; null stays null."""
    own, dtype = pl.col(column.at), column.type.dtype
    whole = pl.struct(_as_objects(own, dtype).alias("value")).struct.json_encode()
    text = pl.when(own.is_not_null()).then(whole.str.slice(len('{"value":')).str.head(-1))
    return text.alias(name), _check_within(name, own, dtype, target)


def _as_objects(own: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """Nested values with text in the place of days and moments, and of the keys of maps."""
    made = nested.mapped(own, dtype, _leaf, _key)
    return own if made is None else made[0]


def _check_within(name: str, own: pl.Expr, dtype: pl.DataType, target: str) -> Check | None:
    """That JSON has a form for all that nested values hold."""
    bad = nested.has_any(own, dtype, _has_no_form)
    return None if bad is None else Check(None, name, bad, own, f"holds a value that {target} cannot carry.")


def _leaf(own: pl.Expr, dtype: Any) -> Made | None:
    if isinstance(dtype, pl.Date | pl.Datetime | pl.Time | pl.Duration):
        return converting.as_text(own, schema.type_of(dtype)), pl.String()
    return None


def _key(own: pl.Expr, dtype: Any) -> Made | None:
    kind = schema.type_of(dtype)
    return None if dtype == pl.String() else (converting.as_text(own, kind), pl.String())


def _has_no_form(own: pl.Expr, dtype: pl.DataType) -> pl.Expr | None:
    return ~own.is_finite() if dtype.is_float() else moments.is_beyond(own, dtype)
