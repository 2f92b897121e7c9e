"""The first rows of a table as JSON: values of their column's type, and as text what JSON has no form for."""

import json
import math
from decimal import Decimal

import polars as pl

from filemill.engines.tables import schema, table
from filemill.engines.tables.table import Column, Table
from filemill.engines.tables.values import converting, moments, telling
from filemill.pipelines.run import Say, Warned

ROWS = 20
LONGEST_TEXT = 1_000
"""Characters of a value that are shown."""

MOST_BYTES = 1 << 20
"""Of all rows: of a very wide table fewer are shown, and none where the first one is larger."""

_TOO_LARGE = Warned("left_out", "The first row is too large to be shown here; a job takes it as it is.")


def of(last: Table, say: Say) -> str:
    """The first rows of a table without marks, as a JSON list of objects."""
    parts = []
    for number, column in enumerate(last.columns.values()):
        parts += [_value(column).alias(f"value {number}"), _rest(column).alias(f"rest {number}")]
    rows: list[str] = []
    size = 0
    for values in last.frame.select(parts).head(ROWS).collect(engine="streaming").iter_rows():
        pairs = zip(last.columns, values[::2], values[1::2], strict=True)
        row = json.dumps({name: _plain(rest if value is None else value) for name, value, rest in pairs})
        size += len(row)
        if size > MOST_BYTES:
            if not rows:
                say(_TOO_LARGE)
            break
        rows.append(row)
    return f"[{', '.join(rows)}]"


def _value(column: Column) -> pl.Expr:
    value = table.value_of(column)
    if column.type.name in ("date", "datetime", "time"):
        return converting.as_text(value, column.type)
    return telling.plainly(value, column.type.dtype)


def _rest(column: Column) -> pl.Expr:
    """What is shown where there is no value of the type: a cell that the output takes as it stands."""
    if column.odd:
        return pl.col(column.odd)
    if column.type.name in ("date", "datetime"):
        return moments.told(pl.col(column.at), column.type.dtype)
    return schema.typed(pl.col(column.at), schema.TEXT) if column.is_text else pl.lit(None, pl.String)


def _plain(value: object) -> object:
    plain: object
    match value:
        case None | bool() | int():
            plain = value
        case list():
            plain = [_plain(one) for one in value]
        case dict():
            plain = {str(name): _plain(one) for name, one in value.items()}
        case float() if math.isfinite(value):
            plain = value
        case Decimal():
            plain = _number(value)
        case _:
            text = value.hex() if isinstance(value, bytes) else str(value)
            plain = text if len(text) <= LONGEST_TEXT else f"{text[:LONGEST_TEXT]}..."
    return plain


def _number(value: Decimal) -> object:
    """A decimal as a number where that is exact, also to those who read it as a float."""
    if value == value.to_integral_value():
        return int(value)
    return float(value) if Decimal(repr(float(value))) == value else str(value)
