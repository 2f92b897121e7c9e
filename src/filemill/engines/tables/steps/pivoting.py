"""The step `pivot`: makes a column of each value of a column; the inverse of `unpivot`.

The names of the new columns stand in the data, and the steps behind need to know them. So everything up to here is
carried out while the query is still being made; one value for each cell is held in memory.
"""

import msgspec
import polars as pl

from filemill.engines.tables import barrier, table, trouble
from filemill.engines.tables.inputs import Inputs
from filemill.engines.tables.steps import aggregating
from filemill.engines.tables.table import Column, Table
from filemill.engines.tables.values import converting, moments
from filemill.errors import JobFailed
from filemill.pipelines.run import Phase
from filemill.pipelines.table_steps import MOST_PIVOTED, Aggregate, Aggregation, Pivot

_VALUE, _COUNT = "\x00value", "\x00count"
"""How what is asked for of each cell is called on the way: no column of a caller's is."""

_NAME = "name"


def apply(step: Pivot, source: Table, number: int, given: Inputs) -> Table:
    """The wider table. Raises JobFailed where a column is unknown, or names or values do not make a table."""
    where, phase = f"step {number} (pivot)", Phase("pivoting", number)
    asked = (
        Aggregation(step.function if isinstance(step.function, str) else "first", _VALUE, step.values_from),
        Aggregation("count", _COUNT),
    )
    made = aggregating.grouped(source, Aggregate((*step.group_by, step.names_from), asked), where, phase, given)
    if made.marks:
        made = barrier.before(made, phase, given)
    groups = {name: made.columns[name] for name in step.group_by}
    value = made.columns[_VALUE]
    cells = made.frame.select(
        *(column.at for column in groups.values()),
        _as_name(made.columns[step.names_from]),
        value.at,
        made.columns[_COUNT].at,
    ).collect(engine="streaming")
    names = _names(step, cells, where)
    if not isinstance(step.function, str):
        _check_cells(step, cells.filter(pl.col(made.columns[_COUNT].at) > 1), where)
    places = {name: table.fresh() for name in names}
    wide = _spread(cells, [column.at for column in groups.values()], value.at, places)
    columns = {**groups, **{name: Column(at, value.type) for name, at in places.items()}}
    return msgspec.structs.replace(
        made, frame=wide.lazy(), columns=columns, marks=False, checks=(), height=wide.height, again=False
    )


def _as_name(column: Column) -> pl.Expr:
    own = pl.col(column.at)
    if column.type.name in ("date", "datetime"):
        text = pl.coalesce(converting.as_text(own, column.type), moments.told(own, column.type.dtype))
    else:
        text = converting.as_text(own, column.type) if column.type.name == "time" else own.cast(pl.String)
    return text.alias(_NAME)


def _names(step: Pivot, cells: pl.DataFrame, where: str) -> list[str]:
    names: list[str | None] = cells[_NAME].unique(maintain_order=True).to_list()
    if len(names) > MOST_PIVOTED:
        raise JobFailed(
            "bad_value",
            f"{where}: column {step.names_from!r} holds {len(names):,} values, and at most {MOST_PIVOTED:,} columns "
            "can be made of them; use aggregate, or filter before.",
        )
    for name in names:
        if name is None:
            raise JobFailed(
                "bad_value",
                f"{where}: column {step.names_from!r} holds null, which names no column; filter such rows out before.",
            )
        if name in step.group_by:
            raise JobFailed("bad_value", f"{where}: there is a column {name!r} already; rename it before.")
    if not names and not step.group_by:
        raise JobFailed("bad_value", f"{where}: no row is left to name a column, and there is no group_by to keep.")
    return [name for name in names if name is not None]


def _check_cells(step: Pivot, crowded: pl.DataFrame, where: str) -> None:
    for row in crowded.head(1).iter_rows(named=True):
        values = list(row.values())
        group = "".join(
            f", {name} {trouble.shorten(value)}" for name, value in zip(step.group_by[:3], values[:3], strict=False)
        )
        raise JobFailed(
            "bad_value",
            f"{where}: {values[-1]} rows are for column {trouble.shorten(row[_NAME])}{group}; give a function, such as "
            "sum or first.",
        )


def _spread(cells: pl.DataFrame, groups: list[str], value: str, places: dict[str, str]) -> pl.DataFrame:
    """A row for each group, a column for each name; both in the order in which they first appear."""
    if cells.is_empty():
        return cells.select(groups)
    one = table.fresh()
    wide = cells.with_columns(pl.col(_NAME).replace_strict(places), pl.lit(0).alias(one)).pivot(
        on=_NAME, index=[*groups, one], values=value, maintain_order=True
    )
    return wide.select(*groups, *places.values())
