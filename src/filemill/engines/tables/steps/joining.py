"""The step `join`: puts the columns of a further input beside those of the rows with the same keys.

The input is held in memory, behind a barrier of its own; the rows of the table go past it in their order, marked ones
too. So all kinds of join are made of the one in which every row of the table stays.
"""

import msgspec
import polars as pl

from filemill.engines.tables import barrier, table
from filemill.engines.tables.inputs import Inputs
from filemill.engines.tables.steps import agreeing, keys
from filemill.engines.tables.table import MARK, ROW, Check, Column, Table
from filemill.errors import JobFailed
from filemill.pipelines.run import Phase
from filemill.pipelines.table_steps import Join

_WITHOUT_COLUMNS = ("semi", "anti")
_WITH_OTHERS = ("right", "full")


class _Keys(msgspec.Struct):
    """The keys of one side, and what must hold of them."""

    values: list[pl.Expr] = []
    checks: list[Check] = []


def apply(step: Join, source: Table, number: int, given: Inputs) -> Table:
    """The joined table. Raises JobFailed where a column or the input is unknown, or keys cannot be compared."""
    where = f"step {number} (join)"
    pairs = dict(step.on.items() if isinstance(step.on, dict) else ((name, name) for name in step.on))
    other = given.further(step.input, where)
    own_keys, other_keys = _Keys(), _Keys()
    joined: dict[str, Column] = {}
    for own, that in pairs.items():
        joined[own] = _pair(step, number, (own, source, own_keys), (that, other, other_keys))
    on = [column.at for column in joined.values()]
    held = barrier.before(other, Phase("joining", number), given, *other_keys.checks).frame
    source = table.marked(source, *own_keys.checks)
    there = table.fresh()
    if step.how in _WITHOUT_COLUMNS:
        beside = held.select(other_keys.values).unique().with_columns(pl.lit(True).alias(there))
        columns = source.columns
    else:
        rest = {name: column for name, column in other.columns.items() if name not in pairs.values()}
        moved, added = _beside(step, msgspec.structs.replace(other, frame=held, columns=rest), source, where)
        beside = held.select(*other_keys.values, *moved, *given.as_it_stood(other), pl.lit(True).alias(there))
        columns = {**source.columns, **added}
    frame = source.frame.with_columns(own_keys.values).join(
        beside,
        on=on,
        how="full" if step.how in _WITH_OTHERS else "left",
        maintain_order="left_right",
        coalesce=True,
    )
    if step.how in _WITH_OTHERS:
        columns = {**columns, **joined}
        if source.marks:
            frame = frame.with_columns(pl.col(MARK).fill_null(False))
    if keep := _kept(step, there):
        frame = frame.filter(keep[0] | pl.col(MARK) if source.marks else keep[0])
    return msgspec.structs.replace(source, frame=frame, columns=columns, height=None, again=False)


def _kept(step: Join, there: str) -> list[pl.Expr]:
    """What must hold of a row for it to stay, if anything."""
    match step.how:
        case "inner" | "right" | "semi":
            return [pl.col(there).is_not_null()]
        case "anti":
            return [pl.col(there).is_null()]
    return []


_Side = tuple[str, Table, _Keys]


def _pair(step: Join, number: int, left: _Side, right: _Side) -> Column:
    """Notes the keys of both sides under one new name -> the column that it is in the result of a full join."""
    where = f"step {number} (join)"
    (own, source, _), (that, other_source, _) = left, right
    one, other = source.values(own, where), other_source.values(that, f"{where}, input {step.input!r}")
    kind = agreeing.common(one, other)
    if kind is None or kind.name in ("list", "struct", "unknown"):
        raise JobFailed(
            "bad_value",
            f"{where}: column {own!r} is {one.type.name}, and column {that!r} of input {step.input!r} is "
            f"{other.type.name}: they cannot be compared. Cast {own!r} to {other.type.name} before; or, where {that!r} "
            f"is to be cast, make {step.input!r} the main input of the job and this file its extra one.",
        )
    at = table.fresh()
    for name, column, side in ((own, one, left[2]), (that, other, right[2])):
        value, checks = agreeing.as_checked(name, column, kind, number)
        side.values.append(keys.as_text(value, kind).alias(at))
        if step.how not in _WITH_OTHERS:
            # What the other's type has no place for equals nothing there; only a key that is shown must fit.
            typing = table.check_of(agreeing.settled(column, kind), name, number)
            checks = (typing,) if typing else ()
        side.checks += checks
    return Column(at, keys.shown(kind))


def _beside(step: Join, rest: Table, source: Table, where: str) -> tuple[list[pl.Expr], dict[str, Column]]:
    """The input's columns that are no keys, under new names in the frame, and as they are called in the result."""
    moved: list[pl.Expr] = []
    added: dict[str, Column] = {}
    row = table.fresh()
    if ROW in rest.frame.collect_schema():
        moved.append(pl.col(ROW).alias(row))
    for name, column in rest.columns.items():
        called = f"{name}_{step.input}" if name in source.columns else name
        if called in source.columns or called in added or (called != name and called in rest.columns):
            raise JobFailed("bad_value", f"{where}: there is a column {called!r} already; rename it before.")
        at, odd = table.fresh(), None
        moved.append(pl.col(column.at).alias(at))
        if column.odd:
            odd = table.fresh()
            moved.append(pl.col(column.odd).alias(odd))
        added[called] = msgspec.structs.replace(column, at=at, odd=odd, row=row, typed=None)
    return moved, added
