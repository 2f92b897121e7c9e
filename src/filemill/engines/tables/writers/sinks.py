"""Writes rows in a format: by Polars, or where it cannot do that in a stream, batch by batch by another library."""

import gzip
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any, Literal, cast

import msgspec
import polars as pl
from backports import zstd

from filemill.engines.tables.writers import avro_sink, json_sink, xlsx_sink
from filemill.engines.tables.writers.uploading import Upload
from filemill.pipelines.formats import COMPRESSIONS, Format
from filemill.pipelines.steps import ConvertFormat

SEPARATORS = {"csv": ",", "tsv": "\t"}

Put = Callable[..., None]
"""Hears how many rows more are written, and `of` how many where that is known."""

Write = Callable[[Any, dict[str, pl.DataType], Iterator[pl.DataFrame], str, Put], str | None]
"""Writes frames with these columns, in the compression that the format has inside -> what the caller should know."""

OWN: dict[str, Write] = {"json": json_sink.write, "avro": avro_sink.write, "xlsx": xlsx_sink.write}
"""By a format's base: what Polars does not write, or not in a stream."""

_ROWS = 10_000
"""Rows of a frame at most: they become Python values all at once."""

_GROUP_BYTES = 32 << 20
_USUAL_ROWS = 122_880
"""Rows of a row group or record batch, by Polars' choice."""

_LAST = "\x00last"
"""The column that is true in a row behind all others."""

_PACKERS: dict[str | None, Callable[[Any], AbstractContextManager[Any]]] = {
    "gzip": lambda sink: gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=6, mtime=0),
    "zstd": lambda sink: zstd.ZstdFile(sink, mode="w"),
}


def sink(
    frame: pl.LazyFrame, target: Format, how: ConvertFormat, place: Upload, row_bytes: int, *, put: Put
) -> str | None:
    """Carries the query out; its rows go to `place` as they come -> what the caller should know, if anything.

    `how` holds the format's options; `row_bytes` is how large a row is in memory, 0 where that is not known; `put`
    hears what a slow writer has written.
    """
    compression = how.compression or next(iter(COMPRESSIONS.get(target.base, ("none",))))
    if target.base not in OWN:
        together = how.row_group_size or _rows_together(row_bytes)
        _by_polars(frame, target, msgspec.structs.replace(how, compression=compression, row_group_size=together), place)
        return None
    write, columns = OWN[target.base], dict(frame.collect_schema())
    # As they come: with a number of rows asked for, so many long ones would be gathered in memory first.
    frames = (part for batch in _batches(frame, columns) for part in batch.iter_slices(_ROWS))
    if target.compression is None:
        return write(place, columns, frames, compression, put)
    with _PACKERS[target.compression](place) as packed:
        return write(packed, columns, frames, compression, put)


def _batches(frame: pl.LazyFrame, columns: dict[str, pl.DataType]) -> Iterator[pl.DataFrame]:
    """The rows as they come. Raises where Polars breaks off by a panic, which otherwise looks like the end."""
    last = pl.LazyFrame({**dict.fromkeys(columns), _LAST: True}, schema={**columns, _LAST: pl.Boolean()})
    whole = pl.concat([frame.with_columns(pl.lit(False).alias(_LAST)), last])
    is_whole = False
    for batch in whole.collect_batches(maintain_order=True, engine="streaming"):
        is_last = batch.to_series(len(columns))
        is_whole = is_whole or bool(is_last.any())
        if rows := batch.height - int(is_last.sum()):
            yield batch.head(rows).drop(_LAST)
    if not is_whole:
        raise pl.exceptions.PanicException("the query broke off")


def _rows_together(row_bytes: int) -> int | None:
    """Rows that are to be one group: fewer than usual where they are long, since a group is in memory as a whole."""
    return max(_GROUP_BYTES // row_bytes, 1) if row_bytes * _USUAL_ROWS > _GROUP_BYTES else None


def _by_polars(frame: pl.LazyFrame, target: Format, how: ConvertFormat, upload: Upload) -> None:
    place: Any = upload
    inside: Any = "uncompressed" if how.compression == "none" else how.compression
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
            oldest = pl.CompatLevel.oldest()
            frame.sink_ipc(place, compression=inside, compat_level=oldest, record_batch_size=how.row_group_size)
        case _:
            raise AssertionError(target.base)
