"""When columns of several types can stand in one column, or be compared: the type that holds the values of both."""

import msgspec
import polars as pl

from filemill.engines.tables import schema, table
from filemill.engines.tables.schema import Type
from filemill.engines.tables.table import Check, Column

_EXACT = 1 << 53
"""Up to here a float holds every whole number."""


class Together(msgspec.Struct, frozen=True):
    """Columns made alike: their expressions in the order given, their type, and what must hold for it."""

    values: tuple[pl.Expr, ...]
    type: Type
    is_text: bool
    guessed: bool
    swapped: bool
    checks: tuple[tuple[Check, ...], ...]


def common(one: Column, other: Column) -> Type | None:
    """The type in which values of both can be compared exactly; None where there is none."""
    for column, that in ((one, other), (other, one)):
        if is_unknown(column):
            return that.type
    return _of_types(one.type, other.type)


def together(columns: list[tuple[str, Column]], number: int) -> Together | None:
    """The columns, each given with its name, as they can stand in one; None where they cannot.

    Text that is only to be taken as something else stays as it stood, if all of them are such.
    """
    known = [column.type for _, column in columns if not is_unknown(column)] or [columns[0][1].type]
    kind: Type | None = known[0]
    for one in known[1:]:
        kind = kind and _widest(kind, one)
    if kind is None:
        return None
    if all(column.is_text for _, column in columns):
        guessed = any(column.guessed for _, column in columns)
        swapped = kind != schema.TEXT and all(column.swapped for _, column in columns)
        values = tuple(_text_of(column, kind, swapped=swapped) for _, column in columns)
        return Together(values, kind, True, guessed, swapped, tuple(() for _ in columns))
    made = [as_checked(name, column, kind, number) for name, column in columns]
    return Together(tuple(value for value, _ in made), kind, False, True, False, tuple(checks for _, checks in made))


def _text_of(column: Column, kind: Type, *, swapped: bool) -> pl.Expr:
    if kind == schema.TEXT:
        return table.stood(column)
    return pl.col(column.at) if swapped else table.plain(column)


def is_unknown(column: Column) -> bool:
    """Whether a column has held no value so far, so that any type fits it."""
    return not column.guessed or column.type.name == "null"


def settled(column: Column, kind: Type) -> Column:
    """A column that held no value so far as one of this type."""
    if column.is_text and not column.guessed:
        return msgspec.structs.replace(column, type=kind, guessed=True, typed=None)
    return column


def as_type(column: Column, kind: Type) -> pl.Expr:
    """A column's values in a type that holds them; null where it does not."""
    own = table.value_of(settled(column, kind))
    return own if column.type.dtype == kind.dtype else own.cast(kind.dtype, strict=False)


def _widest(one: Type, other: Type) -> Type | None:
    if {one.name, other.name} <= {"int", "decimal", "float"} and "float" in (one.name, other.name):
        return schema.FLOAT
    return _of_types(one, other)


def _of_types(one: Type, other: Type) -> Type | None:
    names = {one.name, other.name}
    if one.dtype == other.dtype:
        return one
    if names in ({"text"}, {"float"}):
        return schema.TEXT if "text" in names else schema.FLOAT
    if names == {"int"}:
        # Of integers of several widths only those of 64 bits without a sign do not fit into those with one.
        return schema.BIG_INT if pl.UInt64() in (one.dtype, other.dtype) else schema.INT
    if names <= {"int", "decimal"}:
        scale = max(schema.scale_of(kind) for kind in (one, other) if kind.name == "decimal")
        return Type("decimal", pl.Decimal(schema.MOST_DECIMAL_DIGITS, scale))
    if isinstance(one.dtype, pl.Datetime) and isinstance(other.dtype, pl.Datetime):
        finest = min((one.dtype, other.dtype), key=lambda dtype: ("ns", "us", "ms").index(dtype.time_unit))
        return Type("datetime", finest) if one.dtype.time_zone == other.dtype.time_zone else None
    return None


def as_checked(name: str, column: Column, kind: Type, number: int) -> tuple[pl.Expr, tuple[Check, ...]]:
    """`as_type`, with what must hold for it: that text can be typed, and that a number has its place in that type."""
    column = settled(column, kind)
    if column.is_text and kind == schema.TEXT:
        return table.stood(column), ()
    value, own = as_type(column, kind), table.value_of(column)
    checks = [table.check_of(column, name, number)]
    if column.type.name in ("int", "decimal") and column.type.dtype != kind.dtype:
        bad = value.is_null() & own.is_not_null()
        if kind == schema.FLOAT:
            bad = bad | (own.abs() > _EXACT)
        what = f"cannot be of type {kind.name}, as step {number} needs to put columns together."
        checks.append(Check(number, name, bad, own, what, column.row))
    return value, tuple(check for check in checks if check)
