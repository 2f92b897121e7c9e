"""Reads Avro, block by block."""

from collections.abc import Generator
from functools import partial
from itertools import islice
from typing import Any

import fastavro
import polars as pl

from filemill.engines.tables import trouble
from filemill.engines.tables.readers import avro_types, nesting
from filemill.engines.tables.readers.avro_types import CannotRead, Field
from filemill.engines.tables.readers.fed import Fed, Flow
from filemill.engines.tables.readers.pieces import Stream
from filemill.errors import JobFailed
from filemill.pipelines.run import InputFile, Say

_ROWS = 10_000
"""Rows of a frame at most: they are Python values first."""


def open_avro(stream: Stream, file: InputFile, say: Say) -> Fed:
    """An Avro file, opened. Raises JobFailed."""
    try:
        flow: Any = Flow(stream)
        records = _carefully(lambda: fastavro.reader(flow), file, flow)
        try:
            fields = _carefully(lambda: avro_types.fields_of(records.writer_schema), file, flow)
        except CannotRead as error:
            raise trouble.bad_file(file, str(error)) from error
    except BaseException:
        stream.close()
        raise
    dtypes = {field.name: field.dtype for field in fields}
    marks = {field.name: field.marks for field in fields if any(field.marks)}
    return Fed(file, dtypes, _frames(records, fields, file, flow), stream, say, marks=marks)


def _frames(records: Any, fields: list[Field], file: InputFile, flow: Flow) -> Generator[pl.DataFrame]:
    while rows := _carefully(lambda: list(islice(records, _ROWS)), file, flow):
        yield _carefully(partial(_frame, rows, fields), file, flow)


def _frame(rows: list[dict[str, Any]], fields: list[Field]) -> pl.DataFrame:
    return pl.DataFrame([_series(rows, field).alias(str(number)) for number, field in enumerate(fields)])


def _series(rows: list[dict[str, Any]], field: Field) -> pl.Series:
    values = [field.take(row[field.name]) for row in rows]
    return pl.Series(values, dtype=avro_types.stored(field.dtype), strict=True).cast(field.dtype)


def _carefully(do: Any, file: InputFile, flow: Flow) -> Any:
    """Does it; whatever the library throws at a damaged file becomes what a caller may hear."""
    try:
        return do()
    except (JobFailed, CannotRead, MemoryError):
        raise
    except RecursionError as error:
        raise flow.fault or trouble.bad_file(file, nesting.TOO_DEEP) from error
    except Exception as error:  # a decoder of bytes that can be anything throws anything
        raise flow.fault or trouble.bad_file(file, "The file is damaged or not whole, or no Avro file.") from error
