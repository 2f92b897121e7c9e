"""Footers of Parquet by hand, in Thrift's compact protocol: of schemas that no library would write."""

import struct

I32, I64, BINARY, LIST, STRUCT = 5, 6, 8, 9, 12
REQUIRED = 1
INT32 = 1


def varint(value: int) -> bytes:
    """A whole number, seven bits a byte."""
    made = b""
    while value > 127:
        made += bytes([value & 127 | 128])
        value >>= 7
    return made + bytes([value])


def number(value: int) -> bytes:
    """A whole number with a sign; Avro writes them alike."""
    return varint((value << 1) ^ (value >> 63))


def binary(value: bytes) -> bytes:
    """Bytes with their length."""
    return varint(len(value)) + value


def field(step: int, kind: int, value: bytes) -> bytes:
    """A field of a struct, so many numbers behind the last one."""
    return bytes([step << 4 | kind]) + value


def several(kind: int, values: list[bytes]) -> bytes:
    """A list."""
    size = len(values)
    head = bytes([size << 4 | kind]) if size < 15 else bytes([0xF0 | kind]) + varint(size)
    return head + b"".join(values)


def element(name: bytes, *, children: int | None = None) -> bytes:
    """An element of a schema: with children, or a whole number."""
    kind = field(1, I32, number(INT32)) if children is None else b""
    repetition = field(2 if kind else 3, I32, number(REQUIRED))
    own = b"" if children is None else field(1, I32, number(children))
    return kind + repetition + field(1, BINARY, binary(name)) + own + b"\0"


def footer_of(elements: list[bytes], more: bytes = b"") -> bytes:
    """A Parquet file without rows, its schema in these elements; `more` are the fields behind the row groups."""
    made = (
        field(1, I32, number(1))
        + field(1, LIST, several(STRUCT, elements))
        + field(1, I64, number(0))
        + field(1, LIST, several(STRUCT, []))
        + more
        + b"\0"
    )
    return b"PAR1" + made + struct.pack("<I", len(made)) + b"PAR1"
