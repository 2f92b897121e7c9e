"""Casts inside expressions, `int(...)`, `date(...)` and so on, and the check that the step `cast` needs, too."""

import re

import polars as pl

from filemill.engines.tables import schema
from filemill.engines.tables.reasons import Reason
from filemill.engines.tables.schema import Type
from filemill.engines.tables.values import converting, operands
from filemill.engines.tables.values.bench import Bench
from filemill.engines.tables.values.operands import DATE, DATETIME, NULL, Operand

NAMES = ("int", "float", "decimal", "text", "bool", "date", "datetime")

UTC = Type("datetime", pl.Datetime("us", "UTC"))

TARGETS = {
    "int": schema.INT,
    "float": schema.FLOAT,
    "text": schema.TEXT,
    "bool": schema.BOOL,
    "date": DATE,
    "datetime": DATETIME,
}
"""The types to be; a decimal's depends on what it is made from."""


def call(bench: Bench, name: str, arguments: list[Operand], whole: str) -> Operand:
    """One value as another type; what would lose by it is a misfit. Raises JobFailed where there is no way."""
    given, *rest = arguments
    target = _target(name, given.type, [one.constant for one in rest])
    if not converting.can(given.type, name) or (given.type.name == "datetime" and rest):
        known = ", ".join(converting.ways(given.type))
        raise bench.refuse(f"{given}, which cannot become {name}, in {operands.shorten(whole)}. {_allowed(known)}")
    if given.type == NULL:
        return Operand(pl.lit(None, dtype=target.dtype), target, whole)
    value = checked(bench, given.value, given.type, target, f", in step {bench.step}: {operands.shorten(whole)}")
    return Operand(value, target, whole)


def checked(bench: Bench, value: pl.Expr, kind: Type, target: Type, where: str) -> pl.Expr:
    """The values as ones of another type, and the check that none was lost; an empty text is null."""
    converted = bench.keep(converting.convert(value, kind, target))
    given = value.is_not_null() & (value != "") if kind.name == "text" else value.is_not_null()
    bench.doubt(converted.is_null() & given, value, _reason(kind, target, where))
    return converted


def _reason(kind: Type, target: Type, where: str) -> str | Reason:
    """Why a value cannot be cast; of a datetime in text whether its zone is the cause."""
    what = f"cannot become {target.name} without loss{where}."
    if kind != schema.TEXT or target.name != "datetime":
        return what

    def reason(text: str) -> str:
        has_zone = re.search(converting.ENDS_IN_ZONE, text) is not None
        if has_zone and target == DATETIME:
            return f"{what} It has a zone, and the first rows have none; datetime(…, 'UTC') in add_column takes zones."
        return what if has_zone or target == DATETIME else f"{what} It has no zone, and others have one."

    return reason


def _allowed(known: str) -> str:
    return f"It can become {known}." if known else "It can become nothing else."


def _target(name: str, kind: Type, rest: list[object]) -> Type:
    if name == "decimal":
        return decimal_for(kind, *(place for place in rest if isinstance(place, int)))
    if name == "datetime":
        return UTC if rest else kind if kind.name == "datetime" else DATETIME
    return TARGETS[name]


def decimal_for(kind: Type, places: int | None = None) -> Type:
    """The type of decimals that a type becomes; `places` behind the point where that is said."""
    if places is not None:
        return operands.decimal(places)
    return operands.decimal(schema.PLACES if kind.name in ("text", "float") else schema.scale_of(kind))
