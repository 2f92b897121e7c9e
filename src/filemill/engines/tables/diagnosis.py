"""Finds the first row that must fail a job, and says what is wrong with it.

The run itself only knows that there is one: pieces of a table are worked on side by side, and the one that was noticed
first need not be the first in the file. So the stages of the pipeline, its barriers and its end, are gone over in
order, each in a pass of its own, since an input can be read but once.
"""

from itertools import count

from filemill.engines.tables import dispatch, inputs, trouble
from filemill.engines.tables.inputs import Inputs, Reached, Stage
from filemill.engines.tables.table import ROW
from filemill.engines.tables.values import telling
from filemill.engines.tables.writers import writing
from filemill.errors import JobFailed
from filemill.pipelines.run import Phase, Progress, Run, Warned
from filemill.pipelines.steps import Pipeline


def of_first_misfit(run: Run, steps: Pipeline) -> JobFailed:
    """Reads once more, up to that row -> the failure that names it."""
    for number in count():
        given = Inputs(run, _silently, numbered=True, until=number)
        try:
            last = dispatch.through(steps, given.main(), given)
            stage = inputs.end_of(last, writing.prepare(last, run.outputs[0]).checks)
            return _look(stage, given) or trouble.internal()
        except Reached as reached:
            if failure := _look(reached.stage, given):
                return failure
        finally:
            given.close()
    raise AssertionError("unreachable")


def _look(stage: Stage, given: Inputs) -> JobFailed | None:
    """The failure of the first row that must not pass a stage, if there is one."""
    frame, checks = stage.frame, stage.checks
    rows = [name for name in frame.collect_schema() if name in {ROW, *(check.row for check in checks)}]
    found = (
        frame.filter(stage.bad)
        .head(1)
        .select(
            *rows,
            *(check.bad.fill_null(False).alias(f"bad {number}") for number, check in enumerate(checks)),
            *(telling.text(check.value).alias(f"value {number}") for number, check in enumerate(checks)),
        )
        .collect(engine="streaming")
    )
    for row in found.iter_rows(named=True):
        for number, check in enumerate(checks):
            if row[f"bad {number}"]:
                place, value = row.get(check.row), row[f"value {number}"]
                if place is None:
                    return trouble.bad_result(check.name, value, check.says(value))
                file, at = given.place(place)
                return trouble.bad_value(file.file_name, at, check.name, value, check.says(value))
        return given.fault(row[ROW]) or trouble.internal()
    return None


def _silently(line: Phase | Progress | Warned) -> None:
    """Progress is told once."""
