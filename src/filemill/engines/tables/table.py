"""A table on its way through the steps: a lazy frame, its columns by the names the caller knows, and what was needed.

The frame's own column names are the reader's; renaming changes the mapping alone. A column of a text format holds the
text as it stood. The first step that needs it typed adds a typed copy beside it, and marks the row where that failed:
a marked row passes every filter, so that it is met exactly if it would have been met row by row, and fails the job at
the end.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Protocol

import msgspec
import polars as pl

from filemill.engines.tables import schema
from filemill.engines.tables.schema import Type
from filemill.errors import JobFailed
from filemill.jobs.run import InputFile

ROW = "\x00row"
"""The column that counts a text source's rows, from 1."""

MARK = "\x00mark"
"""The column that is true in a row which must fail the job should it arrive at the end."""


class Source(Protocol):
    """An opened input."""

    file: InputFile
    rows: int
    """Rows read so far."""

    fault: JobFailed | None
    """What was wrong with the row at which reading ended early; that row is marked."""

    def close(self) -> None:
        """Stops reading."""
        ...


class Column(msgspec.Struct, frozen=True):
    """One column: its name in the frame, its type, and whether the frame holds text that is only to be taken as such.

    `guessed` is false for a text column that held no value in its first rows. `copy` names its typed copy.
    """

    at: str
    type: Type
    is_text: bool = False
    guessed: bool = True
    copy: str | None = None


class Need(msgspec.Struct, frozen=True):
    """A text column that had to be typed, for a step (counted from 1) or, with None, for the output."""

    step: int | None
    name: str
    at: str
    type: Type


class Table(msgspec.Struct, frozen=True):
    """What a step takes and gives. `columns` by the caller's names, in order."""

    frame: pl.LazyFrame
    columns: dict[str, Column]
    source: Source
    sample: pl.DataFrame
    marks: bool
    needs: tuple[Need, ...] = ()
    whole: bool = True

    def column(self, name: str, where: str) -> Column:
        """The column of this name. Raises JobFailed naming the nearest ones; `where` is the step."""
        if name in self.columns:
            return self.columns[name]
        raise JobFailed("unknown_column", f"{where}: there is no column {name!r}.{self._nearest(name)}")

    def _nearest(self, name: str) -> str:
        lower = {known.lower(): known for known in reversed(self.columns)}
        near = [lower[found] for found in get_close_matches(name.lower(), lower, n=3, cutoff=0.6)]
        if near:
            return f" Did you mean {' or '.join(map(repr, near))}?"
        known = ", ".join(map(repr, list(self.columns)[:10]))
        return f" The columns are {known}{' and others' if len(self.columns) > 10 else ''}."


def typed(table: Table, names: Iterator[str] | list[str], step: int) -> Table:
    """The table with a typed copy of these columns, where they are text that is to be taken as something else.

    Rows that do not fit are marked only by `mark`, after the filter that will let them pass.
    """
    columns, needs, copies = dict(table.columns), list(table.needs), []
    for name in dict.fromkeys(names):
        column = columns[name]
        if column.is_text and column.type != schema.TEXT and column.copy is None:
            copy = f"{column.at}\x00{column.type.name}"
            columns[name] = msgspec.structs.replace(column, copy=copy)
            copies.append(schema.typed(pl.col(column.at), column.type).alias(copy))
            needs.append(Need(step, name, column.at, column.type))
    if not copies:
        return table
    return msgspec.structs.replace(
        table, frame=table.frame.with_columns(copies), columns=columns, needs=tuple(needs)
    )
