"""Files as other programs write them: Feather, Arrow, Avro, Parquet of DuckDB and Hive, workbooks."""

import io
import tempfile
from pathlib import Path
from typing import Any

import duckdb
import fastavro
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
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


def duckdb_parquet(query: str, compression: str = "snappy") -> bytes:
    """What a query of DuckDB gives as a Parquet file of its own."""
    with tempfile.TemporaryDirectory() as folder, duckdb.connect() as connection:
        place = Path(folder, "t.parquet")
        connection.sql(f"COPY ({query}) TO '{place}' (FORMAT parquet, COMPRESSION {compression})")
        return place.read_bytes()


def int96(**columns: pa.Array) -> bytes:
    """Moments as Hive and Impala write them, and nothing that says how finely they were meant."""
    sink = io.BytesIO()
    how = {"use_deprecated_int96_timestamps": True, "store_schema": False}
    pq.write_table(pa.table(columns), sink, compression="none", use_dictionary=False, **how)
    return sink.getvalue()


def workbook(*rows: list[Any]) -> bytes:
    """A workbook of one sheet with these rows."""
    book = Workbook()
    for row in rows:
        book.active.append(row)
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()
