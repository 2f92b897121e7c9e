"""One meaning over many rows: each line of the table in docs/tables.md, by a story of its own."""

import re
from collections.abc import Callable
from decimal import Decimal
from math import copysign, isnan, nan
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tests.engines.tables.workshop import Workshop, aggregate, distinct, join, parquet, sort

DOCS = Path(__file__).parents[3] / "docs" / "tables.md"
SECTION = DOCS.read_text().split("## One meaning over many rows\n")[1].split("\n## ")[0]
TOLD = re.findall(r"^\| ([^|]+?) \|", SECTION, re.MULTILINE)[1:]

FUNCTIONS = ("sum", "mean", "median", "min", "max", "std", "count", "n_unique", "first", "last")


def of(shop: Workshop, values: list[Any], kind: pa.DataType | None = None) -> dict[str, Any]:
    """Every function of some values."""
    data = parquet(x=pa.array(values, kind or pa.float64()))
    step = aggregate([], **{name: f"{name} x" for name in FUNCTIONS})
    made: dict[str, Any] = shop.run("t.parquet", data, step).records[0]
    return made


def floats(shop: Workshop, values: list[Any], *steps: dict[str, Any]) -> list[Any]:
    rows = shop.run("t.parquet", parquet(x=pa.array(values, pa.float64())), *steps).rows
    return ["nan" if row[0] is not None and isnan(row[0]) else row[0] for row in rows]


def matches(shop: Workshop, own: list[Any], other: list[Any]) -> int:
    inputs = {"other": ("o.parquet", parquet(x=pa.array(other, pa.float64())))}
    data = parquet(x=pa.array(own, pa.float64()))
    return len(shop.run("t.parquet", data, join(["x"]), inputs=inputs).rows)


def sum_of_nothing(shop: Workshop) -> None:
    for kind in (pa.int64(), pa.float64(), pa.decimal128(10, 2)):
        assert of(shop, [None, None], kind)["sum"] is None
        assert of(shop, [], kind)["sum"] is None


def mean_and_others_of_nothing(shop: Workshop) -> None:
    for kind in (pa.int64(), pa.float64(), pa.decimal128(10, 2)):
        made = of(shop, [None], kind)
        assert [made[name] for name in ("mean", "median", "min", "max", "std")] == [None] * 5


def counts_of_nothing(shop: Workshop) -> None:
    for values in ([], [None, None]):
        assert [of(shop, values)[name] for name in ("count", "n_unique")] == [0, 0]


def std_of_one_value(shop: Workshop) -> None:
    assert of(shop, [3.0, None])["std"] is None


def nulls_in_sort(shop: Workshop) -> None:
    assert floats(shop, [2, None, 1], sort("x")) == [1, 2, None]
    assert floats(shop, [2, None, 1], sort({"column": "x", "descending": True})) == [2, 1, None]


def null_in_groups(shop: Workshop) -> None:
    assert floats(shop, [None, 1, None], distinct("x")) == [None, 1]
    assert floats(shop, [None, 1, None], aggregate(["x"], n="count")) == [None, 1]


def null_in_join(shop: Workshop) -> None:
    assert matches(shop, [None, 1], [None, 1]) == 1


def nan_in_sort(shop: Workshop) -> None:
    assert floats(shop, [nan, None, 1e308, -1], sort("x")) == [-1, 1e308, "nan", None]
    assert floats(shop, [1, nan, None], sort({"column": "x", "descending": True})) == ["nan", 1, None]


def nan_in_groups(shop: Workshop) -> None:
    other = -float("nan")
    assert floats(shop, [nan, 1, other], distinct("x")) == ["nan", 1]
    assert floats(shop, [nan, 1, other], aggregate(["x"], n="count")) == ["nan", 1]
    assert matches(shop, [nan, 1], [other, 2]) == 1


def nan_in_extremes(shop: Workshop) -> None:
    made = of(shop, [nan, 2, 1, None])
    assert (made["min"], made["max"]) == (1, 2)
    made = of(shop, [nan, None])
    assert isnan(made["min"])
    assert isnan(made["max"])


def nan_in_sums(shop: Workshop) -> None:
    made = of(shop, [1, nan, 2, 3])
    assert all(isnan(made[name]) for name in ("sum", "mean", "median", "std"))


def negative_zero(shop: Workshop) -> None:
    assert floats(shop, [0.0, -0.0], distinct("x")) == [0]
    assert floats(shop, [0.0, -0.0], aggregate(["x"], n="count")) == [0]
    assert matches(shop, [0.0], [-0.0]) == 1
    assert [copysign(1, x) for x in floats(shop, [0.0, -0.0, 0.0], sort("x"))] == [1, -1, 1]
    assert shop.run("t.csv", "x\n0.0\n-0.0\n-1.5\n", sort("x")).text == "x\n-1.5\n0.0\n-0.0\n"


def sums_of_int(shop: Workshop) -> None:
    most = 2**63 - 1
    assert of(shop, [most, most, -most], pa.int64())["sum"] == most
    data = parquet(x=pa.array([most, 1], pa.int64()))
    failure = shop.fails("t.parquet", data, aggregate([], s="sum x"))
    assert (failure.code, str(2**63) in failure.message) == ("bad_value", True)


def sums_of_decimals(shop: Workshop) -> None:
    data = parquet(x=pa.array([Decimal(6 * 10**37)] * 2, pa.decimal128(38, 0)))
    failure = shop.fails("t.parquet", data, aggregate([], s="sum x"))
    assert (failure.code, "38 digits" in failure.message) == ("bad_value", True)


def decimals_and_their_scale(shop: Workshop) -> None:
    values = [Decimal("0.001"), Decimal("99.999")]
    made = of(shop, values, pa.decimal128(20, 3))
    assert [made[name] for name in ("sum", "min", "max", "first", "last")] == [Decimal("100.000"), *values, *values]
    assert [type(made[name]) for name in ("mean", "median", "std")] == [float] * 3
    assert made["mean"] == pytest.approx(50)


def sums_of_floats(shop: Workshop) -> None:
    made = of(shop, [0.1] * 10)
    assert made["sum"] == pytest.approx(1)
    assert made["mean"] == pytest.approx(0.1)


STORIES: dict[str, Callable[[Workshop], None]] = {
    "sum of nothing": sum_of_nothing,
    "mean, median, min, max, std of nothing": mean_and_others_of_nothing,
    "count, n_unique of nothing": counts_of_nothing,
    "std of one value": std_of_one_value,
    "nulls in sort": nulls_in_sort,
    "null in group_by and distinct": null_in_groups,
    "null in join": null_in_join,
    "NaN in sort": nan_in_sort,
    "NaN in group_by, distinct and join": nan_in_groups,
    "NaN in min and max": nan_in_extremes,
    "NaN in sum, mean, median and std": nan_in_sums,
    "negative zero": negative_zero,
    "sum of int beyond 64 bits": sums_of_int,
    "sum of decimals beyond 38 digits": sums_of_decimals,
    "decimals and their scale": decimals_and_their_scale,
    "sum and mean of floats": sums_of_floats,
}


@pytest.mark.parametrize("line", TOLD)
def test_a_line_of_the_documents_is_true(shop: Workshop, line: str) -> None:
    STORIES[line](shop)


def test_every_line_is_told() -> None:
    assert list(STORIES) == TOLD
