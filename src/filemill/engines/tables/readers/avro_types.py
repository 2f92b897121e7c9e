"""What Avro's types are as columns, in both directions."""

import re
from collections.abc import Callable
from typing import Any

import msgspec
import polars as pl

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_DEEPEST = 64


class CannotRead(ValueError):
    """The file's schema has what no column can hold; the text is a sentence."""


class Field(msgspec.Struct, frozen=True):
    """A column: its name and type, and what makes its values out of those the library gives."""

    name: str
    dtype: pl.DataType
    take: Callable[[Any], Any]


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
}


def fields_of(schema: Any) -> list[Field]:
    """The columns of a file with this schema. Raises CannotRead."""
    if not isinstance(schema, dict) or schema.get("type") != "record" or not schema.get("fields"):
        raise CannotRead("The file does not hold records with fields.")
    named: dict[str, Any] = {}
    _learn_names(schema, named)
    return [Field(field["name"], *_read(field["type"], field["name"], named, 0)) for field in schema["fields"]]


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


def _read(schema: Any, column: str, named: dict[str, Any], depth: int) -> tuple[pl.DataType, Callable[[Any], Any]]:
    if depth > _DEEPEST:
        raise CannotRead(f"Column {column!r} is nested too deeply, or within itself.")
    if isinstance(schema, str):
        if schema in _PLAIN:
            return _PLAIN[schema], _same
        schema = named.get(schema, schema)
    if isinstance(schema, list):
        others = [one for one in schema if one != "null"]
        if len(others) > 1:
            raise CannotRead(f"Column {column!r} may hold values of several types, which a table cannot.")
        dtype, take = _read(others[0] if others else "null", column, named, depth + 1)
        return dtype, (_same if take is _same else lambda value: None if value is None else take(value))
    if not isinstance(schema, dict):
        raise CannotRead(f"Column {column!r} has a type that is not known.")
    kind, logical = schema.get("type"), schema.get("logicalType")
    if logical == "decimal" and kind in ("bytes", "fixed") and 0 < schema.get("precision", 0) <= 38:
        return pl.Decimal(schema["precision"], schema.get("scale", 0)), _same
    if logical == "uuid" and kind == "string":
        return pl.String(), lambda value: None if value is None else str(value)
    if isinstance(kind, str) and isinstance(logical, str) and (kind, logical) in _LOGICAL:
        return _LOGICAL[kind, logical], _same
    if logical in ("decimal", "uuid"):
        raise CannotRead(f"Column {column!r} has the logical type {logical}, in a form that cannot be read.")
    return _nested(schema, column, named, depth)


def _nested(schema: Any, column: str, named: dict[str, Any], depth: int) -> tuple[pl.DataType, Callable[[Any], Any]]:
    kind = schema["type"]
    if kind == "array":
        inner, take = _read(schema["items"], column, named, depth + 1)
        return pl.List(inner), (
            _same if take is _same else lambda value: None if value is None else [take(one) for one in value]
        )
    if kind == "map":
        inner, take = _read(schema["values"], column, named, depth + 1)
        pairs = pl.List(pl.Struct({"key": pl.String(), "value": inner}))
        return (
            pairs,
            lambda value: None if value is None else [{"key": key, "value": take(one)} for key, one in value.items()],
        )
    if kind in ("record", "error"):
        fields = {field["name"]: _read(field["type"], column, named, depth + 1) for field in schema["fields"]}
        return pl.Struct(
            {name: dtype for name, (dtype, _) in fields.items()}
        ), lambda value: None if value is None else {name: take(value[name]) for name, (_, take) in fields.items()}
    return _read(kind, column, named, depth + 1)


def schema_of(names: tuple[str, ...], dtypes: list[pl.DataType]) -> dict[str, Any]:
    """The Avro schema of a table whose columns have these names and types. Every value may be null."""
    fields = [
        {"name": name, "type": ["null", _written(dtype, f"c{number}")]}
        if dtype != pl.Null()
        else {"name": name, "type": "null"}
        for number, (name, dtype) in enumerate(zip(names, dtypes, strict=True))
    ]
    return {"type": "record", "name": "row", "fields": fields}


def is_name(name: str) -> bool:
    """Whether a column of Avro may be called so."""
    return _NAME.fullmatch(name) is not None


def _written(dtype: pl.DataType, path: str) -> Any:
    """`path` makes a name for every record in it, which Avro wants to be unique."""
    match dtype:
        case pl.Decimal():
            return {"type": "bytes", "logicalType": "decimal", "precision": dtype.precision, "scale": dtype.scale}
        case pl.Datetime():
            unit = "millis" if dtype.time_unit == "ms" else "micros"
            return {"type": "long", "logicalType": f"{'' if dtype.time_zone else 'local-'}timestamp-{unit}"}
        case pl.List() | pl.Array():
            return {"type": "array", "items": ["null", _written(dtype.inner, f"{path}_0")]}  # type: ignore[arg-type]
        case pl.Struct():
            fields = [
                {"name": field.name, "type": ["null", _written(field.dtype, f"{path}_{number}")]}  # type: ignore[arg-type]
                for number, field in enumerate(dtype.fields)
            ]
            return {"type": "record", "name": path, "fields": fields}
    return _LOGICALLY.get(dtype) or _simple(dtype)


_LOGICALLY: dict[pl.DataType, Any] = {
    pl.Date(): {"type": "int", "logicalType": "date"},
    pl.Time(): {"type": "long", "logicalType": "time-micros"},
}


def _simple(dtype: pl.DataType) -> str:
    if dtype in (pl.Int8(), pl.Int16(), pl.Int32(), pl.UInt8(), pl.UInt16()):
        return "int"
    if dtype.is_integer():
        return "long"
    named = {pl.Boolean(): "boolean", pl.Float32(): "float", pl.Float64(): "double", pl.Binary(): "bytes"}
    return named.get(dtype, "string")
