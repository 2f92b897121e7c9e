"""Counts bytes of a text, and gives them as numbers."""

import polars as pl
import pyarrow as pa

ZERO, LINE_FEED, RETURN = 0, 10, 13


class _Shown:
    """An array by its place in memory alone: given as such, it would have Polars import more, for 80 ms."""

    def __init__(self, array: pa.Array) -> None:
        self._array = array

    def __arrow_c_array__(self, requested_schema: object | None = None) -> tuple[object, object]:
        shown: tuple[object, object] = self._array.__arrow_c_array__(requested_schema)
        return shown


def in_place(dtype: pa.DataType, size: int, buffer: pa.Buffer) -> pl.Series:
    """So many values that lie in a buffer, without a copy."""
    return pl.Series(_Shown(pa.Array.from_buffers(dtype, size, [None, buffer])))


def view(part: bytes | bytearray, size: int | None = None) -> pl.Series:
    """The first bytes as numbers, without a copy: counting them so is four times quicker than `bytes.count`."""
    return in_place(pa.uint8(), len(part) if size is None else size, pa.py_buffer(part))


def count(part: bytes | bytearray, byte: int, size: int | None = None) -> int:
    """How often a byte stands among the first so many."""
    return int((view(part, size) == byte).sum())
