"""Every file format by its usual extension: its family and media type, the lane it takes, and every legal pair."""

import msgspec


class Format(msgspec.Struct, frozen=True):
    """One format. `name` is the usual extension, compression included (`csv.gz`); `base` is it without compression."""

    name: str
    base: str
    family: str
    media_type: str
    compression: str | None = None


def _table(name: str, media_type: str) -> Format:
    return Format(name, name, "table", media_type)


def _gzip(plain: Format) -> Format:
    return Format(f"{plain.name}.gz", plain.base, plain.family, "application/gzip", "gzip")


_PLAIN = (
    _table("csv", "text/csv"),
    _table("tsv", "text/tab-separated-values"),
    _table("ndjson", "application/x-ndjson"),
    _table("parquet", "application/vnd.apache.parquet"),
)

FORMATS: dict[str, Format] = {f.name: f for f in (*_PLAIN, *(_gzip(f) for f in _PLAIN if f.name != "parquet"))}
"""Every format this service knows, by name."""

ALIASES = {"jsonl": "ndjson", "jsonl.gz": "ndjson.gz"}
"""Other extensions in use for the same formats."""


def extension_of(file_name: str) -> str:
    """The last extension of a file name, lower case, without the dot, together with one before `.gz` (`csv.gz`)."""
    parts = file_name.lower().split(".")
    if len(parts) > 2 and parts[-1] == "gz":
        return ".".join(parts[-2:])
    return parts[-1] if len(parts) > 1 else ""


def format_of(file_name: str) -> Format | None:
    """The format a file name's extension stands for, or None."""
    extension = extension_of(file_name)
    return FORMATS.get(ALIASES.get(extension, extension))


def stem_of(file_name: str) -> str:
    """The file name without its extension (`data.csv.gz` -> `data`)."""
    extension = extension_of(file_name)
    return file_name[: -len(extension) - 1] if extension else file_name


LANES: dict[str, str] = {"table": "tables"}
"""The lane that works on a family of formats."""


def targets_of(source: Format) -> tuple[str, ...]:
    """The names of the formats that `source` can be converted to."""
    return tuple(name for name, target in FORMATS.items() if target.family == source.family)


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
