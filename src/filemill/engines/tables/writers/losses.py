"""What the output's format has no type for, so that it is read back as something else: told before anything is written.

No value is lost by it. What a format cannot carry at all is refused by `writing`.
"""

import polars as pl

from filemill.engines.tables.schema import Type, scale_of
from filemill.engines.tables.table import Column, Table
from filemill.pipelines.formats import FORMATS
from filemill.pipelines.run import OutputFile, Warned

_MOST_NAMED = 10


def of(last: Table, output: OutputFile) -> list[Warned]:
    """The warnings, one for each thing that columns become."""
    base = FORMATS[output.format].base
    found: dict[str, list[str]] = {}
    for name, column in last.columns.items():
        if became := _becomes(column, base):
            found.setdefault(became, []).append(f"{name!r} ({column.type.name})")
    return [Warned("type_lost", _sentence(base, became, columns)) for became, columns in found.items()]


def _sentence(base: str, became: str, columns: list[str]) -> str:
    named = ", ".join(columns[:_MOST_NAMED]) + (
        f" and {len(columns) - _MOST_NAMED} others" * (len(columns) > _MOST_NAMED)
    )
    return f"{base} has no type of its own for {named}: written as {became}."


def _becomes(column: Column, base: str) -> str | None:
    """What a column becomes that is not what it was; text of a text file has no type to lose."""
    if column.is_text:
        return None
    kind = column.type
    match base:
        case "csv" | "tsv" | "ndjson" | "json":
            return {"date": "text", "datetime": "text", "time": "text"}.get(kind.name) or _of_decimal(kind)
        case "xlsx":
            return _in_a_sheet(kind)
        case "avro" if isinstance(kind.dtype, pl.Datetime) and kind.dtype.time_zone not in (None, "UTC"):
            return "moments in UTC"
    return None


def _in_a_sheet(kind: Type) -> str | None:
    if kind.name == "time":
        return "text"
    if isinstance(kind.dtype, pl.Datetime) and (kind.dtype.time_zone is not None or kind.dtype.time_unit == "ns"):
        return "text"
    return _of_decimal(kind)


def _of_decimal(kind: Type) -> str | None:
    return "numbers" if kind.name == "decimal" and scale_of(kind) else None
