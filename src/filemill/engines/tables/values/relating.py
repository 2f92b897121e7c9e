"""Comparisons of two values: unknown (null) where one of them is null."""

import polars as pl

from filemill.engines.tables import schema
from filemill.engines.tables.schema import Type
from filemill.engines.tables.values import operands
from filemill.engines.tables.values.bench import Bench
from filemill.engines.tables.values.operands import NULL, Operand

_COMPARABLE = (*operands.NUMBERS, *operands.MOMENTS, "text", "bool", "time")


def compare(bench: Bench, operator: str, left: Operand, right: Operand, whole: str) -> Operand:
    """Whether it holds; null where one of them is null. Raises JobFailed where they do not go together."""
    kind = comparable(bench, [left, right], whole)
    if kind == NULL:
        return Operand(pl.lit(None, dtype=pl.Boolean()), schema.BOOL, whole)
    ours, theirs = _sides(bench, left, right, kind)
    return Operand(bench.keep(holds(operator, ours, theirs, kind)), schema.BOOL, whole)


def comparable(bench: Bench, parts: list[Operand], whole: str) -> Type:
    """The type in which the operands are compared. Raises JobFailed."""
    kind = operands.common(bench, parts, whole)
    if kind != NULL and kind.name not in _COMPARABLE:
        raise bench.refuse(f"values of type {kind.name} cannot be compared, in {operands.shorten(whole)}.")
    return kind


def holds(operator: str, ours: pl.Expr, theirs: pl.Expr, kind: Type) -> pl.Expr:
    """The comparison of two values of one type. NaN is not equal to anything, nor before or behind it."""
    match operator:
        case "=":
            held = ours == theirs
        case "!=":
            held = ours != theirs
        case "<":
            held = ours < theirs
        case "<=":
            held = ours <= theirs
        case ">":
            held = ours > theirs
        case _:
            held = ours >= theirs
    if kind.name != "float":
        return held
    # Polars holds NaN to be greater than every number, and equal to itself.
    odd = ours.is_nan() | theirs.is_nan()
    return held | odd if operator == "!=" else held & ~odd


def _sides(bench: Bench, left: Operand, right: Operand, kind: Type) -> tuple[pl.Expr, pl.Expr]:
    if kind.name == "decimal" and NULL not in (left.type, right.type):
        # Polars compares decimals of any scale, and decimals with whole numbers, exactly.
        return left.value, right.value
    return operands.take_as(bench, left, kind), operands.take_as(bench, right, kind)
