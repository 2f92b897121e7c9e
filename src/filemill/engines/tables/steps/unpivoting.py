"""The step `unpivot`: makes a row of each of some columns, with the column's name and its value."""

import msgspec
import polars as pl

from filemill.engines.tables import schema, table
from filemill.engines.tables.steps import agreeing
from filemill.engines.tables.table import Column, Table
from filemill.errors import JobFailed
from filemill.pipelines.table_steps import Unpivot


def apply(step: Unpivot, source: Table, number: int) -> Table:
    """The longer table. Raises JobFailed where a column is unknown, a name taken, or the types do not go together."""
    where = f"step {number} (unpivot)"
    taken = [(name, source.values(name, where)) for name in step.columns]
    columns = {name: column for name, column in source.columns.items() if name not in step.columns}
    for name in (step.names_to, step.values_to):
        if name in columns:
            raise JobFailed("bad_value", f"{where}: there is a column {name!r} already.")
    made = agreeing.together(taken, number)
    if made is None:
        kinds = ", ".join(f"{name!r} is {column.type.name}" for name, column in taken[:10])
        raise JobFailed(
            "bad_value", f"{where}: the columns have no type in common: {kinds}. Cast them to one type before."
        )
    source = table.marked(source, *(check for checks in made.checks for check in checks))
    names, values = table.fresh(), table.fresh()
    # Both lists of a row become as many rows, one below the other.
    label = pl.lit(pl.Series([list(step.columns)], dtype=pl.List(pl.String))).first()
    frame = source.frame.with_columns(label.alias(names), pl.concat_list(made.values).alias(values))
    columns[step.names_to] = Column(names, schema.TEXT)
    columns[step.values_to] = Column(
        values, made.type, is_text=made.is_text, guessed=made.guessed, swapped=made.swapped, row=taken[0][1].row
    )
    height = None if source.height is None else source.height * len(taken)
    return msgspec.structs.replace(
        source, frame=frame.explode(names, values), columns=columns, height=height, again=False
    )
