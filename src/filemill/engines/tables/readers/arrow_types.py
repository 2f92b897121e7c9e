"""Arrow's types that Polars has none for: what stands in their place, and the marks by which `foreign` knows them."""

from collections.abc import Iterator
from typing import Any

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from filemill.engines.tables.readers import foreign
from filemill.engines.tables.schema import MOST_DECIMAL_DIGITS

_EXTENSIONS = {"arrow.uuid": "uuid", "arrow.json": "json", "arrow.bool8": "bool8"}


def dtype_of(kind: pa.DataType) -> pl.DataType | None:
    """The type of a column as Polars reads it; None where it does not."""
    try:
        column = pl.from_arrow(pa.array([], pa.large_string() if _is_long(kind) else _plain_type(kind)))
    except (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, TypeError):
        return None
    assert isinstance(column, pl.Series)
    return column.dtype


def plain(values: pa.Array) -> pa.Array:
    """Values as Polars reads them: of an extension as they are stored, long decimals written out."""
    if _is_long(values.type):
        return pc.cast(values, pa.large_string())
    wanted = _plain_type(values.type)
    return values if wanted == values.type else values.cast(wanted)


def _plain_type(kind: Any) -> Any:
    made = kind
    if isinstance(kind, pa.BaseExtensionType):
        made = _plain_type(kind.storage_type)
    elif pa.types.is_decimal32(kind) or pa.types.is_decimal64(kind):
        made = pa.decimal128(kind.precision, kind.scale)
    elif pa.types.is_map(kind):
        made = pa.map_(_plain_type(kind.key_type), _plain_type(kind.item_type))
    elif pa.types.is_struct(kind):
        made = pa.struct([field.with_type(_plain_type(field.type)) for field in kind])
    elif pa.types.is_list(kind):
        made = pa.list_(_plain_field(kind))
    elif pa.types.is_large_list(kind):
        made = pa.large_list(_plain_field(kind))
    elif pa.types.is_fixed_size_list(kind):
        made = pa.list_(_plain_field(kind), kind.list_size)
    return made


def _plain_field(kind: Any) -> Any:
    return kind.value_field.with_type(_plain_type(kind.value_type))


def marks_of(kind: Any) -> Iterator[str | None]:
    """The marks of the leaves of a type, in their order."""
    if isinstance(kind, pa.BaseExtensionType):
        mark = _EXTENSIONS.get(kind.extension_name, kind.extension_name)
        yield from (mark for _ in marks_of(kind.storage_type))
    elif pa.types.is_map(kind):
        yield from marks_of(kind.key_type)
        yield from marks_of(kind.item_type)
    elif pa.types.is_struct(kind):
        for field in kind:
            yield from marks_of(field.type)
    elif pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        yield from marks_of(kind.value_type)
    else:
        yield _mark_of(kind)


def _mark_of(kind: pa.DataType) -> str | None:
    if pa.types.is_interval(kind):
        return foreign.INTERVALS
    if _is_long(kind):
        return foreign.long_decimal(kind.precision, kind.scale)
    return f"binary of {kind.byte_width} bytes" if pa.types.is_fixed_size_binary(kind) else None


def _is_long(kind: pa.DataType) -> bool:
    return bool(pa.types.is_decimal(kind)) and kind.precision > MOST_DECIMAL_DIGITS
