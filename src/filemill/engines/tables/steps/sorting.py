"""The step `sort`: puts rows in order by the values of columns; rows that are equal keep their order."""

from collections.abc import Callable

import msgspec
import polars as pl

from filemill.engines.tables import barrier
from filemill.engines.tables.inputs import Inputs
from filemill.engines.tables.steps import keys
from filemill.engines.tables.table import Table
from filemill.pipelines.run import Phase
from filemill.pipelines.table_steps import Sort


def apply(step: Sort, source: Table, number: int, given: Inputs) -> Table:
    """The table in order. Raises JobFailed where a column is unknown or cannot be compared."""
    where = f"step {number} (sort)"
    values, checks = [], []
    for key in step.by:
        value, check = keys.of(source, key.column, number, where)
        values.append(value)
        checks += [check] if check else []
    source = barrier.before(source, Phase("sorting", number), given, *checks)
    passing = _Passing(given.sorts())
    frame = source.frame.map_batches(passing.take_in, streamable=True, projection_pushdown=True).sort(
        values,
        descending=[key.descending for key in step.by],
        nulls_last=True,
        maintain_order=True,
    )
    # A `limit` behind has to reach the sort, which then holds no more rows than that.
    frame = frame.map_batches(
        passing.give_out, streamable=True, predicate_pushdown=True, projection_pushdown=True, slice_pushdown=True
    )
    return msgspec.structs.replace(source, frame=frame)


class _Passing:
    """Counts rows on their way in and out; `tell` hears which part of them is out."""

    def __init__(self, tell: Callable[[float], None]) -> None:
        self._tell = tell
        self._taken = 0
        self._given = 0

    def take_in(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Lets rows through."""
        self._taken += rows.height
        return rows

    def give_out(self, rows: pl.DataFrame) -> pl.DataFrame:
        """Lets rows through; what was taken in is complete by now."""
        self._given += rows.height
        self._tell(min(self._given / max(self._taken, 1), 1.0))
        return rows
