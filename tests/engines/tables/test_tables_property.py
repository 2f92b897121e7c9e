"""Random small tables and random pipelines: the engine gives what the same steps give row by row in plain Python."""

import csv
import io
from collections.abc import Callable
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.engines.tables.workshop import Workshop, keep_if, limit, rename, select

COLUMNS = ("i", "f", "t", "b")
TEXTS = st.sampled_from(["", "x", "xy", "NA", "00123", "2020-01-01", 'q"', "a,b", "l\nm", " s ", "é", "Z"])
CELLS = {
    "i": st.one_of(st.just(""), st.integers(-20, 20).map(str), st.integers(-(2**63), 2**63 - 1).map(str)),
    "f": st.one_of(st.just(""), st.integers(-99_999, 99_999).map(lambda n: f"{n / 100:.2f}")),
    "t": TEXTS,
    "b": st.sampled_from(["", "true", "false"]),
}
FIRST = {"i": "7", "f": "1.25", "t": "x", "b": "true"}
"""Stands in every table, so that each column has its type."""

VALUES = {
    "i": st.one_of(st.integers(-25, 25), st.integers(-25, 25).map(str), st.integers(-(2**70), 2**70)),
    "f": st.one_of(st.integers(-999, 999), st.integers(-9999, 9999).map(lambda n: n / 100)),
    "t": TEXTS,
    "b": st.booleans(),
}
READ = {"i": int, "f": float, "t": str, "b": lambda cell: cell == "true"}

Row = dict[str, str]


def taken(column: str, value: Any) -> Any:
    return None if value is None else READ[column](value) if isinstance(value, str) and column != "t" else value


def holds(row: Row, condition: dict[str, Any]) -> bool | None:
    """A condition, by the book: True, False, or None for unknown."""
    if "not" in condition:
        inner = holds(row, condition["not"])
        return None if inner is None else not inner
    for word, decisive in (("all", False), ("any", True)):
        if word in condition:
            inner_ones = [holds(row, each) for each in condition[word]]
            if decisive in inner_ones:
                return decisive
            return None if None in inner_ones else not decisive
    own = None if row[condition["kind"]] == "" else READ[condition["kind"]](row[condition["kind"]])
    if condition["operator"] in ("is_null", "not_null"):
        return (own is None) == (condition["operator"] == "is_null")
    return None if own is None else compares(own, condition)


def compares(own: Any, condition: dict[str, Any]) -> bool | None:
    operator, value = condition["operator"], condition["value"]
    others = [taken(condition["kind"], each) for each in (value if isinstance(value, list) else [value])]
    if operator in ("in", "not_in"):
        found = True if own in others else None if None in others else False
        return found if operator == "in" or found is None else not found
    if None in others:
        return None
    compare: Callable[..., bool] = OPERATORS[operator]
    return compare(own, *others)


OPERATORS: dict[str, Callable[..., bool]] = {
    "eq": lambda own, other: own == other,
    "ne": lambda own, other: own != other,
    "gt": lambda own, other: own > other,
    "lt": lambda own, other: own < other,
    "ge": lambda own, other: own >= other,
    "le": lambda own, other: own <= other,
    "between": lambda own, low, high: low <= own <= high,
    "contains": lambda own, part: part in own,
    "starts_with": lambda own, part: own.startswith(part),
    "ends_with": lambda own, part: own.endswith(part),
}


@st.composite
def comparisons(draw: st.DrawFn) -> dict[str, Any]:
    column = draw(st.sampled_from(COLUMNS))
    operator = draw(
        st.sampled_from(["eq", "ne", "gt", "lt", "ge", "le", "in", "not_in", "between", "is_null", "not_null"])
        | st.sampled_from(["contains", "starts_with", "ends_with"] if column == "t" else ["eq"])
    )
    made: dict[str, Any] = {"kind": column, "operator": operator}
    if operator in ("in", "not_in"):
        made["value"] = draw(st.lists(VALUES[column] | st.none(), max_size=4))
    elif operator == "between":
        made["value"] = draw(st.tuples(VALUES[column], VALUES[column]).map(list))
    elif operator not in ("is_null", "not_null"):
        made["value"] = draw(
            VALUES[column] if operator in ("contains", "starts_with", "ends_with") else VALUES[column] | st.none()
        )
    return made


CONDITIONS = st.recursive(
    comparisons(),
    lambda inner: st.one_of(
        st.fixed_dictionaries({"not": inner}),
        st.fixed_dictionaries({"all": st.lists(inner, min_size=1, max_size=3)}),
        st.fixed_dictionaries({"any": st.lists(inner, min_size=1, max_size=3)}),
    ),
    max_leaves=5,
)


@st.composite
def pipelines(draw: st.DrawFn) -> list[tuple[str, Any]]:
    """Steps in the words of the test: columns by their kind, whatever they are called by then."""
    here = list(COLUMNS)
    steps: list[tuple[str, Any]] = []
    for word in draw(st.lists(st.sampled_from(["filter", "select", "rename", "limit"]), max_size=5)):
        if word == "filter":
            steps.append((word, draw(CONDITIONS)))
        elif word == "limit":
            steps.append((word, draw(st.integers(0, 12))))
        else:
            chosen = draw(st.lists(st.sampled_from(here), min_size=1, unique=True))
            here = chosen if word == "select" else here
            steps.append((word, chosen))
    return steps


def columns_of(condition: dict[str, Any]) -> set[str]:
    if "kind" in condition:
        return {condition["kind"]}
    inner = [condition["not"]] if "not" in condition else condition.get("all") or condition["any"]
    return set().union(*(columns_of(each) for each in inner))


def translated(condition: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    if "kind" in condition:
        rest = {key: value for key, value in condition.items() if key != "kind"}
        return {"column": names[condition["kind"]], **rest}
    return {
        word: translated(inner, names) if word == "not" else [translated(each, names) for each in inner]
        for word, inner in condition.items()
    }


def by_the_book(rows: list[Row], pipeline: list[tuple[str, Any]]) -> tuple[list[dict[str, Any]], list[list[str]]]:
    """The wire steps that are legal at their place, and the rows behind them, header first."""
    names = {column: column for column in COLUMNS}
    wire: list[dict[str, Any]] = []
    for number, (word, what) in enumerate(pipeline):
        if word == "filter" and columns_of(what) <= set(names):
            rows = [row for row in rows if holds(row, what)]
            wire.append(keep_if(translated(what, names)))
        elif word == "limit":
            rows = rows[:what]
            wire.append(limit(what))
        elif word == "select":
            wire.append(select(*(names[column] for column in what)))
            names = {column: names[column] for column in what}
        elif word == "rename":
            wire.append(rename({names[column]: f"{column} {number}" for column in what}))
            names = {column: f"{column} {number}" if column in what else name for column, name in names.items()}
    return wire, [list(names.values()), *([row[column] for column in names] for row in rows)]


@given(rows=st.lists(st.fixed_dictionaries(CELLS), max_size=15), pipeline=pipelines())
def test_any_pipeline_on_any_table(shop: Workshop, rows: list[Row], pipeline: list[tuple[str, Any]]) -> None:
    # given a table as csv
    rows = [FIRST, *rows]
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    # when steps are run on it, then the cells are those that plain Python leaves, untouched
    wire, expected = by_the_book(rows, pipeline)
    result = shop.run("t.csv", file.getvalue(), *wire)
    assert list(csv.reader(io.StringIO(result.text, newline=""))) == expected
