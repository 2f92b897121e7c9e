"""What is known of a step without looking at any data: whether it streams, and which columns it is about."""

from collections.abc import Iterator

import msgspec

from filemill.pipelines.steps import Limit, Rename, Step
from filemill.pipelines.table_steps import Aggregate, Concat, Distinct, Join, Pivot, Sort, Unpivot
from filemill.pipelines.value_steps import AddColumn, Cast, FillNull

_HELD = ("median", "n_unique")
"""Functions that hold a group's values."""


_KEPT = (*_HELD, "first", "last")
"""Functions whose state of each group stays in memory."""


WRITING: dict[str, int] = {"xlsx": 12, "avro": 8}
"""How many times as long as reading it takes to write a format, roughly, where that is the slow part of most jobs."""


def streams(step: Step) -> bool:
    """Whether the rows pass the step piece by piece, so that its memory does not grow with them."""
    match step:
        case Sort() | Distinct() | Join():
            return False
        case Aggregate(_, aggregations):
            return not any(one.function in _HELD for one in aggregations)
        case Pivot():
            return step.function not in _HELD
    return True


def note(step: Step) -> str | None:
    """What else is to be said of a step."""
    match step:
        case Pivot():
            return (
                f"The data name the columns: one for each value of {step.names_from!r}. The whole file may hold others "
                "than its beginning."
            )
        case Sort():
            return "What does not fit into memory is put on disk."
        case Aggregate(_, aggregations) if kept := [one.name for one in aggregations if one.function in _KEPT]:
            return f"What {', '.join(map(repr, kept))} keep of each group is held in memory."
        case Aggregate():
            return "Groups that do not fit into memory are put on disk."
        case Join(name):
            return f"The input {name!r} is held in memory."
    return None


def keeps_columns(step: Step) -> bool:
    """Whether the columns are certain behind a step that is left out, but for those that `made_by` names."""
    return not isinstance(step, Aggregate | Pivot | Unpivot | Join | Concat)


def made_by(step: Step) -> set[str]:
    """The columns that a step makes or changes."""
    match step:
        case Rename(columns):
            return {*columns, *columns.values()}
        case AddColumn(name):
            return {name}
        case Cast(columns):
            return set(columns)
        case FillNull(columns):
            return set(columns)
    return set()


def mentions(step: Step, names: set[str]) -> bool:
    """Whether a step may be about one of these columns; rather once too often than too rarely."""
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
