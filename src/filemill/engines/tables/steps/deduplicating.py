"""The step `distinct`: of rows with the same values it keeps the first."""

import msgspec
import polars as pl

from filemill.engines.tables import barrier, table
from filemill.engines.tables.inputs import Inputs
from filemill.engines.tables.steps import keys
from filemill.engines.tables.table import MARK, Table
from filemill.errors import JobFailed
from filemill.pipelines.run import Phase
from filemill.pipelines.table_steps import Distinct


def apply(step: Distinct, source: Table, number: int, given: Inputs) -> Table:
    """The first row of each kind. Raises JobFailed where a column is unknown or cannot be compared."""
    where = f"step {number} (distinct)"
    names = step.columns or tuple(source.columns)
    if not names:
        raise JobFailed("bad_value", f"{where}: the table has no columns.")
    values: list[pl.Expr] = []
    checks = []
    for name in names:
        value, check = keys.of(source, name, number, where)
        values.append(value.alias(str(len(values))))
        checks += [check] if check else []
    source = barrier.announced(table.marked(source, *checks), Phase("deduplicating", number), given)
    marks = [pl.col(MARK)] if source.marks else []
    keep = pl.struct(*values, *marks).is_first_distinct()
    frame = source.frame.filter(keep | pl.col(MARK) if source.marks else keep)
    return msgspec.structs.replace(source, frame=frame, height=None)
