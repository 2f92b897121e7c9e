"""What a filter compares with: a value from the wire takes the type of its column, or is refused."""

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from filemill.engines.tables import schema
from filemill.engines.tables.schema import Type
from filemill.pipelines.value_steps import Scalar

Value = str | int | float | bool | Decimal | date | datetime


class CannotTake(ValueError):
    """The value is not of the column's type."""


def take(value: Scalar, kind: Type) -> Value | None:
    """A value from the wire -> one of the column's type; null stays null. Raises CannotTake."""
    if value is None:
        return None
    taker = _TAKERS.get(kind.name)
    if taker is None:
        raise CannotTake
    try:
        return taker(value, kind)
    except (ValueError, InvalidOperation, OverflowError) as error:
        raise CannotTake from error


def _text(value: Scalar, _: Type) -> str:
    if not isinstance(value, str):
        raise CannotTake
    return value


def _int(value: Scalar, _: Type) -> int:
    if isinstance(value, bool):
        raise CannotTake
    if isinstance(value, str):
        return int(_number(value))
    if int(value or 0) != value:
        raise CannotTake
    return int(value)


def _float(value: Scalar, _: Type) -> float:
    if isinstance(value, bool):
        raise CannotTake
    return float(_number(value) if isinstance(value, str) else value or 0.0)


def _decimal(value: Scalar, _: Type) -> Decimal:
    if isinstance(value, bool):
        raise CannotTake
    # Without an exponent, which Polars would take for digits after the point.
    return Decimal(format(Decimal(_number(value) if isinstance(value, str) else repr(value)), "f"))


def _number(text: str) -> str:
    """A number as it would stand in a file; `int` and `float` would also take ` 3 `, `1_000` and `nan`."""
    if text == "" or not any(schema.fits(text, kind) for kind in (schema.INT, schema.BIG_INT, schema.FLOAT)):
        raise CannotTake
    return text


def _bool(value: Scalar, _: Type) -> bool:
    if isinstance(value, bool):
        return value
    if value in ("true", "false"):
        return value == "true"
    raise CannotTake


def _date(value: Scalar, _: Type) -> date:
    if not isinstance(value, str):
        raise CannotTake
    return date.fromisoformat(value)


def _datetime(value: Scalar, kind: Type) -> datetime:
    if not isinstance(value, str):
        raise CannotTake
    moment = datetime.fromisoformat(value)
    # A moment with a place and one without cannot be compared; a guess would be silent.
    if (moment.tzinfo is None) != (getattr(kind.dtype, "time_zone", None) is None):
        raise CannotTake
    return moment


_TAKERS: dict[str, Callable[[Scalar, Type], Value]] = {
    "text": _text,
    "int": _int,
    "float": _float,
    "decimal": _decimal,
    "bool": _bool,
    "date": _date,
    "datetime": _datetime,
}
