"""Takes a table through the steps of a pipeline: the one list of which file carries out which step."""

from filemill.engines.tables import filtering, limiting, renaming, selecting
from filemill.engines.tables.table import Table
from filemill.jobs.steps import ConvertFormat, Filter, Limit, Pipeline, Rename, Select, Step


def through(steps: Pipeline, table: Table) -> Table:
    """The table behind the last step. Raises JobFailed where a step does not fit."""
    for number, step in enumerate(steps, 1):
        table = _apply(step, table, number)
    return table


def _apply(step: Step, table: Table, number: int) -> Table:
    match step:
        case Filter():
            return filtering.apply(step, table, number)
        case Select():
            return selecting.apply(step, table, number)
        case Rename():
            return renaming.apply(step, table, number)
        case Limit():
            return limiting.apply(step, table)
        case ConvertFormat():
            # The output's format is named in the run; writing goes by that.
            return table
