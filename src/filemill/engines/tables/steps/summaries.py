"""What the functions of `aggregate` and `pivot` make of the values of a group: one number or value.

Nulls are passed over, but by `first` and `last`; of no values at all every function but the counts gives null. Sums of
whole numbers are made in 128 bits, so that they cannot wrap, and are an error where their type does not hold them.
"""

import msgspec
import polars as pl

from filemill.engines.tables import schema, table
from filemill.engines.tables.schema import Type
from filemill.engines.tables.steps import keys
from filemill.engines.tables.table import Check, Column, Table
from filemill.errors import JobFailed
from filemill.pipelines.table_steps import Aggregation

_COUNT = Type("int", pl.Int64())
_NUMBERS = ("int", "decimal", "float")
_NEED_NUMBERS = ("sum", "mean", "median", "std")
_NEED_ORDER = ("min", "max", "n_unique")
_NO_ORDER = ("list", "struct", "map", "unknown")


class Summary(msgspec.Struct, frozen=True):
    """One result: `parts` are made of each group, under fresh names; `value` of these.

    `needs` must hold of every row, `checks` of every group.
    """

    parts: tuple[pl.Expr, ...]
    value: pl.Expr
    type: Type
    needs: tuple[Check, ...] = ()
    checks: tuple[Check, ...] = ()


def of(source: Table, asked: Aggregation, number: int, where: str) -> Summary:
    """What is asked for. Raises JobFailed where the column is unknown, or the function not for its type."""
    if not isinstance(asked.column, str):
        part = table.fresh()
        return Summary((pl.len().cast(_COUNT.dtype).alias(part),), pl.col(part), _COUNT)
    column = source.values(asked.column, where)
    kind = column.type
    wanted = "a number" if asked.function in _NEED_NUMBERS else "values that can be compared"
    if (asked.function in _NEED_NUMBERS and kind.name not in _NUMBERS and column.guessed) or (
        asked.function in _NEED_ORDER and kind.name in _NO_ORDER
    ):
        raise JobFailed(
            "bad_value",
            f"{where}: {asked.function} needs {wanted}, and column {asked.column!r} is {kind.name}; cast it before.",
        )
    if asked.function in _NEED_NUMBERS and kind.name not in _NUMBERS:
        column = msgspec.structs.replace(column, type=schema.FLOAT, typed=None)
    check = table.check_of(column, asked.column, number)
    made = _made(asked, column, where, number)
    return msgspec.structs.replace(made, needs=(check,) if check else ())


def _made(asked: Aggregation, column: Column, where: str, number: int) -> Summary:
    own, kind = keys.value_of(column), keys.shown(column.type)
    match asked.function:
        case "sum" if kind.name != "float":
            return _whole_sum(asked, own, kind, where, number)
        case "sum":
            return _of_some(own.cast(pl.Float64).sum(), own, schema.FLOAT)
        case "mean" if kind.name == "int":
            mean = _of_some(own.cast(pl.Int128).sum(), own, schema.FLOAT)
            total, some = (pl.col(part.meta.output_name()) for part in mean.parts)
            return msgspec.structs.replace(mean, value=pl.when(some > 0).then(total.cast(pl.Float64) / some))
        case "median":
            return _median(own.cast(pl.Float64))
    return _plain(asked.function, own, kind)


def _plain(function: str, own: pl.Expr, kind: Type) -> Summary:
    """What one part is enough for."""
    part = table.fresh()
    if function == "count":
        made, kind = own.count().cast(_COUNT.dtype), _COUNT
    elif function == "n_unique":
        made, kind = (own.n_unique() - own.null_count().clip(upper_bound=1)).cast(_COUNT.dtype), _COUNT
    elif function in ("mean", "std"):
        own, kind = own.cast(pl.Float64), schema.FLOAT
        made = own.mean() if function == "mean" else own.std(ddof=1)
    else:
        made = getattr(own, function)()
    return Summary((made.alias(part),), pl.col(part), kind)


def _of_some(made: pl.Expr, own: pl.Expr, kind: Type) -> Summary:
    """Of no values null, where Polars would give 0."""
    part, some = table.fresh(), table.fresh()
    return Summary((made.alias(part), own.count().alias(some)), pl.when(pl.col(some) > 0).then(pl.col(part)), kind)


def _median(own: pl.Expr) -> Summary:
    """NaN where one of the values is: it has no place among them."""
    part, bad = table.fresh(), table.fresh()
    value = pl.when(pl.col(bad)).then(float("nan")).otherwise(pl.col(part))
    return Summary((own.median().alias(part), own.is_nan().any().alias(bad)), value, schema.FLOAT)


def _whole_sum(asked: Aggregation, own: pl.Expr, kind: Type, where: str, number: int) -> Summary:
    if kind.name == "decimal":
        made = Type("decimal", pl.Decimal(schema.MOST_DECIMAL_DIGITS, schema.scale_of(kind)))
        return _of_some(own.cast(made.dtype).sum(), own, made)
    made = Type("int", pl.UInt64() if kind.dtype == pl.UInt64() else pl.Int64())
    summed = _of_some(own.cast(pl.Int128).sum(), own, made)
    exact, value = summed.value, summed.value.cast(made.dtype, strict=False)
    what = (
        f"is the sum of column {asked.column!r} in {where}, and does not fit into the 64 bits of an int; cast the "
        "column to decimal before."
    )
    check = Check(number, asked.name, value.is_null() & exact.is_not_null(), exact, what)
    return msgspec.structs.replace(summed, value=value, checks=(check,))
