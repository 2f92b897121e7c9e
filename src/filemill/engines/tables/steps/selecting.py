"""The step `select`: keeps the named columns, in the order given."""

import msgspec

from filemill.engines.tables.table import Table
from filemill.pipelines.steps import Select


def apply(step: Select, source: Table, number: int) -> Table:
    """The table with these columns alone. Raises JobFailed where one is unknown."""
    where = f"step {number} (select)"
    return msgspec.structs.replace(source, columns={name: source.column(name, where) for name in step.columns})
