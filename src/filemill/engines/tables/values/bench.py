"""Where the values of one step are made: every value becomes a column of its own, and every doubt about it a check.

A value that two others need would else be written into both: an expression nested twenty deep would be computed a
million times. What is not chosen by an `if` is not looked at, so that a check holds only where its value is needed.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import msgspec
import polars as pl

from filemill.engines.tables import table
from filemill.engines.tables.reasons import Reason
from filemill.engines.tables.table import Check, Table
from filemill.errors import JobFailed


class Bench:
    """A table in the making. `name` is the column that is just made, as errors call it; `step` counts from 1."""

    def __init__(self, source: Table, step: int, step_name: str, name: str) -> None:
        self.source = source
        self.step = step
        self.where = f"step {step} ({step_name})"
        self.name = name
        self._frame = source.frame
        self._waiting: dict[str, pl.Expr] = {}
        self._checks: list[Check] = []
        self._guard: pl.Expr | None = None

    def keep(self, value: pl.Expr) -> pl.Expr:
        """Makes the value a column -> that column.

        Those that need none of each other are made at once: every turn of a frame costs memory for all its columns.
        """
        if not self._waiting.keys().isdisjoint(value.meta.root_names()):
            self._make()
        at = table.fresh()
        self._waiting[at] = value.alias(at)
        return pl.col(at)

    def _make(self) -> None:
        self._frame = self._frame.with_columns(self._waiting.values()) if self._waiting else self._frame
        self._waiting = {}

    def column_of(self, value: pl.Expr) -> str:
        """Makes the value a column -> its name."""
        return self.keep(value).meta.output_name()

    @contextmanager
    def only_where(self, condition: pl.Expr) -> Iterator[None]:
        """What is made inside is needed only where the condition is true; it is never null."""
        before = self._guard
        self._guard = condition if before is None else self.keep(before & condition)
        try:
            yield
        finally:
            self._guard = before

    def doubt(self, bad: pl.Expr, value: pl.Expr, what: str | Reason) -> None:
        """A row for which `bad` is true must fail: `value` is what is told, `what` ends the sentence."""
        self.check(Check(self.step, self.name, bad, value, what))

    def check(self, check: Check) -> None:
        """A check that came from elsewhere, wherever its value is needed."""
        bad = check.bad.fill_null(False)
        self._checks.append(msgspec.structs.replace(check, bad=bad if self._guard is None else bad & self._guard))

    def refuse(self, sentence: str) -> JobFailed:
        """What cannot be computed at all."""
        return JobFailed("bad_value", f"{self.where}: {sentence}")

    def finish(self) -> Table:
        """The table with all that was made, its rows marked by the checks."""
        self._make()
        return table.marked(msgspec.structs.replace(self.source, frame=self._frame), *self._checks)
