"""Writes a JSON array of objects, one on each line."""

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import polars as pl


def write(
    sink: Any, _columns: dict[str, pl.DataType], frames: Iterator[pl.DataFrame], _compression: str, _put: Any
) -> None:
    """Every column stands in every object, null included."""
    before = b"[\n"
    for frame in frames:
        if frame.height:
            lines = BytesIO()
            frame.write_ndjson(lines)
            # No text holds a line feed as such: JSON writes it \n.
            sink.write(before + lines.getvalue().removesuffix(b"\n").replace(b"\n", b",\n"))
            before = b",\n"
    sink.write(b"[]\n" if before == b"[\n" else b"\n]\n")
