"""Lists, objects and maps taken apart down to their leaves: to make other values of these, or to ask something of them.

A leaf is what holds a value: all of a column that is not nested. Leaves come in the order of the schema.
"""

from collections.abc import Callable, Iterator
from typing import Any

import polars as pl

Made = tuple[pl.Expr, pl.DataType]
Make = Callable[[pl.Expr, pl.DataType], Made | None]
"""Makes another value of a leaf, or None where it stays as it is."""

Ask = Callable[[pl.Expr, pl.DataType], pl.Expr | None]
"""Asks something of a leaf, or None where that needs no asking."""


def is_nested(dtype: pl.DataType) -> bool:
    """Whether values of this type hold others."""
    return isinstance(dtype, pl.List | pl.Array | pl.Struct | pl.Map)


def depth(dtype: Any, *, of_list: int = 1) -> int:
    """How many levels a type has: a leaf is one, and so is each object, list or map around it, or `of_list`."""
    match dtype:
        case pl.List() | pl.Array():
            return of_list + depth(dtype.inner, of_list=of_list)
        case pl.Struct():
            return 1 + max((depth(field.dtype, of_list=of_list) for field in dtype.fields), default=0)
        case pl.Map():
            return of_list + max(depth(each, of_list=of_list) for each in (dtype.key, dtype.value))
    return 1


def leaves(dtype: Any) -> Iterator[pl.DataType]:
    """The types of the leaves."""
    match dtype:
        case pl.List() | pl.Array():
            yield from leaves(dtype.inner)
        case pl.Struct():
            for field in dtype.fields:
                yield from leaves(field.dtype)
        case pl.Map():
            yield from leaves(dtype.key)
            yield from leaves(dtype.value)
        case _:
            yield dtype


def retyped(dtype: Any, leaf: Callable[[Any], Any]) -> Any:
    """The type with other leaves."""
    match dtype:
        case pl.List():
            return pl.List(retyped(dtype.inner, leaf))
        case pl.Array():
            return pl.Array(retyped(dtype.inner, leaf), dtype.size)
        case pl.Struct():
            return pl.Struct({field.name: retyped(field.dtype, leaf) for field in dtype.fields})
        case pl.Map():
            return pl.Map(retyped(dtype.key, leaf), retyped(dtype.value, leaf))
    return leaf(dtype)


def mapped(own: pl.Expr, dtype: Any, make: Make, key: Make | None = None) -> Made | None:
    """The values with other leaves, and their type; None where all stay as they are. `key` makes the keys of maps."""
    match dtype:
        case pl.List() | pl.Array():
            inner = mapped(pl.element(), dtype.inner, make, key)
            as_list = own.cast(pl.List(dtype.inner)) if isinstance(dtype, pl.Array) else own
            return inner and (as_list.list.eval(inner[0]), pl.List(inner[1]))
        case pl.Struct():
            return _mapped_fields(own, dtype, make, key)
        case pl.Map():
            return _mapped_pairs(own, dtype, make, key)
    return make(own, dtype)


def _mapped_fields(own: pl.Expr, dtype: Any, make: Make, key: Make | None) -> Made | None:
    made, is_other = {}, False
    for number, field in enumerate(dtype.fields):
        value = own.struct[number]  # by its place: a name may be a pattern to Polars
        other = mapped(value, field.dtype, make, key)
        is_other = is_other or other is not None
        made[field.name] = other or (value, field.dtype)
    if not is_other:
        return None
    struct = pl.struct(value.alias(name) for name, (value, _) in made.items())
    return pl.when(own.is_not_null()).then(struct), pl.Struct({name: kind for name, (_, kind) in made.items()})


def _mapped_pairs(own: pl.Expr, dtype: Any, make: Make, key: Make | None) -> Made | None:
    pair = pl.element()
    made = [mapped(pair.struct[0], dtype.key, key or make, key), mapped(pair.struct[1], dtype.value, make, key)]
    if made == [None, None]:
        return None
    (one, key_type), (other, value_type) = (
        made[0] or (pair.struct[0], dtype.key),
        made[1] or (pair.struct[1], dtype.value),
    )
    pairs = own.map.entries().list.eval(pl.struct(one.alias("key"), other.alias("value")))
    return pairs.cast(pl.Map(key_type, value_type)), pl.Map(key_type, value_type)


def has_any(own: pl.Expr, dtype: Any, ask: Ask) -> pl.Expr | None:
    """Whether the answer is yes of any leaf, never null; None where no leaf needs asking."""
    match dtype:
        case pl.List() | pl.Array():
            inner = has_any(pl.element(), dtype.inner, ask)
            as_list = own.cast(pl.List(dtype.inner)) if isinstance(dtype, pl.Array) else own
            return None if inner is None else as_list.list.eval(inner).list.any().fill_null(False)
        case pl.Struct():
            asked = [has_any(own.struct[number], field.dtype, ask) for number, field in enumerate(dtype.fields)]
            some = [one for one in asked if one is not None]
            return pl.any_horizontal(some) if some else None
        case pl.Map():
            return has_any(own.map.entries(), pl.List(pl.Struct({"key": dtype.key, "value": dtype.value})), ask)
    answer = ask(own, dtype)
    return None if answer is None else answer.fill_null(False)
