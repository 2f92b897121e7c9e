"""The step `drop`: leaves the named columns out."""

import msgspec

from filemill.engines.tables.table import Table
from filemill.errors import JobFailed
from filemill.pipelines.value_steps import Drop


def apply(step: Drop, source: Table, number: int) -> Table:
    """The table without these columns. Raises JobFailed where one is unknown, or none would be left."""
    where = f"step {number} (drop)"
    for name in step.columns:
        source.column(name, where)
    columns = {name: column for name, column in source.columns.items() if name not in step.columns}
    if not columns:
        raise JobFailed("bad_value", f"{where}: no column would be left.")
    return msgspec.structs.replace(source, columns=columns)
