"""The step `aggregate`: makes one row of each group of rows, in the order in which the groups first appear."""

import msgspec
import polars as pl

from filemill.engines.tables import barrier, table
from filemill.engines.tables.inputs import Inputs
from filemill.engines.tables.steps import keys, summaries
from filemill.engines.tables.table import Column, Table
from filemill.pipelines.run import Phase
from filemill.pipelines.table_steps import Aggregate


def apply(step: Aggregate, source: Table, number: int, given: Inputs) -> Table:
    """A row for each group. Raises JobFailed where a column is unknown, or a function not for its type."""
    where, phase = f"step {number} (aggregate)", Phase("aggregating", number)
    return grouped(source, step, where, phase, given)


def grouped(source: Table, step: Aggregate, where: str, phase: Phase, given: Inputs) -> Table:
    """A row for each group, with its values of `group_by`, typed, and what is asked for; one row without `group_by`.

    `where` and `phase` are those of the step that asks.
    """
    assert phase.step
    groups: dict[str, pl.Expr] = {}
    columns: dict[str, Column] = {}
    needs = []
    for name in step.group_by:
        value, check = keys.of(source, name, phase.step, where)
        groups[name] = value.alias(table.fresh())
        needs += [check] if check else []
        kind = source.columns[name].type
        columns[name] = Column(groups[name].meta.output_name(), keys.shown(kind))
    asked = {one.name: summaries.of(source, one, phase.step, where) for one in step.aggregations}
    needs += [check for one in asked.values() for check in one.needs]
    source = barrier.before(source, phase, given, *needs)
    parts = [part for one in asked.values() for part in one.parts]
    if groups:
        # The place of a group's first row brings the groups into their order.
        place = table.fresh()
        frame = source.frame.with_row_index(place).group_by(*groups.values()).agg(pl.col(place).min(), *parts)
        frame = frame.sort(place)
    else:
        # Polars takes one row to have no order, and would lose that of a join behind it; it does not look through this.
        frame = source.frame.select(*parts).map_batches(_as_it_is)
    values = {name: one.value.alias(table.fresh()) for name, one in asked.items()}
    columns |= {name: Column(value.meta.output_name(), asked[name].type) for name, value in values.items()}
    frame = frame.with_columns(values.values())
    made = msgspec.structs.replace(source, frame=frame, columns=columns, height=None if groups else 1)
    return table.marked(made, *(check for one in asked.values() for check in one.checks))


def _as_it_is(row: pl.DataFrame) -> pl.DataFrame:
    return row
