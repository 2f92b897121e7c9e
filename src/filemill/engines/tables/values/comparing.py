"""A comparison of a column with values of its type, as Polars' expression.

What Polars would round, wrap or guess is put right here: numbers beyond a column's range, moments finer than its unit,
NaN, and null among the values.
"""

import math
import operator as operators
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import polars as pl

from filemill.engines.tables.schema import Type
from filemill.engines.tables.values.literals import Value

_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "eq": operators.eq,
    "ne": operators.ne,
    "gt": operators.gt,
    "lt": operators.lt,
    "ge": operators.ge,
    "le": operators.le,
}

_UNKNOWN = pl.lit(None, dtype=pl.Boolean)
_START = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_DECIMAL = 10**38


def text(operator: str, own: pl.Expr, part: str) -> pl.Expr:
    """Whether text contains, starts with or ends with a part, letter by letter."""
    match operator:
        case "starts_with":
            return own.str.starts_with(part)
        case "ends_with":
            return own.str.ends_with(part)
    return own.str.contains(part, literal=True)


def compare(operator: str, own: pl.Expr, taken: list[Value | None], kind: Type) -> pl.Expr:
    """Whether the comparison holds: true, false, or null for unknown, where a null stands on either side."""
    if kind.name == "datetime":
        own, kind = _fine_enough(own, taken, kind)
    if operator in ("in", "not_in"):
        return _is_in(operator, own, taken, kind)
    if None in taken:
        return _UNKNOWN & own.is_null().or_(True)
    literals = [literal(value, kind) for value in taken]
    if operator == "between":
        return (own >= literals[0]) & (own <= literals[1])
    passed: pl.Expr = _ORDER[operator](own, literals[0])
    if kind.name == "float" and operator in ("gt", "ge"):
        # Polars holds NaN to be greater than every number; a comparison with it must fail.
        passed = passed & own.is_not_nan()
    return passed


def _is_in(operator: str, own: pl.Expr, taken: list[Value | None], kind: Type) -> pl.Expr:
    known = [value for value in taken if value is not None]
    found: pl.Expr = own.is_in(_list(known, kind))
    if len(known) < len(taken):
        # Whether a value equals null is unknown, so it is unknown of all that was not found.
        found = found | _UNKNOWN
    return found if operator == "in" else ~found


def _fine_enough(own: pl.Expr, taken: list[Value | None], kind: Type) -> tuple[pl.Expr, Type]:
    """Moments in milliseconds beside a finer value: Polars would cut the value, so the column is made finer."""
    assert isinstance(kind.dtype, pl.Datetime)
    if kind.dtype.time_unit == "ms" and any(isinstance(v, datetime) and v.microsecond % 1000 for v in taken):
        finer = pl.Datetime("us", kind.dtype.time_zone)
        return own.cast(finer), Type(kind.name, finer)
    return own, kind


def literal(value: Value | None, kind: Type) -> pl.Expr:
    """A value that was taken by a column, to stand beside it."""
    match value:
        case datetime():
            return pl.lit(_ticks(value, kind), dtype=pl.Int64).cast(kind.dtype)
        case str():
            return pl.lit(value)
        case Decimal() if value.copy_abs() < _MOST_DECIMAL:
            return pl.lit(value)
        case Decimal():
            return pl.lit(math.copysign(math.inf, value))
        case int() as whole if kind.name == "int" and not _is_in_range(whole, kind):
            # Beyond the range of the column every number is alike, and infinity is beyond all of them.
            return pl.lit(math.copysign(math.inf, whole))
    return pl.lit(value, dtype=kind.dtype)


def _list(known: list[Value], kind: Type) -> pl.Expr:
    values: pl.Series
    match kind.name:
        case "int" | "decimal":
            kept = [value for value in known if isinstance(value, int | Decimal) and _is_in_range(value, kind)]
            values = pl.Series(kept, dtype=kind.dtype if kind.name == "int" or not kept else None)
        case "datetime":
            ticks = [_ticks(value, kind) for value in known if isinstance(value, datetime)]
            values = pl.Series(ticks, dtype=pl.Int64).cast(kind.dtype)
        case "text":
            values = pl.Series(known, dtype=pl.String)
        case _:
            values = pl.Series(known, dtype=kind.dtype)
    return pl.lit(values).implode()


def _is_in_range(value: int | Decimal, kind: Type) -> bool:
    if isinstance(value, Decimal):
        # `abs` would round to 28 digits.
        return value.copy_abs() < _MOST_DECIMAL
    dtype: Any = kind.dtype
    least, most = pl.select(least=dtype.min(), most=dtype.max()).row(0)
    return bool(least <= value <= most)


def _ticks(value: datetime, kind: Type) -> int:
    """A moment as the number that stands for it in the column; one without a place counts as if it were UTC."""
    assert isinstance(kind.dtype, pl.Datetime)
    moment = value if value.tzinfo else value.replace(tzinfo=UTC)
    micros = (moment - _START) // timedelta(microseconds=1)
    return {"ns": micros * 1000, "us": micros, "ms": micros // 1000}[kind.dtype.time_unit]
