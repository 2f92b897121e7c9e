"""Every file format by its usual extension: its family and media type, the lane it takes, and every legal pair."""

import msgspec


class Format(msgspec.Struct, frozen=True):
    """One format. `name` is the usual extension, compression included (`csv.gz`); `base` is it without compression.

    `is_written` is false for one that can only be read. `options` are those that `convert_format` takes for it.
    """

    name: str
    base: str
    family: str
    media_type: str
    compression: str | None = None
    is_written: bool = True
    options: tuple[str, ...] = ()


_SPREADSHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

_TEXTS = (
    Format("csv", "csv", "table", "text/csv", options=("delimiter",)),
    Format("tsv", "tsv", "table", "text/tab-separated-values"),
    Format("ndjson", "ndjson", "table", "application/x-ndjson"),
    Format("json", "json", "table", "application/json"),
    Format("log", "log", "table", "text/plain", is_written=False),
)

TEXTS = frozenset(f.base for f in _TEXTS)
"""The formats, less their compression, that are text."""

_PACKINGS = {"gz": ("gzip", "application/gzip"), "zst": ("zstd", "application/zstd")}
"""By extension: the compression, and its media type."""


def _packed(plain: Format, ending: str) -> Format:
    compression, media_type = _PACKINGS[ending]
    return msgspec.structs.replace(plain, name=f"{plain.name}.{ending}", media_type=media_type, compression=compression)


FORMATS: dict[str, Format] = {
    f.name: f
    for f in (
        *_TEXTS,
        Format(
            "parquet",
            "parquet",
            "table",
            "application/vnd.apache.parquet",
            options=("compression", "row_group_size"),
        ),
        Format("arrow", "arrow", "table", "application/vnd.apache.arrow.file", options=("compression",)),
        Format("avro", "avro", "table", "application/vnd.apache.avro", options=("compression",)),
        Format("xlsx", "xlsx", "table", _SPREADSHEET),
        *(_packed(plain, ending) for ending in _PACKINGS for plain in _TEXTS),
    )
}
"""Every format this service knows, by name."""

ALIASES = {"jsonl": "ndjson", "feather": "arrow"}
"""Other extensions in use for the same formats."""

COMPRESSIONS: dict[str, tuple[str, ...]] = {
    "parquet": ("zstd", "snappy", "gzip", "lz4", "brotli", "none"),
    "arrow": ("none", "lz4", "zstd"),
    "avro": ("deflate", "zstd", "snappy", "none"),
}
"""By a format's base: how it may pack what is in it; the first is how it does unless told otherwise."""


def extension_of(file_name: str) -> str:
    """The last extension of a file name, lower case, without the dot, together with one before `.gz` or `.zst`."""
    parts = file_name.lower().split(".")
    if len(parts) > 2 and parts[-1] in _PACKINGS:
        return ".".join(parts[-2:])
    return parts[-1] if len(parts) > 1 else ""


def format_of(file_name: str) -> Format | None:
    """The format a file name's extension stands for, or None."""
    base, dot, packing = extension_of(file_name).partition(".")
    return FORMATS.get(ALIASES.get(base, base) + dot + packing)


def stem_of(file_name: str) -> str:
    """The file name without its extension (`data.csv.gz` -> `data`)."""
    extension = extension_of(file_name)
    return file_name[: -len(extension) - 1] if extension else file_name


LANES: dict[str, str] = {"table": "tables"}
"""The lane that works on a family of formats."""


def targets_of(source: Format) -> tuple[str, ...]:
    """The names of the formats that `source` can be converted to."""
    return tuple(name for name, target in FORMATS.items() if target.family == source.family and target.is_written)


LONGEST_NAME = 255
"""Bytes of UTF-8 that a file's name may have: every store takes that much in one segment of a key."""


def output_name(file_name: str, target: Format) -> str:
    """`data.csv` -> `data_processed.parquet`; the base is cut at a character so that the name is not too long."""
    return _beside(file_name, f"_processed.{target.name}")


def bad_rows_name(file_name: str) -> str:
    """`data.tsv.gz` -> `data_bad_rows.csv`, cut alike: the output for rows that could not be used is always csv."""
    return _beside(file_name, "_bad_rows.csv")


def _beside(file_name: str, ending: str) -> str:
    base = stem_of(file_name).encode()[: LONGEST_NAME - len(ending.encode())]
    return base.decode(errors="ignore") + ending
