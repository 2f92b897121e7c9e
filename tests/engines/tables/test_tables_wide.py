"""Tables of many columns: what works at which width, and that a step is named before its query is made."""

from typing import Any

import pytest

from filemill.pipelines.run import Phase
from tests.engines.tables.workshop import Workshop, add, aggregate, cast, concat, fill, sort, unpivot

WIDTH, NARROWER = 10_000, 1_200
NAMES = [f"c{n}" for n in range(WIDTH)]


def table(width: int) -> str:
    """Two rows; every third cell of the second one is empty."""
    first, second = (str(n) for n in range(width)), ("" if n % 3 == 0 else str(n) for n in range(width))
    return f"{','.join(NAMES[:width])}\n{','.join(first)}\n{','.join(second)}\n"


@pytest.mark.parametrize(
    ("step", "cells"),
    [
        (sort("c1", "c2"), ["", "1", "2", ""]),
        (concat("other"), ["", "1", "2", ""]),
    ],
    ids=["sort", "concat"],
)
def test_ten_thousand_columns(shop: Workshop, step: dict[str, Any], cells: list[str]) -> None:
    result = shop.run("t.csv", table(WIDTH), step, inputs={"other": ("o.csv", table(WIDTH))})
    assert len(result.types) == WIDTH
    assert result.text.splitlines()[2].split(",")[:4] == cells


def test_ten_thousand_columns_become_rows(shop: Workshop) -> None:
    result = shop.run("t.csv", table(WIDTH), unpivot(*NAMES))
    assert len(result.rows) == 2 * WIDTH
    assert result.rows[:2] == [("c0", "0"), ("c1", "1")]


@pytest.mark.parametrize("to", ["tsv", "ndjson", "json", "parquet", "arrow", "avro", "xlsx"])
def test_a_thousand_columns_in_every_format(shop: Workshop, to: str) -> None:
    result = shop.run("t.csv", table(NARROWER), to=to)
    assert len(result.types) == NARROWER
    assert [str(value) for value in list(result.records[0].values())[-2:]] == ["1198", "1199"]


def test_a_thousand_columns_are_filled(shop: Workshop) -> None:
    result = shop.run("t.csv", table(NARROWER), fill(7, *NAMES[:NARROWER]))
    assert result.rows[1][:4] == ("7", "1", "2", "7")


@pytest.mark.parametrize("target", ["float", "text", "decimal"])
def test_a_thousand_columns_are_cast(shop: Workshop, target: str) -> None:
    result = shop.run("t.csv", table(NARROWER), cast(**dict.fromkeys(NAMES[:NARROWER], target)), to="parquet")
    assert set(result.types.values()) == {target}


def test_a_thousand_columns_are_summed_up(shop: Workshop) -> None:
    asked = {f"{name} sum": f"sum {name}" for name in NAMES[:NARROWER]}
    assert shop.run("t.csv", table(NARROWER), aggregate([], **asked)).rows[0][:4] == ("0", "2", "4", "3")


def test_a_hundred_columns_are_added_to_a_thousand(shop: Workshop) -> None:
    added = [add(f"a{n}", f"c{n} * 2") for n in range(100)]
    result = shop.run("t.csv", table(NARROWER), *added)
    assert result.rows[0][-2:] == ("196", "198")


def test_a_step_on_many_columns_is_told_before_it_begins(shop: Workshop) -> None:
    # What the query of so many columns takes may be too much: the failure is to name the step.
    said = shop.run("t.csv", table(NARROWER), sort("c0"), add("x", "c0 + 1")).said
    steps = [one for one in said if isinstance(one, Phase) and one.step]
    assert steps[:2] == [Phase("sort of 1,200 columns", 1), Phase("add_column of 1,200 columns", 2)]
