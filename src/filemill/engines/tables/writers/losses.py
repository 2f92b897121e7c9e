"""What the output's format has no type for, so that it is read back as something else: told before anything is written.

No value is lost by it. What a format cannot carry at all is refused by `writing`.
"""

import polars as pl

from filemill.engines.tables.schema import Type, scale_of, type_of
from filemill.engines.tables.table import Column, Table
from filemill.engines.tables.values import nested
from filemill.pipelines.formats import FORMATS
from filemill.pipelines.run import OutputFile, Warned

_MOST_NAMED = 10


def of(last: Table, output: OutputFile) -> list[Warned]:
    """The warnings, one for each thing that columns become."""
    base = FORMATS[output.format].base
    found: dict[str, list[str]] = {}
    unkept: dict[str, list[str]] = {}
    sentences: list[str] = []
    for name, column in last.columns.items():
        became = _becomes(column, base)
        if column.was:
            unkept.setdefault(became or column.type.name, []).append(f"{name!r} ({column.was})")
        elif became:
            found.setdefault(became, []).append(f"{name!r} ({column.type.name})")
    for became, names in found.items():
        sentences.append(f"{base} has no type of its own for {_named(names)}: written as {became}.")
    for became, names in unkept.items():
        sentences.append(f"The type is not kept of {_named(names)}: written as {became}.")
    return [Warned("type_lost", sentence) for sentence in sentences]


def _named(columns: list[str]) -> str:
    return ", ".join(columns[:_MOST_NAMED]) + (
        f" and {len(columns) - _MOST_NAMED} others" * (len(columns) > _MOST_NAMED)
    )


def _becomes(column: Column, base: str) -> str | None:
    """What a column becomes that is not what it was; text of a text file has no type to lose."""
    if column.is_text:
        return None
    kind = column.type
    match base:
        case "csv" | "tsv":
            return _IN_CSV.get(kind.name) or _of_decimal(kind)
        case "ndjson" | "json":
            return _IN_JSON.get(kind.name) or _within_json(kind) or _of_decimal(kind)
        case "xlsx":
            return _in_a_sheet(kind)
        case "avro":
            return _in_avro(kind)
    # The zone of moments is one that is not known here.
    return "moments in UTC" if column.was and kind.name == "datetime" else None


_AS_TEXT = {"date": "text", "datetime": "text", "time": "text", "duration": "text", "binary": "text in UTF-8"}
_IN_CSV = {**_AS_TEXT, "map": "JSON text"}
_IN_JSON = {**_AS_TEXT, "map": "objects"}


def _within_json(kind: Type) -> str | None:
    """Within lists and objects JSON knows as few types as outside."""
    if not nested.is_nested(kind.dtype):
        return None
    within = {type_of(leaf).name for leaf in nested.leaves(kind.dtype)}
    return "text within" if within & {*_AS_TEXT, "decimal"} else None


def _in_avro(kind: Type) -> str | None:
    zones = {leaf.time_zone for leaf in nested.leaves(kind.dtype) if isinstance(leaf, pl.Datetime)}
    if zones - {None, "UTC"}:
        return "moments in UTC"
    has_pairs = isinstance(kind.dtype, pl.Map) and kind.dtype.key != pl.String()
    return "lists of key and value" if has_pairs else None


def _in_a_sheet(kind: Type) -> str | None:
    if kind.name in ("binary", "map"):
        return _IN_CSV[kind.name]
    if isinstance(kind.dtype, pl.Datetime) and kind.dtype.time_zone is not None:
        return "text"
    return _of_decimal(kind)


def _of_decimal(kind: Type) -> str | None:
    return "numbers" if kind.name == "decimal" and scale_of(kind) else None
