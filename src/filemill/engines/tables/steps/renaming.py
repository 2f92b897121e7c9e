"""The step `rename`: gives columns new names, all at once, so that two may change places."""

import msgspec

from filemill.engines.tables.table import Table
from filemill.errors import JobFailed
from filemill.pipelines.steps import Rename


def apply(step: Rename, source: Table, number: int) -> Table:
    """The table under its new names. Raises JobFailed where a column is unknown, or a new name is taken already."""
    where = f"step {number} (rename)"
    for old in step.columns:
        source.column(old, where)
    columns = {}
    for name, column in source.columns.items():
        new = step.columns.get(name, name)
        if new in columns or (name not in step.columns and new in step.columns.values()):
            raise JobFailed("bad_value", f"{where}: there is a column {new!r} already.")
        columns[new] = column
    return msgspec.structs.replace(source, columns=columns)
