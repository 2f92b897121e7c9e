"""Arrow's types that Polars has none for: what stands in their place, and the marks by which `foreign` knows them."""

from collections.abc import Iterator

import pyarrow as pa
import pyarrow.compute as pc

from filemill.engines.tables.readers import foreign
from filemill.engines.tables.schema import MOST_DECIMAL_DIGITS

_EXTENSIONS = {"arrow.uuid": "uuid", "arrow.json": "json", "arrow.bool8": "bool8"}


def plain(values: pa.Array) -> pa.Array:
    """Values as Polars reads them: of an extension as they are stored, long decimals written out."""
    if isinstance(values.type, pa.BaseExtensionType):
        return plain(values.storage)
    return pc.cast(values, pa.large_string()) if _is_long(values.type) else values


def marks_of(kind: pa.DataType) -> Iterator[str | None]:
    """The marks of the leaves of a type, in their order."""
    if isinstance(kind, pa.BaseExtensionType):
        yield from (
            [_EXTENSIONS.get(kind.extension_name, kind.extension_name)] * len(list(marks_of(kind.storage_type)))
        )
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
        return "interval"
    if _is_long(kind):
        return foreign.long_decimal(kind.precision, kind.scale)
    return f"binary of {kind.byte_width} bytes" if pa.types.is_fixed_size_binary(kind) else None


def _is_long(kind: pa.DataType) -> bool:
    return bool(pa.types.is_decimal(kind)) and kind.precision > MOST_DECIMAL_DIGITS
