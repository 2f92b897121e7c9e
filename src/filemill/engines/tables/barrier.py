"""What stands before a step that looks at many rows at once: no marked row gets behind it.

A filter behind such a step must not drop a marked row before it was met, so no condition is pushed down through the
barrier; the choice of columns is.
"""

import msgspec
import polars as pl

from filemill.engines.tables import collecting, inputs
from filemill.engines.tables.inputs import Inputs
from filemill.engines.tables.table import MARK, Check, Table
from filemill.pipelines.run import Phase, Say


class Misfit(Exception):
    """A row that must fail the job has arrived where none may; which one it was is found out in a second run."""


class Announced:
    """Says that a phase has begun when the first rows of it come."""

    def __init__(self, say: Say, phase: Phase) -> None:
        self._say = say
        self._phase: Phase | None = phase

    def pass_on(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Lets rows through."""
        if frame.height:
            self.begin()
        return frame

    def begin(self) -> None:
        """Says it, once."""
        phase, self._phase = self._phase, None
        if phase:
            self._say(phase)


def before(source: Table, phase: Phase, given: Inputs, *checks: Check) -> Table:
    """The table without marks: a row that is marked, or fails one of `checks`, raises Misfit when it comes.

    Where such rows are collected it is handed over instead.

    `phase` is told when the first row comes.
    """
    if given.bad_rows is not None:
        return announced(collecting.taken_out(source, given, *checks), phase, given)
    checks = (*source.checks, *checks)
    frame = source.frame
    if source.marks or checks:
        stage = inputs.end_of(source, checks)
        given.note(stage)
        frame = frame.filter(stage.bad.map_batches(_refuse, return_dtype=pl.Boolean(), is_elementwise=True))
        if source.marks:
            frame = frame.drop(MARK)
    source = msgspec.structs.replace(source, frame=frame, marks=False, checks=())
    return announced(source, phase, given)


def announced(source: Table, phase: Phase, given: Inputs) -> Table:
    """The table, of which the first row tells that a phase has begun.

    What behind it needs few columns has the reader read no others.
    """
    frame = source.frame.map_batches(
        Announced(given.say, phase).pass_on,
        predicate_pushdown=False,
        slice_pushdown=False,
        projection_pushdown=True,
        streamable=True,
    )
    return msgspec.structs.replace(source, frame=frame, again=False)


def _refuse(bad: pl.Series) -> pl.Series:
    if bad.any():
        raise Misfit
    return ~bad
