"""The step `filter`: keeps the rows for which a condition holds; what is unknown (null) does not hold.

Conditions follow three-valued logic: a comparison with null is unknown, and so is its negation.
"""

from collections.abc import Iterator

import msgspec
import polars as pl
from msgspec import UNSET, UnsetType

from filemill.engines.tables import schema, table, trouble
from filemill.engines.tables.table import MARK, Column, Table
from filemill.engines.tables.values import comparing, literals
from filemill.engines.tables.values.literals import CannotTake, Value
from filemill.errors import JobFailed
from filemill.pipelines.steps import Filter
from filemill.pipelines.value_steps import Scalar

_TEXT_OPERATORS = ("contains", "starts_with", "ends_with")
_WITHOUT_TYPE = (*_TEXT_OPERATORS, "is_null", "not_null")


def apply(step: Filter, source: Table, number: int) -> Table:
    """The table with only the rows that pass. Raises JobFailed where a column is unknown or a value does not fit it."""
    where = f"step {number} (filter)"
    comparisons = list(_comparisons(step))
    for one in comparisons:
        source = _settle(source, one, where)
    names = dict.fromkeys(_name(one) for one in comparisons if one.operator not in _WITHOUT_TYPE)
    source = _type(source, list(names), number)
    keep = _condition(step, source, where)
    frame = source.frame.filter(keep | pl.col(MARK) if source.marks else keep)
    return msgspec.structs.replace(source, frame=frame, height=None)


def _type(source: Table, names: list[str], number: int) -> Table:
    """The table with these columns typed, and every row marked where that fails; what is typed stays so."""
    columns, values, checks = dict(source.columns), [], []
    for name in names:
        column = source.columns[name]
        check = table.check_of(column, name, number)
        if check and column.is_text:
            values.append(table.value_of(column).alias(at := table.fresh()))
            columns[name] = msgspec.structs.replace(column, typed=at)
        if check:
            checks.append(check)
    frame = source.frame.with_columns(values) if values else source.frame
    return table.marked(msgspec.structs.replace(source, frame=frame, columns=columns), *checks)


def _comparisons(condition: Filter) -> Iterator[Filter]:
    """All comparisons in a condition, in the order they are written."""
    waiting = [condition]
    while waiting:
        one = waiting.pop()
        if not isinstance(one.not_, UnsetType):
            waiting.append(one.not_)
        elif inner := [*(one.all or ()), *(one.any or ())]:
            waiting += reversed(inner)
        else:
            yield one


def _name(comparison: Filter) -> str:
    assert isinstance(comparison.column, str)
    return comparison.column


def _settle(source: Table, comparison: Filter, where: str) -> Table:
    """Checks that column and value go together; a column without a value so far takes its type from the filter."""
    name = _name(comparison)
    column = source.values(name, where)
    if not column.guessed and any(_is_number(value) for value in _wire_values(comparison)):
        column = msgspec.structs.replace(column, type=schema.FLOAT, guessed=True)
        source = msgspec.structs.replace(source, columns={**source.columns, name: column})
    if comparison.operator in _TEXT_OPERATORS and not (column.is_text or column.type.name == "text"):
        raise JobFailed(
            "bad_value",
            f"{where}: {comparison.operator} needs a text column, and column {name!r} is {column.type.name}.",
        )
    return source


def _condition(condition: Filter, source: Table, where: str) -> pl.Expr:
    if not isinstance(condition.not_, UnsetType):
        return ~_condition(condition.not_, source, where)
    if condition.all:
        return pl.all_horizontal(_condition(one, source, where) for one in condition.all)
    if condition.any:
        return pl.any_horizontal(_condition(one, source, where) for one in condition.any)
    return _comparison(condition, source, where)


def _comparison(comparison: Filter, source: Table, where: str) -> pl.Expr:
    column = source.columns[_name(comparison)]
    operator = comparison.operator
    text = schema.typed(table.stood(column), schema.TEXT) if column.is_text else pl.col(column.at)
    if operator == "is_null":
        return text.is_null()
    if operator == "not_null":
        return text.is_not_null()
    if operator in _TEXT_OPERATORS:
        assert isinstance(comparison.value, str)
        return comparing.text(operator, text.cast(pl.String), comparison.value)
    own = table.value_of(column)
    if column.type.name == "text" and not column.is_text:
        own = own.cast(pl.String)
    taken = [_take(value, comparison, column, source, where) for value in _wire_values(comparison)]
    assert isinstance(operator, str)
    return comparing.compare(operator, own, taken, column.type)


def _wire_values(comparison: Filter) -> list[Scalar]:
    value = comparison.value
    if value is UNSET:
        return []
    return value if isinstance(value, list) else [value]


def _take(value: Scalar, comparison: Filter, column: Column, source: Table, where: str) -> Value | None:
    try:
        return literals.take(value, column.type)
    except CannotTake as error:
        name = _name(comparison)
        if column.type.name == "text" and _is_number(value):
            because = _why_no_number(source, column)
            raise JobFailed(
                "bad_value",
                f"{where}: the number {value} cannot be compared with column {name!r}, which is text{because}.",
            ) from error
        given = trouble.shorten(value) if isinstance(value, str) else str(value).lower()
        raise JobFailed(
            "bad_value", f"{where}: {given} is no value for column {name!r}, which is {column.type.name}."
        ) from error


def _is_number(value: Scalar) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _why_no_number(source: Table, column: Column) -> str:
    """The first value that is no number, to be told; in a typed column that is its first one."""
    if column.at in source.sample.columns:
        rows = source.sample.lazy()
    elif source.again:
        rows = source.frame
    else:
        return ""
    value = pl.col(column.at).cast(pl.String)
    found = rows.select(value.alias("value")).with_row_index("row", offset=1).filter(pl.col("value") != "")
    for row, value in (found if column.is_text else found.head(1)).collect(engine="streaming").iter_rows():
        if not column.is_text or not (schema.fits(value, schema.FLOAT) or schema.fits(value, schema.BIG_INT)):
            return f": row {row} holds {trouble.shorten(value)}"
    return ""
