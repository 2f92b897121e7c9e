"""Files as other programs write them: Feather, Arrow, Avro, workbooks."""

import io
from typing import Any

import fastavro
import pyarrow as pa
import pyarrow.feather
from openpyxl import Workbook


def feather(table: pa.Table, **options: Any) -> bytes:
    """A table as a Feather file, or Arrow's, which is the same."""
    sink = io.BytesIO()
    pyarrow.feather.write_feather(table, sink, **options)
    return sink.getvalue()


def arrow_stream(table: pa.Table) -> bytes:
    """A table as a stream of Arrow, two rows at a time."""
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=2)
    return sink.getvalue()


def avro(schema: dict[str, Any], rows: list[dict[str, Any]], codec: str = "null") -> bytes:
    """Rows as an Avro file."""
    sink = io.BytesIO()
    fastavro.writer(sink, schema, rows, codec=codec)
    return sink.getvalue()


def workbook(*rows: list[Any]) -> bytes:
    """A workbook of one sheet with these rows."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()
