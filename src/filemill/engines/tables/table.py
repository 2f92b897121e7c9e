"""A table on its way through the steps: a lazy frame, its columns by the names the caller knows, and what was needed.

The frame's own column names are the reader's; renaming changes the mapping alone. A column of a text format holds the
text as it stood. A step that needs it typed marks the row where that fails: a marked row passes every filter, so that
it is met exactly if it would have been met row by row, and fails the job at the end, or at a `barrier` before it.

A column of the frame never changes: a step that makes values adds a column under a `fresh` name and points the
caller's name at it. So a `Check` still holds on every later frame.
"""

from itertools import count
from typing import Protocol

import msgspec
import polars as pl

from filemill.engines.tables import commas, nearest, reasons, schema, trouble
from filemill.engines.tables.reasons import Reason
from filemill.engines.tables.schema import Type
from filemill.errors import JobFailed
from filemill.pipelines.run import InputFile

ROW = "\x00row"
"""The column that counts a text source's rows, from 1; in an extra input that many times `INPUT` is added."""

INPUT = 1 << 48
"""What a row's number is divided by to tell which input of the run it is from."""

MARK = "\x00mark"
"""The column that is true in a row which must fail the job should it arrive at the end."""


class Source(Protocol):
    """An opened input."""

    file: InputFile
    rows: int
    """Rows read so far."""

    fault: JobFailed | None
    """What was wrong with the row at which reading ended early; that row is marked."""

    def table(self) -> "Table":
        """The input as a table, to be used once."""
        ...

    def close(self) -> None:
        """Stops reading."""
        ...


class Column(msgspec.Struct, frozen=True):
    """One column: its name in the frame, its type, and whether the frame holds text that is only to be taken as such.

    `guessed` is false for a text column that held no value in its first rows. `typed` names the column that holds the
    values of text that a step has typed already; where that failed the row is marked. `swapped`: comma and point have
    changed places in the text (see `commas`). `odd` names the column that holds as JSON what this one could not, and
    `why` says of these values what keeps them from it, where JSON does not tell. `row` names the column with the number
    of the row it came from. `was` is what its file calls a type that no column here has.
    """

    at: str
    type: Type
    is_text: bool = False
    guessed: bool = True
    typed: str | None = None
    swapped: bool = False
    odd: str | None = None
    why: str | None = None
    row: str = ROW
    was: str | None = None

    @property
    def called(self) -> str:
        """Its type as a sentence names it."""
        return self.was or self.type.name


class Check(msgspec.Struct, frozen=True):
    """What a row must pass that arrives at the end, for a step (counted from 1) or, with None, for the output.

    `bad` and `value` are expressions over the frame; `what` ends the sentence that begins with the value, or makes that
    end of it; `row` names the column that tells the row.
    """

    step: int | None
    name: str
    bad: pl.Expr
    value: pl.Expr
    what: str | Reason
    row: str = ROW

    def says(self, value: str | None) -> str:
        """The end of the sentence that begins with the value."""
        return self.what if isinstance(self.what, str) else self.what(value or "")


class Table(msgspec.Struct, frozen=True):
    """What a step takes and gives. `columns` by the caller's names, in order; `height` where it is known beforehand.

    `marks`: whether the frame has the column `MARK`. `sample` holds the first rows of a text source. `again`: whether
    the frame can be run more than once.
    """

    frame: pl.LazyFrame
    columns: dict[str, Column]
    source: Source
    sample: pl.DataFrame
    marks: bool
    checks: tuple[Check, ...] = ()
    height: int | None = None
    again: bool = False

    def column(self, name: str, where: str) -> Column:
        """The column of this name. Raises JobFailed naming the nearest ones; `where` is the step."""
        if name in self.columns:
            return self.columns[name]
        hint = nearest.told(name, self.columns)
        raise JobFailed("unknown_column", f"{where}: there is no column {trouble.shorten(name)}.{hint}")

    def values(self, name: str, where: str) -> Column:
        """The column of this name, for a step that looks at its values. Raises JobFailed where none can be read."""
        column = self.column(name, where)
        if column.type.name == "unknown":
            raise JobFailed(
                "bad_value",
                f"{where}: column {trouble.shorten(name)} is of type {column.called}, which no step can look into; drop"
                " it before.",
            )
        return column


_numbers = count()


def fresh() -> str:
    """A name for a new column of a frame, that no column has had before."""
    return f"\x00made {next(_numbers)}"


def marked(source: Table, *checks: Check) -> Table:
    """The table with the rows marked that fail one of `checks`, beside those that are marked already."""
    if not checks:
        return source
    mark = is_marked(source, *checks).alias(MARK)
    return msgspec.structs.replace(
        source, frame=source.frame.with_columns(mark), checks=(*source.checks, *checks), marks=True
    )


def is_marked(source: Table, *checks: Check) -> pl.Expr:
    """Whether a row is marked, or fails one of `checks`; never null."""
    own = pl.col(MARK) if source.marks else pl.lit(False)
    # One flat expression: a chain of "or" takes minutes from a thousand columns on, before the first row is read.
    return pl.any_horizontal(own, *(check.bad.fill_null(False) for check in checks))


def value_of(column: Column) -> pl.Expr:
    """A column's values, typed where they are text that is only to be taken as something else."""
    if column.is_text and not column.typed:
        return schema.typed(plain(column), column.type)
    return pl.col(column.typed or column.at)


def plain(column: Column) -> pl.Expr:
    """A column, or its text with its numbers written with a point and without thousands."""
    own = pl.col(column.at)
    return commas.ungrouped(own) if column.swapped else own


def stood(column: Column) -> pl.Expr:
    """A column as it stood in its file."""
    own = pl.col(column.at)
    return commas.swapped(own) if column.swapped else own


def check_of(column: Column, name: str, step: int | None) -> Check | None:
    """That a value is of its column's type, if that is in doubt: for text to be typed, and for what was read as odd."""
    needs = f"step {step}" if step else "the output"
    if column.odd:
        odd = pl.col(column.odd)
        if column.why:
            bare = odd.str.strip_prefix('"').str.strip_suffix('"')
            what = f"{column.why}, and {needs} needs it as {column.type.name}; drop the column before."
            return Check(step, name, odd.is_not_null(), bare, what, column.row)
        return Check(step, name, odd.is_not_null(), odd, reasons.of_json(column.type, needs), column.row)
    if not column.is_text or column.typed or column.type == schema.TEXT:
        return None
    bad = schema.misfit(plain(column), value_of(column), column.type)
    return Check(
        step, name, bad, stood(column), reasons.of_text(column.type, needs, swapped=column.swapped), column.row
    )
