"""Reads what the footer of a Parquet file says of its columns beyond the types that Polars gives them."""

from typing import Any

import msgspec
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from filemill.engines.tables import schema, trouble
from filemill.engines.tables.readers import foreign, nesting
from filemill.pipelines.run import InputFile

_MARKS = {"UUID": "uuid", "JSON": "json", "ENUM": "enum", "BSON": "bson"}
"""By the logical type."""

_PLAIN = ("NONE", "UNKNOWN", "UNDEFINED")


class Footer(msgspec.Struct, frozen=True):
    """How many rows there are, and of each leaf column its mark and whether it holds INT96."""

    rows: int
    marks: tuple[str | None, ...]
    int96: tuple[bool, ...]

    def marks_of(self, dtypes: dict[str, pl.DataType]) -> dict[str, list[str | None]]:
        """The marks by the names of columns; nothing where there are other leaves than Polars sees."""
        return foreign.of_leaves(dtypes, iter(self.marks)) if self._fits(dtypes) else {}

    def with_int96(self, dtypes: dict[str, pl.DataType]) -> list[str]:
        """The names of columns that hold INT96 as moments in nanoseconds, or hold such values in them."""
        held = iter(self.int96 if self._fits(dtypes) else ())
        found = {name: [next(held, False) for _ in range(foreign.count_leaves(one))] for name, one in dtypes.items()}
        return [name for name, own in found.items() if any(own)]

    def _fits(self, dtypes: dict[str, pl.DataType]) -> bool:
        return sum(map(foreign.count_leaves, dtypes.values())) == len(self.marks)


def read(place: Any, file: InputFile) -> Footer:
    """The footer of a file in which one can move about. Raises JobFailed.

    What pyarrow does not read nobody reads: it stops at schemas that would end the process of Polars.
    """
    try:
        found = pq.read_metadata(place)
        columns = [found.schema.column(number) for number in range(found.num_columns)]
        return Footer(
            found.num_rows,
            tuple(map(_mark_of, columns)),
            tuple(column.physical_type == "INT96" for column in columns),
        )
    except (pa.ArrowException, OSError, ValueError) as error:
        told = nesting.refused(error, file) or trouble.bad_file(file, "The file is damaged, or no Parquet file.")
        raise told from error


def _mark_of(column: Any) -> str | None:
    logical = column.logical_type.type
    if logical in _MARKS:
        return _MARKS[logical]
    if column.converted_type == "INTERVAL":
        return foreign.INTERVALS
    if logical == "DECIMAL":
        is_long = column.precision > schema.MOST_DECIMAL_DIGITS
        return foreign.long_decimal(column.precision, column.scale) if is_long else None
    if column.physical_type == "FIXED_LEN_BYTE_ARRAY" and logical in _PLAIN:
        return f"binary of {column.length} bytes"
    return logical.lower() if logical in ("GEOMETRY", "GEOGRAPHY") else None
