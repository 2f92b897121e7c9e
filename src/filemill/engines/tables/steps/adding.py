"""The step `add_column`: a column of an expression's values; one of that name is replaced and keeps its place."""

from filemill.engines.tables.table import Table
from filemill.engines.tables.values import computing
from filemill.pipelines import expressions
from filemill.pipelines.value_steps import AddColumn


def apply(step: AddColumn, source: Table, number: int) -> Table:
    """The table with that column. Raises JobFailed where a column is unknown, or types do not go together."""
    return computing.made(source, step.name, expressions.parse(step.expression), number, "add_column")
