"""The step `sort`: puts rows in order by the values of columns; rows that are equal keep their order."""

import msgspec

from filemill.engines.tables import barrier
from filemill.engines.tables.inputs import Inputs
from filemill.engines.tables.steps import keys
from filemill.engines.tables.table import Table
from filemill.jobs.run import Phase
from filemill.jobs.table_steps import Sort


def apply(step: Sort, source: Table, number: int, given: Inputs) -> Table:
    """The table in order. Raises JobFailed where a column is unknown or cannot be compared."""
    where = f"step {number} (sort)"
    values, checks = [], []
    for key in step.by:
        value, check = keys.of(source, key.column, number, where)
        values.append(value)
        checks += [check] if check else []
    source = barrier.before(source, Phase("sorting", number), given, *checks)
    frame = source.frame.sort(
        values,
        descending=[key.descending for key in step.by],
        nulls_last=True,
        maintain_order=True,
    )
    return msgspec.structs.replace(source, frame=frame)
