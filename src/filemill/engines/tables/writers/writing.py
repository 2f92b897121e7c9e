"""Sends the last table off: typed where the format is, as text where it is not, and nothing altered on the way."""

from collections.abc import Callable, Sequence

import msgspec
import polars as pl

from filemill.engines.tables import schema, table
from filemill.engines.tables.barrier import Announced, Misfit
from filemill.engines.tables.readers.nesting import MOST_LEVELS, MOST_PARQUET_LEVELS
from filemill.engines.tables.schema import Type
from filemill.engines.tables.table import MARK, Check, Column, Table
from filemill.engines.tables.values import nested
from filemill.engines.tables.writers import avro_sink, json_values, printed, sheet_room, sinks, xlsx_sink
from filemill.engines.tables.writers.uploading import Upload
from filemill.errors import JobFailed
from filemill.pipelines.formats import FORMATS, Format
from filemill.pipelines.run import OutputFile, Phase, Progress, Say, Stored, Warned
from filemill.pipelines.steps import ConvertFormat

_CANNOT = {
    "csv": ("list", "struct", "unknown"),
    "tsv": ("list", "struct", "unknown"),
    "ndjson": ("unknown",),
    "json": ("unknown",),
    "parquet": ("unknown",),
    "arrow": ("unknown",),
    "avro": ("duration", "unknown"),
    "xlsx": ("list", "struct", "unknown"),
}
_CANNOT_WITHIN = {
    "csv": ("binary", "unknown"),
    "tsv": ("binary", "unknown"),
    "ndjson": ("binary", "unknown"),
    "json": ("binary", "unknown"),
    "xlsx": ("binary", "unknown"),
    "avro": ("duration", "unknown"),
}
"""Types that values of a list, an object or a map must not be of."""

_NO_EMPTY_OBJECTS = ("parquet", "avro")

_MOST_LEVELS = {"parquet": (MOST_PARQUET_LEVELS - 1, 2), "arrow": (MOST_LEVELS, 1), "avro": (MOST_LEVELS, 1)}
"""How deep columns may be nested so that the output can be read, and as how many levels a list counts."""


class Prepared(msgspec.Struct, frozen=True):
    """A table as it will be written: its frame holds what the output has and `MARK`, in their final types.

    `row_bytes` is how much a row takes in memory, by the first rows of the input; 0 where there are none.
    """

    frame: pl.LazyFrame
    names: tuple[str, ...]
    types: tuple[Type, ...]
    checks: tuple[Check, ...]
    height: int | None
    row_bytes: int


class Written:
    """Counts the rows that come to be written, and tells how many of how many where that is known beforehand.

    Of a slow writer, for which `tell_written` is given, those count that it has `put` down.
    """

    def __init__(self, height: int | None, say: Say, tell_written: Callable[[float], bool] | None = None) -> None:
        self.rows = 0
        self._put = 0
        self._height = height
        self._tell_written = tell_written
        self.say = say
        self._announced = Announced(say, Phase("writing"))

    def pass_on(self, columns: Sequence[pl.Series]) -> pl.Series:
        """Lets the first of these columns through; the second, where there is one, is `MARK`. Raises Misfit."""
        first, *marks = columns
        if any(mark.any() for mark in marks):
            raise Misfit
        if first.len():
            self._announced.begin()
        self.rows += first.len()
        if self._height is not None and not self._tell_written:
            self.say(Progress(self.rows, self._height, "rows"))
        return first

    def put(self, rows: int, of: int | None = None) -> None:
        """So many rows more are put down, `of` so many where a writer has all of them before it begins."""
        self._put += rows
        whole = of or self._height
        part = min(self._put / max(of or self.rows, 1), 1.0)
        is_told = self._tell_written is not None and self._tell_written(part)
        if whole and not is_told:
            self.say(Progress(min(self._put, whole), whole, "rows"))


def prepare(last: Table, output: OutputFile) -> Prepared:
    """Types and names the columns as the output's format needs them. Raises JobFailed for what it cannot carry."""
    target = FORMATS[output.format]
    for name, column in last.columns.items():
        if lost := _lost(column, target.base):
            raise JobFailed(
                "bad_value",
                f"Column {name!r} holds values of type {lost}, which {target.base} cannot carry; drop it before.",
            )
        levels, of_list = _MOST_LEVELS.get(target.base, (None, 1))
        if levels and nested.depth(column.type.dtype, of_list=of_list) > levels:
            raise JobFailed(
                "bad_value", f"Column {name!r} is nested deeper than readers of {target.base} go; drop it before."
            )
        if target.base in _NO_EMPTY_OBJECTS and "Struct({})" in repr(column.type.dtype):
            raise JobFailed(
                "bad_value", f"Column {name!r} holds objects without keys, which {target.base} cannot carry."
            )
    if target.base == "avro":
        avro_sink.check(tuple(last.columns))
    if target.base == "xlsx":
        sheet_room.check(tuple(last.columns), last.height)
    checks = list(last.checks)
    values, types, own = [], [], []
    for name, column in last.columns.items():
        value, check = _typed(name, column, target) if target.base in _TYPED else _as_text(name, column, target)
        values.append(value)
        types.append(column.type)
        own += [one for one in (check, _check(column, name, target)) if one]
    marks = [table.is_marked(last, *own).alias(MARK)] if last.marks or own else []
    frame = last.frame.select(*_for_one_column(values, target), *marks)
    row_bytes = int(last.sample.estimated_size()) // max(last.sample.height, 1)
    return Prepared(frame, tuple(last.columns), tuple(types), (*checks, *own), last.height, row_bytes)


def _lost(column: Column, base: str) -> str | None:
    """The type that a format cannot carry, of a column or of what its values hold."""
    if column.type.name in _CANNOT[base]:
        return column.called
    if not nested.is_nested(column.type.dtype):
        return None
    within = {schema.type_of(leaf).name for leaf in nested.leaves(column.type.dtype)}
    lost = sorted(within.intersection(_CANNOT_WITHIN.get(base, ())))
    return f"{column.type.name} of {lost[0]}" if lost else None


def send(prepared: Prepared, output: OutputFile, how: ConvertFormat, upload: Upload, written: Written) -> Stored | None:
    """Carries everything out, from the first byte read to the last one written; `how` holds the format's options.

    Answers with what the store has, as far as `upload` knows.
    """
    frame = _watched(prepared.frame, written)
    try:
        told = sinks.sink(frame, FORMATS[output.format], how, upload, prepared.row_bytes, put=written.put)
        stored = upload.finish()
    except BaseException as error:
        upload.abandon()
        if upload.fault and error is not upload.fault:
            raise upload.fault from error
        raise
    if told:
        written.say(Warned("type_lost", told))
    return stored


def _watched(frame: pl.LazyFrame, written: Written) -> pl.LazyFrame:
    """The rows as they are, without `MARK`, past `written`.

    It sees one column and the marks: whole frames on their way through Python would cost a tenth of the run.
    """
    kinds = frame.collect_schema()
    width = len(kinds) - (MARK in kinds)
    # By place: a column may be called "*", or like a pattern.
    seen = [pl.nth(0), pl.col(MARK)] if MARK in kinds else [pl.nth(0)]
    watched = pl.map_batches(seen, written.pass_on, return_dtype=kinds.dtypes()[0], is_elementwise=True)
    return frame.select(watched, pl.nth(range(1, width)))


_TYPED = ("parquet", "ndjson", "json", "arrow", "avro", "xlsx")
_JSON = ("ndjson", "json")
_TEXT = ("csv", "tsv")

Made = tuple[pl.Expr, Check | None]


def _check(column: Column, name: str, target: Format) -> Check | None:
    """Text that goes out as text needs no type."""
    if column.is_text and target.base not in _TYPED:
        return None
    return table.check_of(column, name, None)


def _typed(name: str, column: Column, target: Format) -> Made:
    if not column.is_text:
        return _BY_FORMAT.get(target.base, _as_it_is)(name, column)
    value = table.value_of(column)
    if target.base == "xlsx":
        return xlsx_sink.of_plain(name, column.type, value)
    if column.type == schema.BIG_INT and target.base in _JSON:
        # Too long for 64 bits, and still to be a number in JSON.
        value = value.cast(pl.Int128)
    return value.alias(name), None


def _as_it_is(name: str, column: Column) -> Made:
    return pl.col(column.at).alias(name), None


_BY_FORMAT: dict[str, Callable[[str, Column], Made]] = {
    "ndjson": json_values.value_of,
    "json": json_values.value_of,
    "avro": avro_sink.value_of,
    "xlsx": xlsx_sink.value_of,
}
"""How formats carry a typed column that is not of text; the others carry it as it is."""


def _as_text(name: str, column: Column, target: Format) -> Made:
    """A column as csv carries it: text as it stood, everything else in a form that is read back as the same value."""
    if column.is_text:
        return table.stood(column).alias(name), None
    if column.type.name == "map":
        return json_values.text_of(name, column, target.base)
    if column.type.name in (*printed.TYPES, "float"):
        return printed.value_of(name, column, target.base)
    return _as_it_is(name, column)


def _for_one_column(values: list[pl.Expr], target: Format) -> list[pl.Expr]:
    """A null in a single column must not become a blank line, which every reader passes over."""
    if target.base in _TEXT and len(values) == 1:
        return [values[0].cast(pl.String).fill_null("")]
    return values
