"""The steps that make new rows of many or many of one: aggregate, pivot, unpivot."""

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from tests.engines.tables.workshop import (
    Workshop,
    aggregate,
    keep,
    limit,
    parquet,
    pivot,
    rename,
    select,
    sort,
    unpivot,
)

SALES = """city,month,sold,price,member
Ulm,jan,3,1.50,true
Rom,jan,,2.0,
Ulm,feb,1,,false
,jan,4,0.5,true
Rom,feb,,,
Ulm,feb,6,4.5,true
"""

ALL = {
    "rows": "count",
    "n": "count sold",
    "kinds": "n_unique member",
    "total": "sum sold",
    "paid": "sum price",
    "mean": "mean sold",
    "middle": "median sold",
    "least": "min price",
    "most": "max month",
    "first": "first price",
    "last": "last month",
    "spread": "std sold",
}


def records(shop: Workshop, *pipeline: dict[str, Any], data: str = SALES) -> list[dict[str, Any]]:
    return shop.run("t.csv", data, *pipeline, to="ndjson").records


def test_aggregate_makes_a_row_of_each_group_in_order(shop: Workshop) -> None:
    ulm, rom, null = records(shop, aggregate(["city"], **ALL))
    assert ulm == {
        "city": "Ulm",
        "rows": 3,
        "n": 3,
        "kinds": 2,
        "total": 10,
        "paid": 6.0,
        "mean": pytest.approx(10 / 3),
        "middle": 3.0,
        "least": 1.5,
        "most": "jan",
        "first": 1.5,
        "last": "feb",
        "spread": pytest.approx(2.516611478),
    }
    assert [rom[name] for name in ALL] == [2, 0, 0, None, 2.0, None, None, 2.0, "jan", 2.0, "feb", None]
    assert (null["city"], null["total"], null["spread"]) == (None, 4, None)


def test_aggregate_without_groups_makes_one_row(shop: Workshop) -> None:
    assert records(shop, aggregate([], n="count", s="sum sold")) == [{"n": 6, "s": 14}]
    assert records(shop, keep("sold", "gt", 99), aggregate([], n="count", s="sum sold")) == [{"n": 0, "s": None}]
    assert records(shop, keep("sold", "gt", 99), aggregate(["city"], n="count")) == []
    assert records(shop, limit(0), aggregate([], n="count", s="n_unique sold")) == [{"n": 0, "s": 0}]


def test_aggregates_are_typed_and_go_on_as_columns(shop: Workshop) -> None:
    result = shop.run(
        "t.csv",
        SALES,
        aggregate(["city", "month"], total="sum sold", paid="mean price"),
        keep("total", "ge", 4),
        rename({"total": "sum"}),
        sort({"column": "sum", "descending": True}),
        select("sum", "city"),
        to="parquet",
    )
    assert result.rows == [(7, "Ulm"), (4, None)]
    assert result.types == {"sum": "int", "city": "text"}


def test_groups_of_a_large_table_stand_in_order(shop: Workshop) -> None:
    data = "k,n\n" + "".join(f"{n * 7919 % 1000},{n}\n" for n in range(100_000))
    rows = shop.run("t.csv", data, aggregate(["k"], first="first n", last="last n", n="count")).rows
    assert rows == [(str(n * 7919 % 1000), str(n), str(n + 99_000), "100") for n in range(1000)]


def test_a_sum_of_whole_numbers_does_not_wrap(shop: Workshop) -> None:
    data = f"x\n{2**63 - 1}\n{2**63 - 1}\n{-(2**63)}\n"
    assert records(shop, aggregate([], s="sum x"), data=data) == [{"s": 2**63 - 2}]
    failure = shop.fails("t.csv", f"x\n{2**63 - 1}\n1\n", aggregate([], s="sum x"), to="ndjson")
    assert failure.code == "bad_value"
    assert "'s': '9223372036854775808' is the sum of column 'x' in step 1 (aggregate)" in failure.message


def test_decimals_keep_their_scale(shop: Workshop) -> None:
    data = parquet(d=pa.array([Decimal("1.10"), Decimal("2.25"), None], pa.decimal128(10, 2)))
    result = shop.run("t.parquet", data, aggregate([], s="sum d", m="mean d", least="min d"))
    assert result.rows == [(Decimal("3.35"), pytest.approx(1.675), Decimal("1.10"))]
    long = parquet(d=pa.array([Decimal(9 * 10**37)] * 2, pa.decimal128(38, 0)))
    failure = shop.fails("t.parquet", long, aggregate([], s="sum d"))
    assert failure.code == "bad_value"
    assert "38 digits" in failure.message


@pytest.mark.parametrize(("function", "column"), [("sum", "city"), ("mean", "member"), ("std", "month")])
def test_a_function_that_is_not_for_the_type_is_refused(shop: Workshop, function: str, column: str) -> None:
    failure = shop.fails("t.csv", SALES, limit(5), aggregate([], x=f"{function} {column}"))
    assert failure.code == "bad_value"
    for word in ("step 2 (aggregate)", function, repr(column)):
        assert word in failure.message


def test_a_misfit_is_named_where_it_is_needed(shop: Workshop) -> None:
    data = "k,v,w\n" + "1,2,3\n" * 10_000 + "1,x,y\n"
    assert "row 10001, column 'v': 'x'" in shop.fails("t.csv", data, aggregate(["k"], s="sum v")).message
    assert "row 10001, column 'v': 'x'" in shop.fails("t.csv", data, aggregate(["v"], n="count")).message
    assert shop.run("t.csv", data, aggregate(["k"], n="count")).text == "k,n\n1,10001\n"


def test_pivot_names_columns_in_order_of_appearance(shop: Workshop) -> None:
    result = shop.run("t.csv", SALES, pivot(["city"], "month", "sold", "sum"), to="ndjson")
    assert result.records == [
        {"city": "Ulm", "jan": 3, "feb": 7},
        {"city": "Rom", "jan": None, "feb": None},
        {"city": None, "jan": 4, "feb": None},
    ]
    assert result.types == {"city": "text", "jan": "int", "feb": "int"}


def test_pivot_without_groups_and_of_typed_names(shop: Workshop) -> None:
    assert records(shop, keep("city", "eq", "Rom"), pivot([], "month", "price")) == [{"jan": 2.0, "feb": None}]
    assert records(
        shop, keep("sold", "gt", 0), pivot([], "sold", "city"), keep("3", "eq", "Ulm"), select("4", "6")
    ) == [{"4": None, "6": "Ulm"}]
    assert shop.run("t.csv", SALES, limit(0), pivot(["city"], "month", "sold")).text == "city\n"


def test_pivot_refuses_what_makes_no_table(shop: Workshop) -> None:
    crowded = shop.fails("t.csv", SALES, pivot(["city"], "month", "sold"))
    assert "step 1 (pivot): 2 rows are for column 'feb', city 'Ulm'; give a function" in crowded.message
    assert "holds null" in shop.fails("t.csv", SALES, pivot(["month"], "city", "sold", "sum")).message
    assert "already" in shop.fails("t.csv", "a,b,c\n1,a,2\n", pivot(["a"], "b", "c")).message
    many = "n,v\n" + "".join(f"{n},1\n" for n in range(1001))
    assert "1,001 values" in shop.fails("t.csv", many, pivot([], "n", "v")).message
    late = "n,v\n" + "1,1\n" * 10_000 + "x,1\n"
    assert "row 10001, column 'n': 'x'" in shop.fails("t.csv", late, pivot([], "n", "v", "count")).message


def test_unpivot_makes_a_row_of_each_column(shop: Workshop) -> None:
    data = "id,jan,feb\na,1,2\nb,,4\n"
    steps = [unpivot("jan", "feb", names_to="month", values_to="sold")]
    assert shop.run("t.csv", data, *steps).text == "id,month,sold\na,jan,1\na,feb,2\nb,jan,\nb,feb,4\n"
    # and pivot is its inverse
    assert shop.run("t.csv", data, *steps, pivot(["id"], "month", "sold")).text == data


def test_unpivot_keeps_text_as_it_stood_and_names_rows(shop: Workshop) -> None:
    assert shop.run("t.csv", "a,b\n1.50,2\n", unpivot("a", "b")).text == "name,value\na,1.50\nb,2\n"
    late = "a,b\n" + "1,2\n" * 10_000 + "3,x\n"
    failure = shop.fails("t.csv", late, unpivot("a", "b"), keep("value", "gt", 2))
    assert "row 10001, column 'value': 'x'" in failure.message


def test_unpivot_refuses_columns_that_do_not_go_together(shop: Workshop) -> None:
    failure = shop.fails("t.csv", SALES, unpivot("city", "sold"))
    assert "'city' is text, 'sold' is int" in failure.message
    assert "already" in shop.fails("t.csv", SALES, unpivot("sold", names_to="city")).message


def test_a_pivot_of_no_rows_keeps_the_groups_or_says_that_nothing_is_left(shop: Workshop) -> None:
    empty = [keep("a", "gt", 9)]
    assert shop.run("t.csv", "a,b,c\n1,x,2\n", *empty, pivot(["a"], "b", "c")).text == "a\n"
    failure = shop.fails("t.csv", "a,b,c\n1,x,2\n", *empty, pivot([], "b", "c"))
    assert (failure.code, "no row is left" in failure.message) == ("bad_value", True)
