"""The typed steps that look at more than one row, and the checks of their values. `pipelines.steps` lists all steps.

A step struct is frozen, and its fields are the params.
"""

from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from filemill.errors import Impossible

MOST_PIVOTED = 1_000
"""Most columns that `pivot` makes. Nobody reads a wider table."""

MOST_INPUTS = 100

Function = Literal["sum", "mean", "median", "count", "n_unique", "min", "max", "std", "first", "last"]
How = Literal["inner", "left", "right", "full", "semi", "anti"]


class Distinct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Keeps the first of the rows that have the same values in `columns`; without `columns`, in all columns.

    Example: `{"columns": ["name", "city"]}`
    """

    columns: tuple[str, ...] | UnsetType = UNSET


class SortKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column to sort by, from the least value to the greatest unless `descending`."""

    column: str
    descending: bool = False


class Sort(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sorts the rows by the first column, equal rows by the second, and so on. Nulls come last in either direction.

    Rows that are equal in all these columns keep their order.

    Example: `{"by": [{"column": "country"}, {"column": "age", "descending": true}]}`
    """

    by: tuple[SortKey, ...]


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Keeps random rows: each row with the probability `fraction`, or `n` rows. One `seed` keeps the same rows again.

    Example: `{"fraction": 0.1, "seed": 7}`
    """

    fraction: float | UnsetType = UNSET
    n: int | UnsetType = UNSET
    seed: int = 0


class Aggregation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One result of `aggregate`: a function of a column, and the new column's name. `count` works without `column`."""

    function: Function
    name: str
    column: str | UnsetType = UNSET


class Aggregate(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Makes one row of each group of rows with the same values in `group_by`; one row of the table without `group_by`.

    Functions: sum, mean, median, count, n_unique, min, max, std, first, last. `count` without a column counts rows.
    All functions but first and last skip nulls. Groups come in the order in which they first appear.

    Example: `{"group_by": ["country"], "aggregations": [{"column": "age", "function": "mean", "name": "age"}]}`
    """

    group_by: tuple[str, ...]
    aggregations: tuple[Aggregation, ...]


class Unpivot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Makes a row of each of the columns: the name goes to one new column, the value to another. Keeps other columns.

    Example: `{"columns": ["jan", "feb"], "names_to": "month", "values_to": "sales"}`
    """

    columns: tuple[str, ...]
    names_to: str
    values_to: str


class Pivot(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Makes a column of each value of `names_from`, filled from `values_from`; one row for each group of `group_by`.

    The data name the new columns, in the order in which the names first appear; at most 1,000. Where several rows fall
    into one cell, the step needs a `function` of aggregate. A cell without a row is null.

    Example: `{"group_by": ["city"], "names_from": "month", "values_from": "sales", "function": "sum"}`
    """

    group_by: tuple[str, ...]
    names_from: str
    values_from: str
    function: Function | UnsetType = UNSET


class Join(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Joins the rows of the table with the rows of an extra input that have the same keys. Null matches nothing.

    `on` names the keys, or maps a column of the table to a column of the input. `how`: inner, left, right, full, semi
    (rows with a match), anti (rows without a match). Where the table has the name of a joined column already, the
    joined column gets `_` and the name of the input behind its name.

    Example: `{"input": "customers", "on": {"customer_id": "id"}, "how": "left"}`
    """

    input: str
    on: tuple[str, ...] | dict[str, str]
    how: How


class Concat(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Puts the rows of extra inputs below the rows of the table. All have the same columns, in any order.

    Example: `{"inputs": ["february", "march"]}`
    """

    inputs: tuple[str, ...]


TableStep = Distinct | Sort | Sample | Aggregate | Unpivot | Pivot | Join | Concat


def inputs_of(step: object) -> tuple[str, ...]:
    """The names of the extra inputs that a step reads."""
    match step:
        case Join(name):
            return (name,)
        case Concat(names):
            return names
    return ()


def check(where: str, step: TableStep) -> None:
    """Refuses a step that is well formed but impossible; `where` names the step. Raises Impossible."""
    match step:
        case Distinct(columns):
            if not isinstance(columns, UnsetType):
                check_columns(where, "columns", columns)
        case Sort(by):
            check_columns(where, "by", tuple(key.column for key in by))
        case Sample():
            _check_sample(where, step)
        case Aggregate():
            _check_aggregate(where, step)
        case Unpivot(columns, names_to, values_to):
            check_columns(where, "columns", columns)
            check_names(where, (names_to, values_to))
        case Pivot():
            refuse_twice(where, "group_by", step.group_by)
            refuse_twice(where, "the columns", (*dict.fromkeys(step.group_by), step.names_from))
        case Join(_, on):
            check_columns(where, "on", tuple(on))
            if isinstance(on, dict):
                refuse_twice(where, "on", tuple(on.values()))
        case Concat(inputs):
            _check_inputs(where, inputs)


def check_columns(where: str, what: str, names: tuple[str, ...]) -> None:
    """Refuses an empty list of columns, and a list with the same column twice. Raises Impossible."""
    if not names:
        raise Impossible(f"{where}: {what} names no column.")
    refuse_twice(where, what, names)


def refuse_twice(where: str, what: str, names: tuple[str, ...]) -> None:
    """Refuses the same name twice. Raises Impossible."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Impossible(f"{where}: {what} name {name!r} twice.")
        seen.add(name)


def check_count(where: str, what: str, number: int) -> None:
    """Refuses a negative number, and a number of more than 63 bits. Raises Impossible."""
    if not 0 <= number < 2**63:
        allowed = "of at least 0" if number < 0 else f"up to {2**63 - 1}"
        raise Impossible(f"{where}: {what} must be a whole number {allowed}, not {number}.")


def check_names(where: str, names: tuple[str, ...]) -> None:
    """Refuses an empty new name, and the same new name twice. Raises Impossible."""
    if "" in names:
        raise Impossible(f"{where}: a new name is empty.")
    refuse_twice(where, "the new names", names)


def _check_aggregate(where: str, step: Aggregate) -> None:
    if not step.aggregations:
        raise Impossible(f"{where}: aggregations holds none.")
    refuse_twice(where, "group_by", step.group_by)
    names = tuple(one.name for one in step.aggregations)
    check_names(where, names)
    groups = frozenset(step.group_by)
    for one in step.aggregations:
        if one.name in groups:
            raise Impossible(f"{where}: the new name {one.name!r} is in group_by already.")
        if one.column is UNSET and one.function != "count":
            raise Impossible(f"{where}: {one.function} needs a column.")


def _check_inputs(where: str, inputs: tuple[str, ...]) -> None:
    if not inputs or len(inputs) > MOST_INPUTS:
        raise Impossible(f"{where}: inputs must name from 1 to {MOST_INPUTS} inputs.")
    refuse_twice(where, "inputs", inputs)


def _check_sample(where: str, step: Sample) -> None:
    if (step.fraction is UNSET) == (step.n is UNSET):
        raise Impossible(f"{where}: exactly one of fraction and n must be given.")
    if not isinstance(step.fraction, UnsetType) and not 0 <= step.fraction <= 1:
        raise Impossible(f"{where}: fraction must be from 0 to 1, not {step.fraction}.")
    if not isinstance(step.n, UnsetType):
        check_count(where, "n", step.n)
    check_count(where, "seed", step.seed)
