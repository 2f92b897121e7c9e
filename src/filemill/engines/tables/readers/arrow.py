"""Reads Arrow: the file (also called Feather) and the stream alike, one record batch after another."""

from collections.abc import Generator, Iterator
from typing import Any

import polars as pl
import pyarrow as pa

from filemill.engines.tables import trouble
from filemill.engines.tables.readers import arrow_types
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
        dtypes = _carefully(_types_of, file, flow, source.schema, file)
        marks = {field.name: found for field in source.schema if any(found := list(arrow_types.marks_of(field.type)))}
        return Fed(file, dtypes, _frames(source, dtypes, file, flow), reader, say, marks=marks)
    except BaseException:
        reader.close()
        raise


def _frames(source: Any, dtypes: dict[str, pl.DataType], file: InputFile, flow: Flow) -> Generator[pl.DataFrame]:
    wanted = {str(number): dtype for number, dtype in enumerate(dtypes.values())}
    batches = iter(source) if hasattr(source, "read_next_batch") else _in_turn(source)
    while (batch := _carefully(next, file, flow, batches, None)) is not None:
        frame = _carefully(_to_frame, file, flow, batch, list(wanted))
        yield frame.cast(wanted) if frame.schema != wanted else frame  # categories are known batch by batch


def _in_turn(source: Any) -> Iterator[Any]:
    for number in range(source.num_record_batches):
        yield source.get_batch(number)


def _to_frame(batch: Any, names: list[str]) -> pl.DataFrame:
    # What it points to is nowhere checked later, and might lie outside of the file.
    batch.validate(full=True)
    plain = [arrow_types.plain(column) for column in batch.columns]
    frame = pl.from_arrow(pa.table(plain, names), rechunk=False)
    assert isinstance(frame, pl.DataFrame)
    return frame


def _types_of(schema: Any, file: InputFile) -> dict[str, pl.DataType]:
    dtypes: dict[str, pl.DataType] = {}
    for field in schema:
        if field.name in dtypes:
            raise trouble.bad_file(file, f"There are two columns {trouble.shorten(field.name)}.")
        try:
            column = pl.from_arrow(arrow_types.plain(pa.array([], field.type)))
        except (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, TypeError) as error:
            what = f"Column {trouble.shorten(field.name)} has the type {field.type}, which cannot be read."
            raise trouble.bad_file(file, what[:300]) from error
        assert isinstance(column, pl.Series)
        dtypes[field.name] = column.dtype
    if not dtypes:
        raise trouble.bad_file(file, "The file has no columns.")
    return dtypes


def _carefully(do: Any, file: InputFile, flow: Flow, *args: Any) -> Any:
    """Does it; what the library says of a damaged file becomes what a caller may hear."""
    try:
        return do(*args)
    except JobFailed:
        raise
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, EOFError, ValueError, pl.exceptions.PolarsError) as error:
        raise flow.fault or trouble.bad_file(file, "The file is damaged or not whole, or no Arrow file.") from error
