"""Finds the first row that must fail a job, and says what is wrong with it.

The run itself only knows that there is one: pieces of a table are worked on side by side, and the one that was noticed
first need not be the first in the file.
"""

from functools import reduce
from operator import or_

import polars as pl

from filemill.engines.tables import plan, reading, trouble, writing
from filemill.engines.tables.table import MARK, ROW
from filemill.errors import JobFailed
from filemill.jobs.run import Phase, Progress, Run, Warned
from filemill.jobs.steps import Pipeline


def of_first_misfit(run: Run, steps: Pipeline) -> JobFailed:
    """Reads once more, up to that row -> the failure that names it."""
    file = run.inputs[0]
    source = reading.open_input(run.store, file, _silently, numbered=True)
    try:
        last = plan.through(steps, source.table())
        checks = writing.prepare(last, run.outputs[0]).checks
        bad = reduce(or_, (check.bad for check in checks), pl.col(MARK) if last.marks else pl.lit(False))
        found = (
            last.frame.filter(bad)
            .head(1)
            .select(
                ROW,
                *(check.bad.alias(f"bad {number}") for number, check in enumerate(checks)),
                *(check.value.cast(pl.String).alias(f"value {number}") for number, check in enumerate(checks)),
            )
            .collect(engine="streaming")
        )
    finally:
        source.close()
    for row in found.iter_rows(named=True):
        for number, check in enumerate(checks):
            if row[f"bad {number}"]:
                return trouble.bad_value(file, row[ROW], check.name, row[f"value {number}"], check.what)
    return source.fault or trouble.internal()


def _silently(line: Phase | Progress | Warned) -> None:
    """Progress is told once."""
