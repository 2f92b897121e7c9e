"""What an expression computes with: a value and its type, and how operands of several types come to one."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec
import polars as pl
from msgspec import UNSET, UnsetType

from filemill.engines.tables import schema, trouble
from filemill.engines.tables.schema import Type, scale_of
from filemill.engines.tables.values import converting
from filemill.engines.tables.values.bench import Bench

NULL = Type("null", pl.Null())
DATE = Type("date", pl.Date())
DATETIME = Type("datetime", pl.Datetime("us"))

NUMBERS = ("int", "decimal", "float")
MOMENTS = ("date", "datetime")

_MOST_EXACT = 2**53
"""A float carries whole numbers up to here, and decimals of up to 15 digits."""
_MOST_DIGITS = 10**15


class Operand(msgspec.Struct, frozen=True):
    """A value in the making. `shown` is its expression; `constant` its value where it is written out.

    `is_loose`: a column of text without a value in its first rows, which counts as a number where one is needed.
    """

    value: pl.Expr
    type: Type
    shown: str
    constant: Any | UnsetType = UNSET
    is_loose: bool = False

    def __str__(self) -> str:
        return f"{trouble.shorten(self.shown)[1:-1]} is {self.type.name}"


def decimal(scale: int) -> Type:
    """The type of decimals with so many digits behind the point."""
    return Type("decimal", pl.Decimal(38, scale))


def of_constant(constant: int | Decimal | float | str | bool | None, shown: str) -> Operand:
    """A value that is written out."""
    match constant:
        case None:
            kind = NULL
        case bool():
            kind = schema.BOOL
        case int():
            kind = schema.INT if -(2**63) <= constant < 2**63 else schema.BIG_INT
        case Decimal():
            kind = decimal(-int(constant.as_tuple().exponent))
        case float():
            kind = schema.FLOAT
        case str():
            kind = schema.TEXT
    return Operand(_literal(constant, kind), kind, shown, constant)


def take_as(bench: Bench, operand: Operand, kind: Type) -> pl.Expr:
    """The operand's value as one of a type that `common` gave, or that its own fits."""
    if operand.type == kind:
        value = operand.value
    elif operand.type == NULL:
        value = pl.lit(None, dtype=kind.dtype)
    elif operand.is_loose:
        value = _typed(bench, operand, kind)
    elif operand.constant is not UNSET:
        value = _constant_as(bench, operand, kind)
    elif kind.name == "float":
        value = as_float(bench, operand)
    elif kind.name == "decimal":
        value = _as_decimal(bench, operand, kind)
    else:
        value = operand.value.cast(kind.dtype)
    return value


def common(bench: Bench, operands: list[Operand], whole: str) -> Type:
    """The type in which all can stand side by side. Raises JobFailed naming two that cannot; `whole` is all of it."""
    found = NULL
    for operand in operands:
        if operand.is_loose or _is_written_date(operand, operands):
            continue
        merged = _merge(found, operand.type)
        if merged is None:
            other = next(one for one in operands if one.type == found or one.type.name == found.name)
            hint = _HINTS.get(frozenset((found.name, operand.type.name)), "")
            raise bench.refuse(f"{other} and {operand}, in {shorten(whole)}: these do not go together.{hint}")
        found = merged
    if not any(operand.is_loose for operand in operands):
        return found
    # A column without values counts as what is needed, and among numbers as one of floats.
    return schema.FLOAT if found.name in NUMBERS else schema.TEXT if found == NULL else found


_HINTS = {
    frozenset(("text", name)): f" Cast one of them: text(...) or {name}(...)." for name in (*NUMBERS, *MOMENTS, "bool")
}


def number(bench: Bench, operand: Operand, whole: str) -> Operand:
    """The operand, which must be a number. Raises JobFailed."""
    if operand.is_loose:
        return Operand(_typed(bench, operand, schema.FLOAT), schema.FLOAT, operand.shown)
    if operand.type.name not in (*NUMBERS, "null"):
        hint = _NO_NUMBER.get(operand.type.name, "")
        raise bench.refuse(f"{operand}, and a number is needed in {shorten(whole)}.{hint}")
    return operand


_NO_NUMBER = {
    "text": " Write int(...) or float(...) for the number it stands for, concat(a, b) to join text.",
    "date": " Write date_add or date_diff.",
    "datetime": " Write date_add or date_diff.",
}


def must_be(bench: Bench, operand: Operand, kind: Type, whole: str) -> pl.Expr:
    """The operand's value, which must be of one type. Raises JobFailed."""
    if operand.type not in (kind, NULL) and not (operand.is_loose and kind == schema.BOOL):
        hint = f" Write {kind.name}({operand.shown})." if kind.name in ("text", "int") else ""
        raise bench.refuse(f"{operand}, and {kind.name} is needed in {shorten(whole)}.{hint}")
    return take_as(bench, operand, kind)


def as_float(bench: Bench, operand: Operand) -> pl.Expr:
    """A number as a float. Whole numbers beyond 2**53 and decimals of more than 15 digits are misfits."""
    own = operand.value
    if operand.type.name == "float":
        return own
    if operand.type.name == "int":
        bad, what = ~own.is_between(-_MOST_EXACT, _MOST_EXACT), "is beyond the whole numbers a float carries exactly"
    else:
        bad, what = converting.unscaled(own).abs() >= _MOST_DIGITS, "has more than the 15 digits a float carries"
    bench.doubt(bad, own.cast(pl.String), f"{what}, in step {bench.step}: {shorten(operand.shown)}.")
    return own.cast(pl.Float64)


def shorten(whole: str) -> str:
    """An expression as it may stand in a sentence."""
    return whole if len(whole) <= 60 else f"{whole[:57]}..."


def _merge(one: Type, other: Type) -> Type | None:
    if other in (one, NULL):
        return one
    if one == NULL:
        return other
    names = {one.name, other.name}
    if names <= {"int", "decimal"}:
        return decimal(max(scale_of(one), scale_of(other)))
    if names <= set(NUMBERS):
        return schema.FLOAT
    if names == {"datetime"} and _zone(one) == _zone(other):
        return Type("datetime", pl.Datetime("us", _zone(one)))
    return None


def _zone(kind: Type) -> str | None:
    return getattr(kind.dtype, "time_zone", None)


def _is_written_date(operand: Operand, others: list[Operand]) -> bool:
    """Text beside a date is taken as one, as in a filter."""
    return isinstance(operand.constant, str) and any(other.type.name in MOMENTS for other in others)


def _typed(bench: Bench, operand: Operand, kind: Type) -> pl.Expr:
    if kind.name == "text":
        return operand.value
    if kind not in (schema.FLOAT, schema.BOOL):
        raise bench.refuse(f"{operand}, and {kind.name} is needed. Write {kind.name}({shorten(operand.shown)}).")
    value = bench.keep(schema.typed(operand.value, kind))
    bad = schema.misfit(operand.value, value, kind)
    bench.doubt(bad, operand.value, f"is no {kind.name}, which step {bench.step} needs.")
    return value


def _constant_as(bench: Bench, operand: Operand, kind: Type) -> pl.Expr:
    constant: Any = operand.constant
    try:
        match kind.name:
            case "float" if float(constant) == constant or isinstance(constant, Decimal):
                constant = float(constant)
            case "decimal" if isinstance(constant, int):
                constant = Decimal(constant)
            case "decimal" if isinstance(constant, Decimal):
                pass
            case "date" if isinstance(constant, str) and converting.is_date(constant):
                constant = date.fromisoformat(constant)
            case "datetime" if isinstance(constant, str):
                constant = datetime.fromisoformat(constant)
                if (constant.tzinfo is None) != (_zone(kind) is None):
                    raise ValueError
            case _:
                raise ValueError
    except (ValueError, OverflowError):
        raise bench.refuse(f"{shorten(operand.shown)} is no value of type {kind.name}, which is needed here.") from None
    return _literal(constant, kind)


def _literal(constant: Any, kind: Type) -> pl.Expr:
    if isinstance(constant, int | Decimal) and kind.name == "decimal":
        # By its digits: Polars would give a literal the scale it has by itself.
        whole = int(Decimal(constant).scaleb(scale_of(kind), converting.EXACT))
        return converting.scaled(pl.lit(whole, dtype=pl.Int128), scale_of(kind))
    return pl.lit(constant, dtype=kind.dtype)


def _as_decimal(bench: Bench, operand: Operand, kind: Type) -> pl.Expr:
    value = bench.keep(converting.rescaled(operand.value, operand.type, kind))
    bench.doubt(
        value.is_null() & operand.value.is_not_null(),
        operand.value.cast(pl.String),
        f"has more digits than the 38 of a decimal, in step {bench.step}: {shorten(operand.shown)}.",
    )
    return value
