"""The step `concat`: puts the rows of further inputs below those of the table; columns go together by name."""

import msgspec
import polars as pl

from filemill.engines.tables import schema, table
from filemill.engines.tables.inputs import Inputs
from filemill.engines.tables.steps import agreeing
from filemill.engines.tables.table import MARK, ROW, Check, Column, Table
from filemill.engines.tables.values import telling
from filemill.errors import JobFailed
from filemill.pipelines.table_steps import Concat


class _Part:
    """One of the tables: what it adds to each column of the result, and what must hold of that.

    `along` are columns of its frame that are kept beside.
    """

    def __init__(self, source: Table, along: list[str], *, is_first: bool) -> None:
        self.source = source
        self.along = [ROW, MARK, *along]
        self.values: list[pl.Expr] = []
        self.checks: list[Check] = []
        self._is_first = is_first

    def check(self, checks: tuple[Check, ...]) -> None:
        """Notes checks of the own rows, in such a form that they can be looked at behind this step as well."""
        for check in checks:
            self.source = table.marked(self.source, check)
            if self._is_first:
                self.checks.append(check)
                continue
            bad, value = table.fresh(), table.fresh()
            self.values += [check.bad.alias(bad), telling.text(check.value).alias(value)]
            self.checks.append(msgspec.structs.replace(check, bad=pl.col(bad), value=pl.col(value)))

    def frame(self) -> pl.LazyFrame:
        """The rows with their values; those of the first table with all else that its checks look at."""
        if self._is_first:
            return self.source.frame.with_columns(self.values)
        known = [name for name in self.source.frame.collect_schema() if name in self.along]
        return self.source.frame.select(*self.values, *known)


def apply(step: Concat, source: Table, number: int, given: Inputs) -> Table:
    """The longer table. Raises JobFailed where an input is unknown, lacks a column or has another one."""
    where = f"step {number} (concat)"
    parts = [_Part(source, [], is_first=True)]
    for name in step.inputs:
        further = given.further(name, where)
        _compare(source, further, name, where)
        parts.append(_Part(further, given.as_it_stood(further), is_first=False))
    columns = {name: _append(name, parts, number, where) for name in source.columns}
    frame = pl.concat([part.frame() for part in parts], how="diagonal")
    marks = any(part.source.marks for part in parts)
    if marks:
        frame = frame.with_columns(pl.col(MARK).fill_null(False))
    heights = [part.source.height for part in parts]
    return msgspec.structs.replace(
        source,
        frame=frame,
        columns=columns,
        marks=marks,
        checks=(*source.checks, *(check for part in parts for check in part.checks)),
        height=None if None in heights else sum(height or 0 for height in heights),
        again=False,
    )


def _compare(source: Table, further: Table, name: str, where: str) -> None:
    lacking = [column for column in source.columns if column not in further.columns]
    beyond = [column for column in further.columns if column not in source.columns]
    for what, columns in (("lacks", lacking), ("also has", beyond)):
        if columns:
            named = ", ".join(map(repr, columns[:5])) + (" and others" if len(columns) > 5 else "")
            raise JobFailed(
                "bad_value",
                f"{where}: input {name!r} {what} {named}; the columns must be those of the table, in any order.",
            )


def _as_it_stands(column: Column) -> Column:
    """A csv's column as its cells stand: next to text nothing is gained by what they were taken to be."""
    return msgspec.structs.replace(column, type=schema.TEXT, typed=None) if column.is_text else column


def _append(name: str, parts: list[_Part], number: int, where: str) -> Column:
    """The column of the result; what each part adds to it is noted there."""
    columns = [part.source.columns[name] for part in parts]
    if columns[0].type == schema.TEXT and not agreeing.is_unknown(columns[0]):
        columns = [_as_it_stands(column) for column in columns]
    made = agreeing.together([(name, column) for column in columns], number)
    if made is None:
        kinds = ", ".join(dict.fromkeys(column.type.name for column in columns))
        raise JobFailed(
            "bad_value",
            f"{where}: column {name!r} is {kinds} in the tables to be put together: these have no type in common. "
            f"Cast {name!r} before, if that helps.",
        )
    at = table.fresh()
    row = ROW if all(column.row == ROW for column in columns) else table.fresh()
    for part, column, value, checks in zip(parts, columns, made.values, made.checks, strict=True):
        part.values.append(value.alias(at))
        if row != ROW and column.row in part.source.frame.collect_schema():
            part.values.append(pl.col(column.row).alias(row))
        part.check(checks)
    return Column(at, made.type, is_text=made.is_text, guessed=made.guessed, swapped=made.swapped, row=row)
