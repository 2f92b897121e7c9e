"""Writes rows in a format: by Polars, or where it cannot do that in a stream, batch by batch by another library."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Literal, cast

import polars as pl
from backports import zstd

from filemill.engines.tables.writers import avro_sink, json_sink, xlsx_sink
from filemill.engines.tables.writers.uploading import Upload
from filemill.jobs.formats import COMPRESSIONS, Format
from filemill.jobs.steps import ConvertFormat

SEPARATORS = {"csv": ",", "tsv": "\t"}

Write = Callable[[Any, dict[str, pl.DataType], Iterator[pl.DataFrame], str], None]
"""Writes frames with these columns, in the compression that the format has inside."""

OWN: dict[str, Write] = {"json": json_sink.write, "avro": avro_sink.write, "xlsx": xlsx_sink.write}
"""By a format's base: what Polars does not write, or not in a stream."""

_ROWS = 10_000
"""Rows of a frame: they become Python values all at once."""

_PACKERS: dict[str | None, Callable[[Any], AbstractContextManager[Any]]] = {
    "gzip": lambda sink: gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=6, mtime=0),
    "zstd": lambda sink: zstd.ZstdFile(sink, mode="w"),
}


def sink(frame: pl.LazyFrame, target: Format, how: ConvertFormat, place: Upload) -> None:
    """Carries the query out; its rows go to `place` as they come. `how` holds the format's options."""
    compression = how.compression or next(iter(COMPRESSIONS.get(target.base, ("none",))))
    if target.base not in OWN:
        _by_polars(frame, target, how, compression, place)
        return
    write, columns = OWN[target.base], dict(frame.collect_schema())
    frames = iter(frame.collect_batches(chunk_size=_ROWS, maintain_order=True, engine="streaming"))
    if target.compression is None:
        write(place, columns, frames, compression)
        return
    with _PACKERS[target.compression](place) as packed:
        write(packed, columns, frames, compression)


def _by_polars(frame: pl.LazyFrame, target: Format, how: ConvertFormat, compression: str, upload: Upload) -> None:
    place: Any = upload
    inside: Any = "uncompressed" if compression == "none" else compression
    outside = cast("Literal['gzip', 'zstd', 'uncompressed']", target.compression or "uncompressed")
    match target.base:
        case "csv" | "tsv":
            separator = how.delimiter or SEPARATORS[target.base]
            frame.sink_csv(place, separator=separator, compression=outside, check_extension=False)
        case "ndjson":
            frame.sink_ndjson(place, compression=outside, check_extension=False)
        case "parquet":
            frame.sink_parquet(place, compression=inside, row_group_size=how.row_group_size)
        case "arrow":
            # The oldest forms of text and lists are those that every other reader knows.
            frame.sink_ipc(place, compression=inside, compat_level=pl.CompatLevel.oldest())
        case _:
            raise AssertionError(target.base)
