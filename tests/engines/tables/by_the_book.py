"""What an expression means, in plain Python, one row at a time: the book that engines are held against."""

import math
from collections.abc import Callable
from datetime import date
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from filemill.pipelines.expressions import Call, Column, Expression, Null, Number, Operation, Text, Truth

Row = dict[str, Any]
Kind = tuple[str, int]
"""A type's name, and digits behind the point."""

BIG = Context(prec=200)
_NULL: Kind = ("null", 0)
_GIVES: dict[str, Kind] = {
    **dict.fromkeys(("length", "year", "month", "weekday", "floor", "ceil", "int"), ("int", 0)),
    **dict.fromkeys(("upper", "substring", "concat", "replace", "text", "right"), ("text", 0)),
    **dict.fromkeys(("contains", "is_null"), ("bool", 0)),
    **dict.fromkeys(("sqrt", "float"), ("float", 0)),
    "date_add": ("date", 0),
}


class Misfit(Exception):
    """The row must fail the job."""


class Book:
    """What expressions mean over columns of these types."""

    def __init__(self, kinds: dict[str, Kind]) -> None:
        self.kinds = kinds

    def kind_of(self, expression: Expression) -> Kind:  # noqa: PLR0911, PLR0912 -- case by case is what a book is
        """The type of an expression's values."""
        match expression:
            case Column(name):
                return self.kinds[name]
            case Number(value):
                if isinstance(value, Decimal):
                    return ("decimal", -int(value.as_tuple().exponent))
                return ("float" if isinstance(value, float) else "int", 0)
            case Text():
                return ("text", 0)
            case Truth():
                return ("bool", 0)
            case Null():
                return _NULL
            case Operation("+" | "-" | "%", parts):
                return self.common(parts)
            case Operation("*", parts):
                first, second = (self.kind_of(part) for part in parts)
                merged = self.common(parts)
                return ("decimal", first[1] + second[1]) if merged[0] == "decimal" else merged
            case Operation("/", _):
                return ("float", 0)
            case Operation():
                return ("bool", 0)
            case Call("if", (_, *parts)) | Call("coalesce" | "min" | "max", parts):
                return self.common(tuple(parts))
            case Call("round", (number,)):
                return ("int", 0)
            case Call("abs", (number,)) | Call("round", (number, _)):
                return self.kind_of(number)
            case Call(name, _):
                return _GIVES[name]
        raise AssertionError(expression)

    def common(self, parts: tuple[Expression, ...]) -> Kind:
        """The type in which all can stand side by side."""
        found = _NULL
        for kind in map(self.kind_of, parts):
            if "float" in (found[0], kind[0]):
                found = ("float", 0)
            elif "decimal" in (found[0], kind[0]):
                found = ("decimal", max(found[1], kind[1]))
            elif kind != _NULL:
                found = kind
        return found

    def value_of(self, expression: Expression, row: Row) -> Any:  # noqa: PLR0911, PLR0912 -- the same
        """The value in a row. Raises Misfit."""
        match expression:
            case Column(name):
                return row[name]
            case Number(value) | Text(value) | Truth(value):
                return value
            case Null():
                return None
            case Operation("and" | "or" as word, parts):
                return self._conditions(word == "and", parts, row)
            case Operation("not", (inner,)):
                held = self.value_of(inner, row)
                return None if held is None else not held
            case Operation("-", (inner,)):
                own = self.value_of(inner, row)
                return None if own is None else carried(-own if own else own, self.kind_of(inner))
            case Operation(operator, (left, right)):
                return self._operation(expression, operator, left, right, row)
            case Call("if", (condition, first, second)):
                chosen = first if self.value_of(condition, row) else second
                return self.taken(self.value_of(chosen, row), chosen, self.kind_of(expression))
            case Call("coalesce", parts):
                for part in parts:
                    if (value := self.value_of(part, row)) is not None:
                        return self.taken(value, part, self.kind_of(expression))
                return None
            case Call("is_null", (inner,)):
                return self.value_of(inner, row) is None
            case Call("min" | "max" as name, parts):
                values = [self.taken(self.value_of(part, row), part, self.kind_of(expression)) for part in parts]
                return None if None in values else (min if name == "min" else max)(values)
            case Call(name, parts):
                values = [self.value_of(part, row) for part in parts]
                return None if None in values else carried(FUNCTIONS[name](*values), self.kind_of(expression))
        raise AssertionError(expression)

    def taken(self, value: Any, part: Expression, kind: Kind) -> Any:
        """A value as one of the type that several have in common."""
        own = self.kind_of(part)
        if value is None or own == kind:
            return value
        if kind[0] == "float":
            if not isinstance(part, Number) and abs(value) > (
                2**53 if own[0] == "int" else Decimal(10**15 - 1).scaleb(-own[1])
            ):
                raise Misfit
            return float(value)
        return carried(Decimal(value), kind)

    def _conditions(self, is_and: bool, parts: tuple[Expression, ...], row: Row) -> bool | None:
        found: bool | None = is_and
        for part in parts:
            held = self.value_of(part, row)
            if held is (not is_and):
                return held
            found = None if held is None else found
        return found

    def _operation(self, whole: Expression, operator: str, left: Expression, right: Expression, row: Row) -> Any:
        values = [self.value_of(left, row), self.value_of(right, row)]
        if operator in COMPARES:
            together = self.common((left, right))
            ours, theirs = (
                self.taken(value, part, together) if together[0] != "decimal" else value
                for value, part in zip(values, (left, right), strict=True)
            )
            return None if None in (ours, theirs) else COMPARES[operator](ours, theirs)
        kind = ("float", 0) if operator == "/" else self.common((left, right))
        if kind[0] == "decimal" and operator == "*":
            ours, theirs = values
        else:
            ours, theirs = (self.taken(value, part, kind) for value, part in zip(values, (left, right), strict=True))
        if ours is None or theirs is None or (operator in "/%" and not theirs):
            return None
        return carried(ARITHMETIC[kind[0]][operator](ours, theirs), self.kind_of(whole))


def carried(value: Any, kind: Kind) -> Any:
    """The value, if its type can carry it."""
    if value is None:
        return None
    match kind[0]:
        case "int" if not -(2**63) <= value < 2**63:
            raise Misfit
        case "decimal" if abs(value.scaleb(kind[1], BIG)) >= 10**38:
            raise Misfit
        case "float" if not math.isfinite(value):
            raise Misfit
        case "float":
            return value or 0.0
        case "date" if not date.min <= value <= date.max:
            raise Misfit
    return value


def _floor(value: Decimal, by: Decimal) -> Decimal:
    return BIG.subtract(value, BIG.multiply(by, Decimal(math.floor(BIG.divide(value, by)))))


def _finite(compute: Callable[[float, float], float]) -> Callable[[float, float], float]:
    def safely(ours: float, theirs: float) -> float:
        try:
            return compute(ours, theirs)
        except OverflowError:
            return math.inf

    return safely


COMPARES: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda ours, theirs: ours == theirs,
    "!=": lambda ours, theirs: ours != theirs,
    "<": lambda ours, theirs: ours < theirs,
    "<=": lambda ours, theirs: ours <= theirs,
    ">": lambda ours, theirs: ours > theirs,
    ">=": lambda ours, theirs: ours >= theirs,
}
_PLAIN: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda ours, theirs: ours + theirs,
    "-": lambda ours, theirs: ours - theirs,
    "*": lambda ours, theirs: ours * theirs,
    "%": lambda ours, theirs: ours % theirs,
}
ARITHMETIC: dict[str, dict[str, Callable[[Any, Any], Any]]] = {
    "int": _PLAIN,
    "float": {**_PLAIN, "/": _finite(lambda ours, theirs: ours / theirs)},
    "decimal": {"+": BIG.add, "-": BIG.subtract, "*": BIG.multiply, "%": _floor},
}


def _rounded(value: Any, places: int | None = None) -> Any:
    if isinstance(value, int):
        return value
    exact = Decimal(value).quantize(Decimal(1).scaleb(-(places or 0)), ROUND_HALF_UP, BIG)
    return int(exact) if places is None else exact


def _whole(value: Any) -> int:
    whole = int(value)
    if whole != value:
        raise Misfit
    return whole


def _as_float(value: Any) -> float:
    if isinstance(value, int) and abs(value) > 2**53:
        raise Misfit
    return float(value)


def _substring(text: str, start: int, length: int) -> str | None:
    return text[start - 1 : start - 1 + length] if start >= 1 and length >= 0 else None


def _later(day: date, days: int) -> date:
    try:
        return date.fromordinal(day.toordinal() + days)
    except (OverflowError, ValueError):
        raise Misfit from None


FUNCTIONS: dict[str, Callable[..., Any]] = {
    "length": len,
    "upper": str.upper,
    "substring": _substring,
    "right": lambda text, n: None if n < 0 else text[max(len(text) - n, 0) :],
    "concat": lambda *texts: "".join(texts),
    "replace": lambda text, part, other: text.replace(part, other) if part else text,
    "contains": lambda text, part: part in text,
    "year": lambda day: day.year,
    "month": lambda day: day.month,
    "weekday": lambda day: day.isoweekday(),
    "date_add": lambda day, n, _unit: _later(day, n),
    "abs": abs,
    "round": _rounded,
    "floor": math.floor,
    "ceil": math.ceil,
    "sqrt": lambda number: math.sqrt(number) if number >= 0 else None,
    "int": _whole,
    "float": _as_float,
    "text": str,
}
