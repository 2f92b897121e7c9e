"""What Avro's types are as columns."""

from collections.abc import Callable
from typing import Any

import msgspec
import polars as pl

from filemill.engines.tables.readers import foreign
from filemill.engines.tables.readers.nesting import MOST_LEVELS
from filemill.engines.tables.schema import MOST_DECIMAL_DIGITS
from filemill.engines.tables.values import nested

MOST_LEAVES = 10_000
"""Of a column. Types have names, and may stand in others again and again: sixty of them can make more than memory."""


class CannotRead(ValueError):
    """The file's schema has what no column can hold; the text is a sentence."""


class Field(msgspec.Struct, frozen=True):
    """A column: its name and type, and what makes its values out of those the library gives.

    `marks` say of its leaves what the file calls them where `dtype` does not tell.
    """

    name: str
    dtype: pl.DataType
    take: Callable[[Any], Any]
    marks: list[str | None]


_PLAIN: dict[str, pl.DataType] = {
    "null": pl.Null(),
    "boolean": pl.Boolean(),
    "int": pl.Int32(),
    "long": pl.Int64(),
    "float": pl.Float32(),
    "double": pl.Float64(),
    "string": pl.String(),
    "bytes": pl.Binary(),
    "fixed": pl.Binary(),
    "enum": pl.String(),
}

_LOGICAL: dict[tuple[str, str], pl.DataType] = {
    ("int", "date"): pl.Date(),
    ("int", "time-millis"): pl.Time(),
    ("long", "time-micros"): pl.Time(),
    ("long", "timestamp-millis"): pl.Datetime("ms", "UTC"),
    ("long", "timestamp-micros"): pl.Datetime("us", "UTC"),
    ("long", "local-timestamp-millis"): pl.Datetime("ms"),
    ("long", "local-timestamp-micros"): pl.Datetime("us"),
    ("long", "timestamp-nanos"): pl.Datetime("ns", "UTC"),
    ("long", "local-timestamp-nanos"): pl.Datetime("ns"),
}


def fields_of(schema: Any) -> list[Field]:
    """The columns of a file with this schema. Raises CannotRead.

    Days and moments lose their logical type in `schema`, so that the library gives them as the numbers that they are:
    as Python's they end with the year 9999.
    """
    if not isinstance(schema, dict) or schema.get("type") != "record" or not schema.get("fields"):
        raise CannotRead("The file does not hold records with fields.")
    named: dict[str, Any] = {}
    _learn_names(schema, named)
    fields = []
    for field in schema["fields"]:
        marks: list[str | None] = []
        fields.append(Field(field["name"], *_read(field["type"], field["name"], named, 0, marks), marks))
    _uncover(schema)
    return fields


def stored(dtype: pl.DataType) -> pl.DataType:
    """A type with whole numbers in the place of days and moments, as the library gives them."""
    return nested.retyped(dtype, _stored)  # type: ignore[no-any-return]


def _stored(dtype: Any) -> Any:
    return pl.Int32() if dtype == pl.Date() else pl.Int64() if isinstance(dtype, pl.Datetime) else dtype


def _uncover(schema: Any) -> None:
    """Takes the logical types of days and moments away."""
    if isinstance(schema, list):
        for one in schema:
            _uncover(one)
    elif isinstance(schema, dict):
        if isinstance(_LOGICAL.get((str(schema.get("type")), str(schema.get("logicalType")))), pl.Date | pl.Datetime):
            del schema["logicalType"]
        for inner in ("items", "values", "type"):
            _uncover(schema.get(inner))
        for field in schema.get("fields", ()):
            _uncover(field["type"])


def _learn_names(schema: Any, named: dict[str, Any]) -> None:
    if isinstance(schema, list):
        for one in schema:
            _learn_names(one, named)
    elif isinstance(schema, dict):
        if "name" in schema and schema.get("type") in ("record", "enum", "fixed", "error"):
            named[schema["name"]] = schema
        for inner in ("items", "values", "type"):
            _learn_names(schema.get(inner), named)
        for field in schema.get("fields", ()):
            _learn_names(field["type"], named)


def _same(value: Any) -> Any:
    return value


Read = tuple[pl.DataType, Callable[[Any], Any]]


def _read(schema: Any, column: str, named: dict[str, Any], depth: int, marks: list[str | None]) -> Read:
    if depth >= MOST_LEVELS:
        raise CannotRead(f"Column {column!r} is nested more than {MOST_LEVELS} levels deep, or within itself.")
    if len(marks) > MOST_LEAVES:
        raise CannotRead(f"Column {column!r} holds more than {MOST_LEAVES:,} values within one another.")
    if isinstance(schema, str):
        if schema in _PLAIN:
            marks.append(None)
            return _PLAIN[schema], _same
        schema = named.get(schema, schema)
    if isinstance(schema, list):
        others = [one for one in schema if one != "null"]
        if len(others) > 1:
            raise CannotRead(f"Column {column!r} may hold values of several types, which a table cannot.")
        inner = others[0] if others else "null"
        # What may be null is no level of its own; a list of types within a list of types is not Avro.
        dtype, take = _read(inner, column, named, depth + isinstance(inner, list), marks)
        return dtype, (_same if take is _same else lambda value: None if value is None else take(value))
    if not isinstance(schema, dict):
        raise CannotRead(f"Column {column!r} has a type that is not known.")
    return _logical(schema, column, marks) or _nested(schema, column, named, depth, marks)


def _logical(schema: dict[str, Any], column: str, marks: list[str | None]) -> Read | None:
    """A leaf with a logical type."""
    kind, logical = schema.get("type"), schema.get("logicalType")
    if not isinstance(kind, str) or kind not in _PLAIN or not isinstance(logical, str):
        return None
    if logical == "decimal":
        return _decimal(schema, column, marks)
    known = _LOGICAL.get((kind, logical))
    if known is not None:
        marks.append(None)
        return known, _same
    marks.append(_MARKS.get((kind, logical), logical))
    return _PLAIN[kind], (_text if (kind, logical) == ("string", "uuid") else _same)


_MARKS = {("fixed", "duration"): foreign.INTERVALS}


def _decimal(schema: dict[str, Any], column: str, marks: list[str | None]) -> Read:
    precision, scale = schema.get("precision", 0), schema.get("scale", 0)
    if schema["type"] not in ("bytes", "fixed") or not 0 <= scale <= precision or not precision:
        raise CannotRead(f"Column {column!r} has the logical type decimal, in a form that cannot be read.")
    if precision <= MOST_DECIMAL_DIGITS:
        marks.append(None)
        return pl.Decimal(precision, scale), _same
    marks.append(foreign.long_decimal(precision, scale))
    return pl.String(), _digits


def _text(value: Any) -> Any:
    return None if value is None else str(value)


def _digits(value: Any) -> Any:
    return None if value is None else format(value, "f")


def _nested(schema: Any, column: str, named: dict[str, Any], depth: int, marks: list[str | None]) -> Read:
    kind = schema["type"]
    if kind == "array":
        inner, take = _read(schema["items"], column, named, depth + 1, marks)
        return pl.List(inner), (
            _same if take is _same else lambda value: None if value is None else [take(one) for one in value]
        )
    if kind == "map":
        marks.append(None)
        inner, take = _read(schema["values"], column, named, depth + 1, marks)
        return pl.Map(pl.String(), inner), (
            _same
            if take is _same
            else lambda value: None if value is None else {key: take(one) for key, one in value.items()}
        )
    if kind in ("record", "error"):
        fields = {field["name"]: _read(field["type"], column, named, depth + 1, marks) for field in schema["fields"]}
        return pl.Struct(
            {name: dtype for name, (dtype, _) in fields.items()}
        ), lambda value: None if value is None else {name: take(value[name]) for name, (_, take) in fields.items()}
    if kind == "fixed" and isinstance(schema.get("size"), int):
        marks.append(f"binary of {schema['size']} bytes")
        return pl.Binary(), _same
    return _read(kind, column, named, depth + 1, marks)
