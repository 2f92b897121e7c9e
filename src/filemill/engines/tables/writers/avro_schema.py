"""The Avro schema of a table, and its types as a file holds them."""

import re
from typing import Any

import polars as pl

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def schema_of(names: tuple[str, ...], dtypes: list[Any]) -> dict[str, Any]:
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


def held(dtype: Any) -> Any:
    """A type as Avro can hold it: a map has text as its keys, else it is a list of pairs."""
    match dtype:
        case pl.List() | pl.Array():
            return pl.List(held(dtype.inner))
        case pl.Struct():
            return pl.Struct({field.name: held(field.dtype) for field in dtype.fields})
        case pl.Map() if dtype.key == pl.String():
            return pl.Map(dtype.key, held(dtype.value))
        case pl.Map():
            return pl.List(pl.Struct({"key": held(dtype.key), "value": held(dtype.value)}))
    return dtype


def _written(dtype: Any, path: str) -> Any:
    """`path` makes a name for every record in it, which Avro wants to be unique."""
    made: Any = _LOGICALLY.get(dtype) or _simple(dtype)
    match dtype:
        case pl.Decimal():
            made = {"type": "bytes", "logicalType": "decimal", "precision": dtype.precision, "scale": dtype.scale}
        case pl.Datetime():
            unit = "millis" if dtype.time_unit == "ms" else "micros"
            made = {"type": "long", "logicalType": f"{'' if dtype.time_zone else 'local-'}timestamp-{unit}"}
        case pl.List():
            made = {"type": "array", "items": ["null", _written(dtype.inner, f"{path}_0")]}
        case pl.Map():
            made = {"type": "map", "values": ["null", _written(dtype.value, f"{path}_0")]}
        case pl.Struct():
            fields = [
                {"name": field.name, "type": ["null", _written(field.dtype, f"{path}_{number}")]}
                for number, field in enumerate(dtype.fields)
            ]
            made = {"type": "record", "name": path, "fields": fields}
    return made


_LOGICALLY: dict[pl.DataType, Any] = {
    pl.Date(): {"type": "int", "logicalType": "date"},
    pl.Time(): {"type": "long", "logicalType": "time-micros"},
}


def _simple(dtype: pl.DataType) -> str:
    if dtype in (pl.Int8(), pl.Int16(), pl.Int32(), pl.UInt8(), pl.UInt16()):
        return "int"
    if dtype.is_integer():
        return "long"
    named = {
        pl.Boolean(): "boolean",
        pl.Float16(): "float",
        pl.Float32(): "float",
        pl.Float64(): "double",
        pl.Binary(): "bytes",
    }
    return named.get(dtype, "string")
