"""What becomes of the types of typed files that no column here has: UUID, JSON, zones given as offsets, and others.

Their values are kept exactly, as text or as moments in UTC; that the type is lost is told where it is written. A type
that leads nowhere stays as long as no step looks into it and no output is to carry it.
"""

import re
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, TypeVar

import msgspec
import polars as pl

from filemill.engines.tables import schema, table
from filemill.engines.tables.schema import Type
from filemill.engines.tables.table import Column, Table
from filemill.engines.tables.values import converting, nested, telling
from filemill.engines.tables.values.nested import Made

T = TypeVar("T")

INTERVAL = pl.Struct({"months": pl.Int32(), "days": pl.Int32(), "nanoseconds": pl.Duration("ns")})
"""As what Polars sees an interval, which it cannot always read."""

INTERVALS = "interval"
"""The mark of leaves that are months, days and parts of a day, which nothing here can hold."""

_UNREADABLE = "type "
"""What the mark of a leaf begins with that a reader cannot give at all."""

_TEXTS = ("json", "enum")
"""Marks of bytes that are UTF-8 by the format's specification."""

_LONG_DECIMAL = re.compile(r"decimal\((\d+), (\d+)\)")
_TOO_LONG = f"has more than the {schema.MOST_DECIMAL_DIGITS} digits of a decimal"

_LONGEST_MARK = 80

_OFFSET = re.compile(r"^(?:UTC|GMT)?([+-])(\d{1,2})(?::?([0-5]\d))?$")
_MOST_OFFSET = 24 * 60
_UUID = r"^(.{8})(.{4})(.{4})(.{4})(.{12})$"


class Foreign(msgspec.Struct, frozen=True):
    """A column of a type that no column here has. `was` is what its file calls it, `value` what it becomes.

    `value` is None where none can be read; `odd` tells as JSON the values that could not become one, `why` the reason.
    """

    was: str
    type: Type
    value: pl.Expr | None = None
    odd: pl.Expr | None = None
    why: str | None = None


def long_decimal(precision: int, scale: int) -> str:
    """The mark of decimals that are longer than a column's, which a reader gives as text."""
    return f"decimal({precision}, {scale})"


def unreadable(kind: object) -> str:
    """The mark of a leaf whose type its reader cannot give at all."""
    return f"{_UNREADABLE}{kind}"[:_LONGEST_MARK]


def of(own: pl.Expr, dtype: pl.DataType, marks: list[str | None]) -> Foreign | None:
    """What a column becomes; `marks` say of its leaves what the file calls them, where `dtype` does not tell."""
    if lost := next((mark for mark in marks if mark and _is_unreadable(mark, dtype)), None):
        return Foreign(lost.removeprefix(_UNREADABLE), Type("unknown", dtype))
    named = _names(dtype, marks)
    if not named:
        return None
    offset = _offset_of(dtype)
    if (zoned := nested.retyped(dtype, _in_known_zone)) != dtype:
        own, dtype = own.cast(zoned), zoned
    made = nested.mapped(own, dtype, _with_marks(marks, _leaf))
    is_lost = nested.has_any(own, dtype, _with_marks(marks, _is_lost))
    within = f"{schema.type_of(dtype).name} of " if nested.is_nested(dtype) else ""
    was = within + ", ".join(dict.fromkeys(named))
    value, became = made or (own, dtype)
    kind = Type(schema.type_of(became).name, became, offset)
    if is_lost is None:
        return Foreign(was, kind, value)
    told = telling.text(own) if nested.is_nested(dtype) else pl.format('"{}"', telling.text(own))
    why = _TOO_LONG if any(mark and _LONG_DECIMAL.fullmatch(mark) for mark in marks) else "is no text in UTF-8"
    return Foreign(was, kind, pl.when(~is_lost).then(value), pl.when(is_lost).then(told), why)


def _with_marks(marks: list[str | None], do: Callable[[pl.Expr, pl.DataType, str | None], T]) -> Callable[..., T]:
    """Does it with each leaf and its mark."""
    left = iter(marks)
    return lambda own, dtype: do(own, dtype, next(left, None))


def _is_unreadable(mark: str, dtype: pl.DataType) -> bool:
    if found := _LONG_DECIMAL.fullmatch(mark):
        return dtype != pl.String() or int(found[2]) > schema.MOST_DECIMAL_DIGITS
    return mark == INTERVALS or mark.startswith(_UNREADABLE)


def _names(dtype: pl.DataType, marks: list[str | None]) -> list[str]:
    """What the file calls the foreign leaves."""
    leaves = list(nested.leaves(dtype))
    zones = (leaf.time_zone for leaf in leaves if isinstance(leaf, pl.Datetime))
    return [
        *(mark for mark in marks if mark),
        *(leaf.ext_name() for leaf in leaves if isinstance(leaf, pl.BaseExtension) and not any(marks)),
        *(f"datetime in the zone {zone}" for zone in zones if zone and not is_known(zone)),
    ]


def _in_known_zone(dtype: Any) -> Any:
    is_strange = isinstance(dtype, pl.Datetime) and not is_known(dtype.time_zone)
    return pl.Datetime(dtype.time_unit, "UTC") if is_strange else dtype


def _leaf(own: pl.Expr, dtype: pl.DataType, mark: str | None) -> Made | None:
    if isinstance(dtype, pl.BaseExtension):
        stored: Any = dtype.ext_storage()
        return _leaf(own.ext.storage(), stored, mark) or (own.ext.storage(), stored)
    if dtype == pl.Binary() and mark == "uuid":
        return own.bin.encode("hex").str.replace(_UUID, "$1-$2-$3-$4-$5"), pl.String()
    if dtype == pl.Binary() and mark in _TEXTS:
        return converting.decoded(own), pl.String()
    if dtype == pl.Int8() and mark == "bool8":
        return own != 0, pl.Boolean()
    if mark and (found := _LONG_DECIMAL.fullmatch(mark)):
        became = pl.Decimal(schema.MOST_DECIMAL_DIGITS, int(found[2]))
        return own.cast(became, strict=False), became
    return None


def _is_lost(own: pl.Expr, dtype: pl.DataType, mark: str | None) -> pl.Expr | None:
    """Whether a leaf becomes nothing: bytes that ought to be text and are none, a decimal that is too long."""
    may_be = (dtype == pl.Binary() and mark in _TEXTS) or (mark is not None and _LONG_DECIMAL.fullmatch(mark))
    made = _leaf(own, dtype, mark) if may_be else None
    return None if made is None else made[0].is_null() & own.is_not_null()


@lru_cache(maxsize=1_000)
def is_known(zone: str | None) -> bool:
    """Whether Polars' database has this zone."""
    if zone is None:
        return True
    try:
        pl.Series([0]).cast(pl.Datetime("us", zone))
    except pl.exceptions.PolarsError:
        return False
    return True


def _offset_of(dtype: pl.DataType) -> int:
    """The minutes that a zone which is given as an offset is ahead of UTC; 0 for all else."""
    zone = dtype.time_zone if isinstance(dtype, pl.Datetime) else None
    found = _OFFSET.match(zone or "")
    if found is None or is_known(zone):
        return 0
    sign, hours, minutes = found.groups()
    ahead = int(hours) * 60 + int(minutes or 0)
    return 0 if ahead >= _MOST_OFFSET else ahead if sign == "+" else -ahead


def taken(source: Table, marks: dict[str, list[str | None]]) -> Table:
    """The table with what its foreign columns become; `marks` of the leaves of its columns by their names."""
    values: list[pl.Expr] = []
    columns, unreadable = dict(source.columns), []
    for name, column in source.columns.items():
        found = of(pl.col(column.at), column.type.dtype, marks.get(name, []))
        if found is not None:
            columns[name] = _column(column, found, values)
            unreadable += [column.at] if found.value is None else []
    frame = source.frame.with_columns(values) if values else source.frame
    if unreadable:
        # Where all columns are read, such as for rows that are collected, Polars would fail at these.
        frame = frame.drop(unreadable).with_columns(pl.lit(None).alias(at) for at in unreadable)
    return msgspec.structs.replace(source, frame=frame, columns=columns)


def _column(column: Column, found: Foreign, values: list[pl.Expr]) -> Column:
    """The column as it became; what has to be made for it is added to `values`."""
    at, odd = column.at, column.odd
    if found.value is not None:
        values.append(found.value.alias(at := table.fresh()))
    if found.odd is not None:
        values.append(found.odd.alias(odd := table.fresh()))
    return Column(at, found.type, odd=odd, why=found.why or column.why, was=found.was)


def count_leaves(dtype: Any) -> int:
    """How many leaves a file has for a column that Polars sees as of this type."""
    match dtype:
        case pl.List() | pl.Array():
            return count_leaves(dtype.inner)
        case pl.Struct() if dtype != INTERVAL:
            return sum(count_leaves(field.dtype) for field in dtype.fields)
        case pl.Map():
            return count_leaves(dtype.key) + count_leaves(dtype.value)
    return 1


def of_leaves(names: dict[str, pl.DataType], marks: Iterator[str | None]) -> dict[str, list[str | None]]:
    """Marks of all leaves of a file, in its order -> those of each column that has any."""
    found = {}
    for name, dtype in names.items():
        own = [next(marks, None) for _ in range(count_leaves(dtype))]
        if any(own):
            found[name] = own
    return found
