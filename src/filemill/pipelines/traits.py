"""The traits of every step that are known without any data, in one table."""

from collections.abc import Callable, Iterator
from typing import Any, Literal

import msgspec

from filemill.pipelines.steps import ConvertFormat, Filter, Limit, Rename, Select, Step
from filemill.pipelines.table_steps import Aggregate, Concat, Distinct, Join, Pivot, Sample, Sort, Unpivot
from filemill.pipelines.value_steps import AddColumn, Cast, Drop, FillNull

_HELD = ("median", "n_unique")
"""Functions that hold all values of a group in memory."""

_KEPT = (*_HELD, "first", "last")
"""Functions that hold some state of each group in memory."""


def _always(_: Step) -> bool:
    return True


def _never(_: Step) -> bool:
    return False


def _no_columns(_: Step) -> frozenset[str]:
    return frozenset()


def _nothing(_: Step) -> None:
    return None


def _note_of_groups(step: Aggregate) -> str:
    if kept := [one.name for one in step.aggregations if one.function in _KEPT]:
        return f"What {', '.join(map(repr, kept))} keep of each group is held in memory."
    return "Groups that do not fit into memory are put on disk."


def _note_of_names(step: Pivot) -> str:
    return (
        f"The data name the columns: one for each value of {step.names_from!r}. The whole file may hold others "
        "than its beginning."
    )


class Traits(msgspec.Struct, frozen=True):
    """The traits of one kind of step.

    `looks_at`: column names alone, one row at a time, or many rows. `streams`: whether the rows pass the step piece by
    piece, so that the step's memory does not grow with the rows. `keeps_columns`: whether a plan that leaves the step
    out still knows the columns behind the step, except the columns that the step `makes` or changes. `note`: a sentence
    for the owner of a plan.
    """

    looks_at: Literal["names", "row", "rows"]
    streams: Callable[[Any], bool] = _always
    keeps_columns: bool = True
    makes: Callable[[Any], frozenset[str]] = _no_columns
    note: Callable[[Any], str | None] = _nothing


TRAITS: dict[type[Step], Traits] = {
    Filter: Traits("row"),
    Select: Traits("names"),
    Drop: Traits("names"),
    Rename: Traits("names", makes=lambda step: frozenset({*step.columns, *step.columns.values()})),
    Limit: Traits("names"),
    AddColumn: Traits("row", makes=lambda step: frozenset({step.name})),
    Cast: Traits("row", makes=lambda step: frozenset(step.columns)),
    FillNull: Traits("row", makes=lambda step: frozenset(step.columns)),
    Unpivot: Traits("row", keeps_columns=False),
    Sample: Traits("rows"),
    Distinct: Traits("rows", streams=_never),
    Sort: Traits("rows", streams=_never, note=lambda _: "What does not fit into memory is put on disk."),
    Aggregate: Traits(
        "rows",
        streams=lambda step: not any(one.function in _HELD for one in step.aggregations),
        keeps_columns=False,
        note=_note_of_groups,
    ),
    Pivot: Traits("rows", streams=lambda step: step.function not in _HELD, keeps_columns=False, note=_note_of_names),
    Join: Traits(
        "rows", streams=_never, keeps_columns=False, note=lambda step: f"The input {step.input!r} is held in memory."
    ),
    Concat: Traits("rows", keeps_columns=False),
    ConvertFormat: Traits("names"),
}


def of(step: Step) -> Traits:
    """The traits of a step."""
    return TRAITS[type(step)]


def mentions(step: Step, names: set[str]) -> bool:
    """Whether a step may use one of these columns. In doubt, the answer is True."""
    if not names or isinstance(step, Limit):
        return False
    texts = list(_texts(msgspec.to_builtins(step)))
    if isinstance(step, AddColumn):
        return any(name in text for name in names for text in texts)
    return not names.isdisjoint(texts)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for pair in value.items():
            yield from _texts(pair)
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
