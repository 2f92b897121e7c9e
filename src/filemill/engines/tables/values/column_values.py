"""The values of a column as expressions and casts take them: one type for each kind of value, misfits checked."""

import polars as pl

from filemill.engines.tables import schema, table
from filemill.engines.tables.schema import Type
from filemill.engines.tables.table import Check, Column
from filemill.engines.tables.values import converting, moments, operands
from filemill.engines.tables.values.bench import Bench
from filemill.engines.tables.values.operands import Operand


def typed(bench: Bench, name: str, shown: str) -> Operand:
    """The column's values, typed; `shown` is how the expression calls them. Raises JobFailed for an unknown column."""
    column = bench.source.values(name, bench.where)
    check(bench, name)
    value = bench.keep(table.value_of(column)) if column.is_text else pl.col(column.at)
    return plain(bench, value, column, name, shown)


def check(bench: Bench, name: str) -> None:
    """That the column's values are of its type, where they are needed once more."""
    if found := table.check_of(bench.source.columns[name], name, bench.step):
        bench.check(found)


def is_null(bench: Bench, name: str) -> pl.Expr:
    """Whether a cell is empty, which can be told without typing it."""
    column = bench.source.values(name, bench.where)
    own = pl.col(column.at)
    empty = schema.typed(own, schema.TEXT).is_null() if column.is_text else own.is_null()
    return bench.keep(empty & pl.col(column.odd).is_null() if column.odd else empty)


def text(bench: Bench, name: str, whole: str) -> Operand:
    """The column's values as text: in a text file the cell as it stands. Raises JobFailed where there is no way."""
    column = bench.source.values(name, bench.where)
    if not converting.can(column.type, "text"):
        raise bench.refuse(f"{name!r} is {column.type.name}, which cannot become text, in {operands.shorten(whole)}.")
    value = bench.keep(text_of(column, table.stood(column)))
    if not column.is_text and column.type.name in ("date", "datetime", "binary"):
        own = pl.col(column.at)
        what = f"has no text, which step {bench.step} needs."
        bench.check(Check(bench.step, name, value.is_null() & own.is_not_null(), own, what, column.row))
    return Operand(value, schema.TEXT, whole)


def text_of(column: Column, own: pl.Expr) -> pl.Expr:
    """The same, as an expression over the frame; `own` is the column, or what stands for it."""
    value = schema.typed(own, schema.TEXT) if column.is_text else converting.as_text(own, column.type)
    return pl.coalesce(value, odd_text(column.odd)) if column.odd else value


def odd_text(at: str) -> pl.Expr:
    """What ndjson held of another kind than its column: strings as they are, all else as JSON."""
    held = pl.col(at)
    return pl.coalesce(pl.when(held.str.starts_with('"')).then(held).str.json_decode(pl.String()), held)


def plain(bench: Bench, value: pl.Expr, column: Column, name: str, shown: str) -> Operand:
    """The many types of a Parquet file become one for each kind of value; what that cannot hold is a misfit."""
    kind = column.type
    if kind.name == "int" and kind.dtype in _WIDE:
        target = schema.BIG_INT if kind.dtype == pl.Int128() else schema.INT
        return Operand(_narrowed(bench, value, column, target, name), target, shown)
    if kind.name == "text":
        return Operand(_as(value, kind, schema.TEXT), schema.TEXT, shown, is_loose=not column.guessed)
    match kind.name, kind.dtype:
        case "int", _:
            target = schema.INT
        case "float", _:
            target = schema.FLOAT
        case "decimal", _:
            target = operands.decimal(schema.scale_of(kind))
        case "datetime", pl.Datetime(time_unit=unit, time_zone=zone):
            target = Type("datetime", pl.Datetime("us", zone), kind.offset)
            value = _within_the_calendar(bench, value, column, name)
            if unit == "ns":
                what = f"is finer than the microseconds that step {bench.step} computes in."
                bad = value.cast(pl.Int64) % 1000 != 0
                bench.check(Check(bench.step, name, bad, value.cast(pl.String), what, column.row))
        case "date", _:
            value, target = _within_the_calendar(bench, value, column, name), kind
        case _:
            target = kind
    return Operand(_as(value, kind, target), target, shown)


_WIDE = (pl.Int128(), pl.UInt64(), pl.UInt128())


def _within_the_calendar(bench: Bench, value: pl.Expr, column: Column, name: str) -> pl.Expr:
    """Days and moments with which can be computed; one beyond the calendar, such as infinity, is a misfit."""
    beyond = moments.is_beyond(value, column.type.dtype)
    if beyond is None:
        return value
    what = f"lies beyond the calendar that step {bench.step} computes in."
    bench.check(Check(bench.step, name, beyond, value, what, column.row))
    return bench.keep(moments.writable(value, column.type.dtype))


def _as(value: pl.Expr, kind: Type, target: Type) -> pl.Expr:
    return value if kind == target else value.cast(target.dtype)


def _narrowed(bench: Bench, value: pl.Expr, column: Column, target: Type, name: str) -> pl.Expr:
    made = bench.keep(value.cast(target.dtype, strict=False))
    what = f"is more than {target.name} holds, which step {bench.step} needs."
    bad = made.is_null() & value.is_not_null()
    bench.check(Check(bench.step, name, bad, value.cast(pl.String), what, column.row))
    return made
