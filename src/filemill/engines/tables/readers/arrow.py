"""Reads Arrow: the file (also called Feather) and the stream alike, one record batch after another."""

from collections.abc import Generator, Iterator
from typing import Any

import polars as pl
import pyarrow as pa

from filemill.engines.tables import trouble
from filemill.engines.tables.readers import arrow_types, foreign, nesting
from filemill.engines.tables.readers.fed import Fed, Flow
from filemill.engines.tables.readers.objects import Reader
from filemill.engines.tables.readers.seekable import Seekable
from filemill.errors import JobFailed
from filemill.pipelines.run import InputFile, Say

_MAGIC = b"ARROW1"


def open_arrow(reader: Reader, file: InputFile, say: Say) -> Fed:
    """An Arrow file, opened. Raises JobFailed."""
    flow = Seekable(reader)
    try:
        head = _carefully(flow.read, file, flow, len(_MAGIC))
        flow.seek(0)
        if head.startswith(b"FEA1"):
            raise trouble.bad_file(file, "This is a Feather file of version 1; please save it as version 2.")
        source = _carefully(pa.ipc.open_file if head == _MAGIC else pa.ipc.open_stream, file, flow, flow)
        nesting.want_shallow((field.type for field in source.schema), file, nesting.within_arrow)
        dtypes = _carefully(_types_of, file, flow, source.schema, file)
        found = {field.name: _marks_of(field, dtypes[field.name]) for field in source.schema}
        marks = {name: own for name, own in found.items() if any(own)}
        return Fed(file, dtypes, _frames(source, dtypes, file, flow), reader, say, marks=marks)
    except BaseException:
        reader.close()
        raise


def _frames(source: Any, dtypes: dict[str, pl.DataType], file: InputFile, flow: Flow) -> Generator[pl.DataFrame]:
    wanted = {str(number): dtype for number, dtype in enumerate(dtypes.values())}
    batches = iter(source) if hasattr(source, "read_next_batch") else _in_turn(source)
    while (batch := _carefully(next, file, flow, batches, None)) is not None:
        frame = _carefully(_to_frame, file, flow, batch, wanted)
        yield frame.cast(wanted) if frame.schema != wanted else frame  # categories are known batch by batch


def _in_turn(source: Any) -> Iterator[Any]:
    for number in range(source.num_record_batches):
        yield source.get_batch(number)


def _to_frame(batch: Any, wanted: dict[str, pl.DataType]) -> pl.DataFrame:
    # What it points to is nowhere checked later, and might lie outside of the file.
    batch.validate(full=True)
    plain = [
        pa.nulls(batch.num_rows) if dtype == pl.Null() else arrow_types.plain(column)
        for column, dtype in zip(batch.columns, wanted.values(), strict=True)
    ]
    frame = pl.from_arrow(pa.table(plain, list(wanted)), rechunk=False)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _types_of(schema: Any, file: InputFile) -> dict[str, pl.DataType]:
    """The types of the columns as Polars reads them, `Null` for those that it does not. Raises JobFailed."""
    dtypes: dict[str, pl.DataType] = {}
    for field in schema:
        if field.name in dtypes:
            raise trouble.bad_file(file, f"There are two columns {trouble.shorten(field.name)}.")
        dtypes[field.name] = arrow_types.dtype_of(field.type) or pl.Null()
    if not dtypes:
        raise trouble.bad_file(file, "The file has no columns.")
    return dtypes


def _marks_of(field: Any, dtype: pl.DataType) -> list[str | None]:
    if dtype == pl.Null() and not pa.types.is_null(field.type):
        return [foreign.unreadable(field.type)]
    return list(arrow_types.marks_of(field.type))


def _carefully(do: Any, file: InputFile, flow: Flow, *args: Any) -> Any:
    """Does it; what the library says of a damaged file becomes what a caller may hear."""
    try:
        return do(*args)
    except JobFailed:
        raise
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, EOFError, ValueError, pl.exceptions.PolarsError) as error:
        told = nesting.refused(error, file) or trouble.bad_file(
            file, "The file is damaged or not whole, or no Arrow file."
        )
        raise flow.fault or told from error
