"""Takes a table through the steps of a pipeline: the one list of which file carries out which step."""

from collections.abc import Callable
from typing import Any

from filemill.engines.tables import collecting
from filemill.engines.tables.inputs import Inputs
from filemill.engines.tables.steps import (
    adding,
    aggregating,
    appending,
    casting,
    deduplicating,
    dropping,
    filling,
    filtering,
    joining,
    limiting,
    pivoting,
    renaming,
    sampling,
    selecting,
    sorting,
    unpivoting,
)
from filemill.engines.tables.table import Table
from filemill.pipelines import steps as wire
from filemill.pipelines import traits
from filemill.pipelines.run import Phase
from filemill.pipelines.steps import Filter, Limit, Pipeline, Rename, Select, Step
from filemill.pipelines.table_steps import Aggregate, Concat, Distinct, Join, Pivot, Sample, Sort, Unpivot
from filemill.pipelines.value_steps import AddColumn, Cast, Drop, FillNull

WIDE = 1_000
"""From so many columns on it is told that a step begins, whatever it does."""

_BY_ROW: dict[type[Step], Callable[[Any, Table, int], Table]] = {
    Filter: filtering.apply,
    Select: selecting.apply,
    Rename: renaming.apply,
    Limit: limiting.apply,
    Drop: dropping.apply,
    AddColumn: adding.apply,
    Cast: casting.apply,
    FillNull: filling.apply,
    Unpivot: unpivoting.apply,
}
"""Steps that need the table alone."""

_BY_TABLE: dict[type[Step], Callable[[Any, Table, int, Inputs], Table]] = {
    Distinct: deduplicating.apply,
    Sort: sorting.apply,
    Sample: sampling.apply,
    Aggregate: aggregating.apply,
    Pivot: pivoting.apply,
    Join: joining.apply,
    Concat: appending.apply,
}
"""Steps that look at many rows or at further inputs, and tell when they begin."""


def through(steps: Pipeline, table: Table, given: Inputs) -> Table:
    """The table behind the last step. Raises JobFailed where a step does not fit."""
    for number, step in enumerate(steps, 1):
        if len(table.columns) > WIDE and traits.of(step).looks_at != "names":
            # What a query of so many columns takes, it takes before the first row: the step is to be named by then.
            given.say(Phase(f"{wire.NAMES[type(step)]} of {len(table.columns):,} columns", number))
        table = apply(step, table, number, given)
    return table


def apply(step: Step, table: Table, number: int, given: Inputs) -> Table:
    """The table behind one step, the `number`th, counted from 1. Raises JobFailed where it does not fit."""
    if isinstance(step, Limit) and given.bad_rows is not None and given.collects:
        table = collecting.taken_out(table, given)  # rows that cannot be used fill no limit
    if by_row := _BY_ROW.get(type(step)):
        return by_row(step, table, number)
    if by_table := _BY_TABLE.get(type(step)):
        return by_table(step, table, number, given)
    # `convert_format`: the output's format is named in the run; writing goes by that.
    return table
