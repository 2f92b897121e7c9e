"""Plans a run: what each step would make of the beginning of the inputs, the first rows, and all that is wrong.

A step that does not fit is left out, and the next ones are looked at all the same, as far as anything is certain of
them. Which rows do not fit is told of the table before the first such step.
"""

import logging
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import polars as pl

from filemill.engines.tables import collecting, dispatch, preview, trouble
from filemill.engines.tables.collecting import Unreadable
from filemill.engines.tables.inputs import Inputs
from filemill.engines.tables.misfits import Misfits
from filemill.engines.tables.table import Table
from filemill.engines.tables.writers import losses, writing
from filemill.errors import JobFailed
from filemill.pipelines import steps as wire
from filemill.pipelines import traits
from filemill.pipelines.run import Done, Phase, Plan, Planned, Progress, Run, Warned, bounded
from filemill.pipelines.steps import ConvertFormat, Pipeline, Step

T = TypeVar("T")

MOST_SCHEMA_BYTES = 1 << 20
"""Of all columns in a plan: a hundred steps of ten thousand columns are nobody's to read."""

_COLUMN_BYTES = 32
"""What a column's type, and the signs around it, add to its name."""

_NO_ROWS = "[]"

log = logging.getLogger(__name__)


def of(run: Run, pipeline: Pipeline) -> Done:
    """The plan. Raises JobFailed only for what is not the caller's fault."""
    misfits = Misfits(is_told=run.options.on_bad_rows == "fail")
    warnings: dict[str, None] = {}  # in the order in which they come, each once

    def say(line: Phase | Progress | Warned) -> None:
        if isinstance(line, Warned):
            warnings[line.message] = None

    given = Inputs(run, say, bad_rows=misfits)
    planning = _Planning(run, pipeline, given)
    try:
        planning.go_through()
        rows = planning.look_at_rows()
    finally:
        given.close()
    errors = {**misfits.sentences(planning.output), **planning.errors}
    told = tuple(planning.worded(place, errors[place]) for place in sorted(errors))
    return Done(given.rows, (), Plan(tuple(planning.steps), _NO_ROWS if errors else rows, told, tuple(warnings)))


class _Planning:
    """One plan. `errors` tells what is wrong by the step's number: 0 is the file, `output` what comes behind them."""

    def __init__(self, run: Run, pipeline: Pipeline, given: Inputs) -> None:
        self.steps: list[Planned] = []
        self.errors: dict[int, str] = {}
        self.output = len(pipeline) + 1
        self._run = run
        self._pipeline = pipeline
        self._given = given
        self._certain: Table | None = None
        self._doubtful: set[str] = set()
        self._told = 0

    def worded(self, place: int, sentence: str) -> str:
        """What is wrong with the output is told of the step that asks for it, if one does."""
        sentence = bounded(sentence)
        is_asked = self._pipeline and isinstance(self._pipeline[-1], ConvertFormat)
        return f"step {place - 1} (convert_format): {sentence}" if place == self.output and is_asked else sentence

    def go_through(self) -> None:
        """Carries out every step that fits, as far as that goes without rows."""
        table = self._attempt(0, self._given.main)
        for number, step in enumerate(self._pipeline, 1):
            if not self.errors:
                self._certain = table
            made = self._made(step, table, number)
            if made is None:
                self._doubtful |= traits.of(step).makes(step)
            table = made or (table if traits.of(step).keeps_columns else None)
            self._tell(step, table)
        if not self.errors:
            self._certain = table

    def _made(self, step: Step, table: Table | None, number: int) -> Table | None:
        """The table behind a step, None where it does not fit or nobody can tell."""
        if table is None or traits.mentions(step, self._doubtful):
            return None
        return self._attempt(number, partial(dispatch.apply, step, table, number, self._given))

    def _tell(self, step: Step, table: Table | None) -> None:
        note = traits.of(step).note(step)
        columns: tuple[tuple[str, str], ...] = ()
        if table is not None and not self.errors:
            columns = tuple((name, column.type.name) for name, column in table.columns.items())
            self._told += sum(len(name.encode()) + _COLUMN_BYTES for name in table.columns)
            if self._told > MOST_SCHEMA_BYTES:
                note, columns = f"There are {len(columns):,} columns, too many to be told here.", ()
        self.steps.append(Planned(wire.NAMES[type(step)], columns, traits.of(step).streams(step), note))

    def look_at_rows(self) -> str:
        """Has all rows go through what is certain, so that misfits are met -> the first of them, as JSON."""
        last = self._certain
        if last is not None and not self.errors:
            last = self._attempt(self.output, partial(self._fit_to_be_written, last))
        if last is None:
            return _NO_ROWS
        return self._attempt(0, partial(self._run_through, last)) or _NO_ROWS

    def _fit_to_be_written(self, last: Table) -> Table:
        """The table without the rows that the output cannot carry. Raises JobFailed for columns it cannot."""
        prepared = writing.prepare(last, self._run.outputs[0])
        for warning in losses.of(last, self._run.outputs[0]):
            self._given.say(warning)
        return collecting.taken_out(last, self._given, *prepared.checks[len(last.checks) :])

    def _run_through(self, last: Table) -> str:
        last = collecting.taken_out(last, self._given)
        try:
            rows = preview.of(last, self._given.say)
            last.frame.select(pl.len()).collect(engine="streaming")
        except Unreadable as error:
            raise self._given.fault(error.place) or trouble.internal() from error
        return rows

    def _attempt(self, place: int, do: Callable[[], T]) -> T | None:
        """What is done; None where that fails by the caller's fault, which is noted."""
        try:
            return do()
        except JobFailed as failure:
            error = failure
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as cause:
            log.exception("a plan went wrong")
            error = trouble.of_polars(cause, self._run.inputs[0])
        if error.at_fault != "caller":
            raise error
        self.errors[place] = error.message
        return None
