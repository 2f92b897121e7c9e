"""Every file format by its usual extension, with family and media type. The table of legal pairs is in `pairs`."""

import msgspec

from filemill.pipelines import file_names


class Format(msgspec.Struct, frozen=True):
    """One format. `name` is the usual extension with the compression (`csv.gz`), `base` the one without (`csv`).

    `family` is table, document or image. `is_written` is false for a format that can only be read. `options` are the
    options of `convert_format` to this format.
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
"""The bases of the table formats that are text."""

_PACKINGS = {"gz": ("gzip", "application/gzip"), "zst": ("zstd", "application/zstd")}
"""Extension -> the compression and its media type."""


def _packed(plain: Format, ending: str) -> Format:
    compression, media_type = _PACKINGS[ending]
    return msgspec.structs.replace(plain, name=f"{plain.name}.{ending}", media_type=media_type, compression=compression)


TABLES: dict[str, Format] = {
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
"""The table formats by name."""

_OFFICE = "application/vnd.openxmlformats-officedocument"
_ODF = "application/vnd.oasis.opendocument"


def _document(name: str, media_type: str, *, is_written: bool = True) -> Format:
    return Format(name, name, "document", media_type, is_written=is_written)


def _image(name: str, media_type: str, *, is_written: bool = True) -> Format:
    return Format(name, name, "image", media_type, is_written=is_written)


FORMATS: dict[str, Format] = TABLES | {
    f.name: f
    for f in (
        _document("docx", f"{_OFFICE}.wordprocessingml.document"),
        _document("doc", "application/msword", is_written=False),
        _document("odt", f"{_ODF}.text"),
        _document("rtf", "application/rtf"),
        _document("txt", "text/plain"),
        _document("md", "text/markdown"),
        _document("html", "text/html"),
        _document("epub", "application/epub+zip"),
        _document("pdf", "application/pdf"),
        _document("xls", "application/vnd.ms-excel", is_written=False),
        _document("ods", f"{_ODF}.spreadsheet"),
        _document("pptx", f"{_OFFICE}.presentationml.presentation"),
        _document("ppt", "application/vnd.ms-powerpoint", is_written=False),
        _document("odp", f"{_ODF}.presentation"),
        _image("jpg", "image/jpeg"),
        _image("png", "image/png"),
        _image("webp", "image/webp"),
        _image("gif", "image/gif"),
        _image("tiff", "image/tiff"),
        _image("bmp", "image/bmp"),
        _image("heic", "image/heic", is_written=False),
        _image("svg", "image/svg+xml", is_written=False),
    )
}
"""Every format this service knows, by name."""

PAGES = Format("zip", "zip", "document", "application/zip")
"""The zip of pictures that an engine writes where a document of several pages becomes pictures.

No job names this format as its target, and no job reads the format.
"""

ALIASES = {
    "jsonl": "ndjson",
    "feather": "arrow",
    "jpeg": "jpg",
    "tif": "tiff",
    "htm": "html",
    "markdown": "md",
    "heif": "heic",
}
"""Other extensions in use for the same formats."""

COMPRESSIONS: dict[str, tuple[str, ...]] = {
    "parquet": ("zstd", "snappy", "gzip", "lz4", "brotli", "none"),
    "arrow": ("none", "lz4", "zstd"),
    "avro": ("deflate", "zstd", "snappy", "none"),
}
"""Base of a format -> the compressions the format can have inside. The first is the default."""


def extension_of(file_name: str) -> str:
    """The last extension of a file name in lower case, without the dot; `csv.gz` where the last is a compression."""
    parts = file_name.lower().split(".")
    if len(parts) > 2 and parts[-1] in _PACKINGS:
        return ".".join(parts[-2:])
    return parts[-1] if len(parts) > 1 else ""


def format_of(file_name: str) -> Format | None:
    """The format of a file name's extension, or None."""
    base, dot, packing = extension_of(file_name).partition(".")
    return FORMATS.get(ALIASES.get(base, base) + dot + packing)


def stem_of(file_name: str) -> str:
    """The file name without its extension (`data.csv.gz` -> `data`)."""
    extension = extension_of(file_name)
    return file_name[: -len(extension) - 1] if extension else file_name


def media_type_of(name: str) -> str:
    """The media type of a format that an engine writes, `PAGES` included."""
    return PAGES.media_type if name == PAGES.name else FORMATS[name].media_type


def table_of(file_name: str) -> Format | None:
    """The table format of a file name's extension, or None."""
    found = format_of(file_name)
    return found if found is not None and found.family == "table" else None


def output_name(file_name: str, target: Format) -> str:
    """`data.csv` -> `data_processed.parquet`. A stem that is too long is cut between two characters."""
    return _beside(file_name, f"_processed.{target.name}")


def bad_rows_name(file_name: str) -> str:
    """`data.tsv.gz` -> `data_bad_rows.csv`, cut alike. The output for bad rows is always csv."""
    return _beside(file_name, "_bad_rows.csv")


def _beside(file_name: str, ending: str) -> str:
    base = stem_of(file_name).encode()[: file_names.LONGEST - len(ending.encode())]
    return base.decode(errors="ignore") + ending
