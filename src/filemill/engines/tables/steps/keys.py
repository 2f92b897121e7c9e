"""The columns by which a step compares rows: their typed values, and what must hold of these."""

import polars as pl

from filemill.engines.tables import schema, table
from filemill.engines.tables.schema import Type
from filemill.engines.tables.table import Check, Column, Table
from filemill.errors import JobFailed

_CANNOT = ("list", "struct", "map", "unknown")


def of(source: Table, name: str, number: int, where: str) -> tuple[pl.Expr, Check | None]:
    """A column's values as they are compared, and the check that they can be typed. Raises JobFailed."""
    column = source.values(name, where)
    if column.type.name in _CANNOT:
        raise JobFailed("bad_value", f"{where}: column {name!r} is {column.type.name}, which cannot be compared.")
    return value_of(column), table.check_of(column, name, number)


def value_of(column: Column) -> pl.Expr:
    """A column's values as they are compared."""
    own = table.value_of(column)
    return own if column.is_text else as_text(own, column.type)


def as_text(value: pl.Expr, kind: Type) -> pl.Expr:
    """Categories as the text they stand for; all else as it is."""
    return value.cast(pl.String) if kind.name == "text" and kind.dtype != pl.String() else value


def shown(kind: Type) -> Type:
    """The type of values as they are compared."""
    return schema.TEXT if kind.name == "text" else kind
