"""The step `fill_null`: a value where there is none. Cells of a text file that have one stay as they stand."""

import re
from decimal import Decimal

import msgspec
import polars as pl

from filemill.engines.tables import schema, table, trouble
from filemill.engines.tables.schema import Type
from filemill.engines.tables.table import Column, Table
from filemill.engines.tables.values import comparing, literals
from filemill.engines.tables.values.literals import CannotTake, Value
from filemill.errors import JobFailed
from filemill.pipelines.value_steps import FillNull, Scalar


def apply(step: FillNull, source: Table, number: int) -> Table:
    """The table with the value in empty cells of these columns. Raises JobFailed where it is not of a column's type."""
    where = f"step {number} (fill_null)"
    made: list[pl.Expr] = []
    known: list[pl.Expr] = []
    columns = dict(source.columns)
    # One look at what a type can hold takes a millisecond, which ten thousand columns would multiply.
    taken: dict[tuple[Type, bool], Value] = {}
    for name in step.columns:
        column = source.values(name, where)
        if not column.guessed and isinstance(step.value, int | float) and not isinstance(step.value, bool):
            column = msgspec.structs.replace(column, type=schema.FLOAT, guessed=True, typed=None)
        kind = (column.type, column.is_text)
        value = taken[kind] = taken[kind] if kind in taken else _take(step, name, column, where)
        own, at = pl.col(column.at), table.fresh()
        empty = own == "" if column.is_text else own.is_null()
        if column.is_text:
            empty, filler = own.is_null() | empty, pl.lit(_as_text(step.value))
        else:
            filler = comparing.literal(value, column.type).cast(column.type.dtype)
        if column.odd:
            empty = empty & pl.col(column.odd).is_null()
        made.append(pl.when(empty).then(filler).otherwise(own).alias(at))
        if column.is_text and column.at in source.sample.columns:
            # A later cast to decimal looks there for how many digits are written.
            known.append(made[-1])
        columns[name] = msgspec.structs.replace(column, at=at, guessed=True, typed=None)
    sample = source.sample.with_columns(known)
    return msgspec.structs.replace(source, frame=source.frame.with_columns(made), columns=columns, sample=sample)


def _take(step: FillNull, name: str, column: Column, where: str) -> Value:
    try:
        value = literals.take(step.value, column.type)
        if value is None or not _has_room(value, column):
            raise CannotTake
    except CannotTake as error:
        given = trouble.shorten(step.value) if isinstance(step.value, str) else str(step.value).lower()
        raise JobFailed(
            "bad_value", f"{where}: {given} is no value for column {name!r}, which is {column.type.name}."
        ) from error
    return value


def _has_room(value: Value, column: Column) -> bool:
    """Whether a column of this width and scale can hold it."""
    made = pl.select(comparing.literal(value, column.type).cast(column.type.dtype, strict=False).alias("made"))
    kept = made.item()
    if isinstance(value, int | Decimal):
        return column.is_text or bool(kept == value)
    return kept is not None


def _as_text(value: Scalar) -> str:
    """The value from the wire as it would stand in a file."""
    if isinstance(value, bool):
        return "true" if value else "false"
    # A number with an exponent is told from a code such as 1E5 by its decimal point.
    return re.sub(r"^(-?[0-9]+)e", r"\1.0e", str(value))
