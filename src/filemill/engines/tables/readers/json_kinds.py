"""What kinds of values the lines of an NDJSON file hold under each key, and how two kinds become one, or do not.

JSON knows one kind of number. Here whole numbers are told apart by how far they go, since a double carries them
exactly only up to 2**53: such a column may still become one of fractions, a wider one may not.
"""

import re
from typing import Annotated, Any

import msgspec
import polars as pl
from msgspec import UNSET, UnsetType

_ESCAPED = re.compile(r'["\\\x00-\x1f]')

MOST_EXACT = 2**53
MOST_WIDE = 2**63 - 1
MOST_BIG = 10**38 - 1
DEEPEST = 64
"""How deep values may be nested."""


class Array(msgspec.Struct, frozen=True):
    """A list of values of one kind."""

    inner: "Kind"


class Object(msgspec.Struct, frozen=True):
    """Values under keys."""

    fields: dict[str, "Kind"]


Kind = str | Array | Object
"""null, bool, int (exact as a double), wide (64 bits), big (38 digits), float, text, json, or nested.

Under a key of the kind json any value stands as its own text: see `Crowd`.
"""

MOST_KEYS = 64
SPARSE = 8
"""Objects of more different keys than that, of which each holds less than an eighth, are JSON text.

Every key would be a column of its own, nearly all of it nulls, and a file of some MB a gigabyte in memory.
"""

_SCALARS: dict[type, Kind] = {type(None): "null", bool: "bool", float: "float", str: "text"}
_WHOLE = ("int", "wide", "big")

_DTYPES: dict[str, pl.DataType] = {
    # A key that never had a value is taken for text, like an empty column of a csv.
    "null": pl.String(),
    "bool": pl.Boolean(),
    "int": pl.Int64(),
    "wide": pl.Int64(),
    "big": pl.Int128(),
    "float": pl.Float64(),
    "text": pl.String(),
    "json": pl.String(),
}

_Exact = Annotated[int, msgspec.Meta(ge=-MOST_EXACT, le=MOST_EXACT)]
_Wide = Annotated[int, msgspec.Meta(ge=-MOST_WIDE - 1, le=MOST_WIDE)]

_CHECKED: dict[str, Any] = {
    "null": type(None),
    "bool": bool | None,
    "int": _Exact | None,
    "wide": _Wide | None,
    "float": float | _Exact | None,
    "text": str | None,
}


class Apart(ValueError):
    """Two kinds cannot stand in one column."""


class Unchecked(ValueError):
    """Lines have to be looked at one by one."""


def of(value: object, depth: int = 0) -> Kind:
    """The kind of a decoded value. Raises Apart for a list of several kinds, and for what no column can hold:
    whole numbers of more than 38 digits, and fractions of more than a float gives back.
    """
    if depth > DEEPEST:
        raise Apart
    match value:
        case None | bool() | float() | str():
            return _SCALARS[type(value)]
        case int():
            return _of_whole(value, is_nested=depth > 0)
        case list():
            inner: Kind = "null"
            for each in value:
                inner = merge(inner, of(each, depth + 1))
            return Array(inner)
        case dict():
            return Object({key: of(each, depth + 1) for key, each in value.items()})
    raise Apart


def _of_whole(value: int, *, is_nested: bool) -> Kind:
    size = abs(value)
    if size <= MOST_EXACT:
        return "int"
    if -MOST_WIDE - 1 <= value <= MOST_WIDE:
        return "wide"
    # Parquet carries what is longer as a decimal, and Polars casts to those only what is not nested.
    if size <= MOST_BIG and not is_nested:
        return "big"
    raise Apart


def merge(one: Kind, other: Kind) -> Kind:
    """The kind that holds both. Raises Apart where there is none."""
    if one == "json" or other in (one, "null"):
        return one
    if one == "null":
        return other
    if isinstance(one, Array) and isinstance(other, Array):
        return Array(merge(one.inner, other.inner))
    if isinstance(one, Object) and isinstance(other, Object):
        fields = dict(one.fields)
        for key, kind in other.fields.items():
            fields[key] = merge(fields.get(key, "null"), kind)
        return Object(fields)
    if one in _WHOLE and other in _WHOLE:
        return max(one, other, key=_WHOLE.index)
    if (one, other) in (("int", "float"), ("float", "int")):
        return "float"
    raise Apart


class Crowd:
    """What the values under one key hold: the keys of each, counted so that a crowd of rare ones is known as such."""

    def __init__(self) -> None:
        self._values = 0
        self._keys = 0

    def take(self, value: object) -> None:
        """Counts the keys of a value."""
        self._values += 1
        self._keys += _keys_of(value)

    def is_too_many(self, kind: Kind) -> bool:
        """Whether this kind, which holds all values so far, has too many keys for how few of them each value has."""
        keys = _keys_in(kind)
        return keys > MOST_KEYS and keys * self._values > SPARSE * self._keys


def _keys_of(value: object) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_keys_of, value.values()))
    return max(map(_keys_of, value), default=0) if isinstance(value, list) else 0


def _keys_in(kind: Kind) -> int:
    if isinstance(kind, Object):
        return len(kind.fields) + sum(map(_keys_in, kind.fields.values()))
    return _keys_in(kind.inner) if isinstance(kind, Array) else 0


def holds(kind: Kind, value: object) -> bool:
    """Whether a column of this kind can hold the value without change."""
    try:
        return merge(kind, of(value)) == kind
    except Apart:
        return False


def dtype_of(kind: Kind) -> pl.DataType:
    """The type in which Polars holds this kind."""
    if isinstance(kind, Array):
        return pl.List(dtype_of(kind.inner))
    if isinstance(kind, Object):
        return pl.Struct({key: dtype_of(inner) for key, inner in kind.fields.items()})
    return _DTYPES[kind]


def checked_type_of(kinds: dict[str, Kind], unchecked: set[str]) -> Any:
    """A struct that a line decodes to exactly if its values are of these kinds and it has no other keys.

    What a line lacks is not written again, either, where the struct is encoded.

    Raises Unchecked for what no struct checks: numbers of more than 64 bits, and keys that have to be escaped.
    """
    if "big" in kinds.values() or any(_ESCAPED.search(key) for key in kinds):
        raise Unchecked
    fields = [
        (f"f{number}", Any if key in unchecked or kind == "json" else _checked(kind) | UnsetType, UNSET)
        for number, (key, kind) in enumerate(kinds.items())
    ]
    rename = {f"f{number}": key for number, key in enumerate(kinds)}
    return msgspec.defstruct("Line", fields, rename=rename, forbid_unknown_fields=True, gc=False)


def _checked(kind: Kind) -> Any:
    if isinstance(kind, Array):
        return list[_checked(kind.inner)] | None  # type: ignore[misc]
    if isinstance(kind, Object):
        return checked_type_of(kind.fields, set()) | None
    return _CHECKED[kind]
