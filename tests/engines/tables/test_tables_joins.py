"""The steps that read further inputs: join and concat."""

import json
from typing import Any

import pytest

from tests.engines.tables.workshop import (
    Inputs,
    Workshop,
    aggregate,
    cast,
    concat,
    join,
    keep,
    limit,
    select,
    sort,
)

ORDERS = "order,who,qty\n1,7,2\n2,,3\n3,9,1\n4,7,5\n5,8,0\n"
PEOPLE = "id,name,qty\n7,Ann,x\n8,Bob,007\n,Nobody,y\n7,Anna,z\n6,Cem,1.50\n"
BOTH: Inputs = {"other": ("people.csv", PEOPLE)}


def joined(shop: Workshop, how: str, *then: dict[str, Any], inputs: Inputs = BOTH) -> list[str]:
    result = shop.run("orders.csv", ORDERS, join({"who": "id"}, how), *then, inputs=inputs)
    return result.text.splitlines()


INNER = ["1,7,2,Ann,x", "1,7,2,Anna,z", "4,7,5,Ann,x", "4,7,5,Anna,z", "5,8,0,Bob,007"]
LEFT = [*INNER[:2], "2,,3,,", "3,9,1,,", *INNER[2:]]
ONLY_RIGHT = [",,,Nobody,y", ",6,,Cem,1.50"]


@pytest.mark.parametrize(
    ("how", "rows"),
    [
        ("inner", INNER),
        ("left", LEFT),
        ("right", INNER + ONLY_RIGHT),
        ("full", LEFT + ONLY_RIGHT),
        ("semi", ["1,7,2", "4,7,5", "5,8,0"]),
        ("anti", ["2,,3", "3,9,1"]),
    ],
)
def test_join_keeps_order_and_text_and_null_matches_nothing(shop: Workshop, how: str, rows: list[str]) -> None:
    header = "order,who,qty" + (",name,qty_other" if how not in ("semi", "anti") else "")
    assert joined(shop, how) == [header, *rows]


def test_join_by_columns_of_one_name_with_other_formats(shop: Workshop) -> None:
    lines = "".join(json.dumps({"who": n, "size": n * 2, "order": None}) + "\n" for n in (7, 8))
    parquet = shop.run("t.ndjson", lines, to="parquet").data
    for name, data in (("p.ndjson", lines), ("p.parquet", parquet)):
        result = shop.run("orders.csv", ORDERS, join(["who"]), to="ndjson", inputs={"other": (name, data)})
        assert result.records[0] == {"order": 1, "who": 7, "qty": 2, "size": 14, "order_other": None}
        assert result.done.rows_in == 7
        assert len(result.records) == 3


def test_join_by_several_keys(shop: Workshop) -> None:
    inputs: Inputs = {"other": ("o.csv", "a,b,c\n1,x,9\n1,y,8\n2,x,7\n")}
    result = shop.run("t.csv", "a,b\n1,y\n2,x\n2,y\n", join(["a", "b"], "left"), inputs=inputs)
    assert result.text == "a,b,c\n1,y,8\n2,x,7\n2,y,\n"


def test_a_join_goes_on_as_a_table(shop: Workshop) -> None:
    then = [keep("name", "starts_with", "An"), aggregate(["name"], total="sum qty"), sort("name")]
    assert joined(shop, "inner", *then) == ["name,total", "Ann,7", "Anna,7"]


def test_one_row_of_sums_stays_before_the_rows_of_the_other_table(shop: Workshop) -> None:
    steps = [aggregate([], rows="count"), join({"rows": "i"}, "full")]
    result = shop.run("t.csv", "a\n1\n", *steps, inputs={"other": ("o.csv", "i,b\n7,x\n")})
    assert result.text.splitlines() == ["rows,b", "1,", "7,x"]


def test_a_join_of_large_tables_keeps_the_order(shop: Workshop) -> None:
    left = "k,n\n" + "".join(f"{n * 7919 % 5000},{n}\n" for n in range(100_000))
    right = "k,v\n" + "".join(f"{n},{n * 2}\n" for n in range(0, 5000, 2))
    result = shop.run("t.csv", left, join(["k"]), inputs={"other": ("o.csv", right)})
    expected = [(str(n * 7919 % 5000), str(n), str(n * 7919 % 5000 * 2)) for n in range(100_000)]
    assert result.rows == [row for row in expected if int(row[0]) % 2 == 0]


def test_keys_of_other_types_are_refused(shop: Workshop) -> None:
    failure = shop.fails("orders.csv", ORDERS, join({"who": "name"}), inputs=BOTH)
    assert "step 1 (join): column 'who' is int, and column 'name' of input 'other' is text" in failure.message
    failure = shop.fails("orders.csv", ORDERS, join(["who"]), inputs=BOTH)
    assert (failure.code, "input 'other'" in failure.message) == ("unknown_column", True)
    assert "no input 'others'" in shop.fails("orders.csv", ORDERS, join(["who"], other="others"), inputs=BOTH).message
    twice = shop.fails("orders.csv", ORDERS, join({"who": "id"}), join({"who": "id"}), inputs=BOTH)
    assert "used twice" in twice.message
    taken = "order,who,name,name_other\n1,7,,\n"
    assert "'name_other' already" in shop.fails("t.csv", taken, join({"who": "id"}), inputs=BOTH).message


def test_a_misfit_of_a_join_is_named_with_its_own_file(shop: Workshop) -> None:
    late = "id,name,size\n" + "7,A,1\n" + "8,B,2\n" * 9_999 + "x,C,3\n"
    failure = shop.fails("orders.csv", ORDERS, join({"who": "id"}), inputs={"other": ("people.csv", late)})
    assert "people.csv, row 10001, column 'id': 'x'" in failure.message
    # and one in a column that is needed only later
    late = "id,name,size\n" + "6,A,1\n" * 10_000 + "7,B,y\n"
    failure = shop.fails("orders.csv", ORDERS, join({"who": "id"}), to="parquet", inputs={"other": ("p.csv", late)})
    assert "p.csv, row 10001, column 'size': 'y'" in failure.message
    # and one in the table itself
    orders = ORDERS + "6,7,1\n" * 10_000 + "7,z,1\n"
    failure = shop.fails("orders.csv", orders, join({"who": "id"}), inputs=BOTH)
    assert "orders.csv, row 10006, column 'who': 'z'" in failure.message
    assert len(shop.run("o.csv", orders, join({"who": "id"}, "semi"), limit(2), inputs=BOTH).rows) == 2


JAN, FEB = "id,sold\n1,2\n2,\n", "sold,id\n7.5,3\n"


def test_concat_puts_rows_below_by_name(shop: Workshop) -> None:
    inputs: Inputs = {"feb": ("feb.csv", FEB), "mar": ("mar.tsv", "id\tsold\n4\t1.50\n")}
    result = shop.run("jan.csv", JAN, concat("feb", "mar"), inputs=inputs)
    assert result.text == "id,sold\n1,2\n2,\n3,7.5\n4,1.50\n"
    typed = shop.run("jan.csv", JAN, concat("feb"), keep("sold", "gt", 2), to="parquet", inputs=inputs)
    assert typed.rows == [(3, 7.5)]
    assert typed.types == {"id": "int", "sold": "float"}
    assert typed.done.rows_in == 3


def test_concat_of_text_and_typed_inputs(shop: Workshop) -> None:
    parquet = shop.run("t.csv", "sold,id\n5,9\n,8\n", to="parquet").data
    result = shop.run(
        "jan.csv", JAN, concat("p"), aggregate([], s="sum sold", n="count"), inputs={"p": ("p.parquet", parquet)}
    )
    assert result.rows == [("7", "4")]
    result = shop.run("p.parquet", parquet, concat("j"), limit(3), inputs={"j": ("jan.csv", JAN)})
    assert result.rows == [(5, 9), (None, 8), (2, 1)]


def test_below_text_the_cells_of_a_csv_go_as_they_stand(shop: Workshop) -> None:
    # given zip codes of which only some begin with a zero, and prices that are text in one file alone
    zips, more = "zip,price\n01067,n/a\n", "zip;price\n10115;1,50\n"
    # when the file whose codes look like numbers goes below the other
    result = shop.run("a.csv", zips, concat("b"), inputs={"b": ("b.csv", more)})
    # then no cell has changed, with or without a decimal comma, and the other way round a cast does it
    assert result.text == 'zip,price\n01067,n/a\n10115,"1,50"\n'
    parquet = shop.run("a.csv", zips, to="parquet").data
    typed = shop.run("a.parquet", parquet, concat("b"), to="parquet", inputs={"b": ("b.csv", more)})
    assert (typed.types, typed.rows[1]) == ({"zip": "text", "price": "text"}, ("10115", "1,50"))
    turned = shop.run("b.csv", more, cast(zip="text", price="text"), concat("a"), inputs={"a": ("a.csv", zips)})
    assert turned.text == 'zip,price\n10115,"1,50"\n01067,n/a\n'


def test_concat_refuses_other_columns_and_names_misfits_by_their_file(shop: Workshop) -> None:
    failure = shop.fails("jan.csv", JAN, concat("x"), inputs={"x": ("x.csv", "id,amount\n1,2\n")})
    assert "input 'x' lacks 'sold'" in failure.message
    failure = shop.fails("jan.csv", JAN, concat("x"), inputs={"x": ("x.csv", "id,sold,amount\n1,2,3\n")})
    assert "input 'x' also has 'amount'" in failure.message
    failure = shop.fails("jan.csv", JAN, concat("x"), inputs={"x": ("x.csv", "id,sold\nA,2\n")})
    assert "column 'id' is int, text" in failure.message
    late = "id,sold\n" + "1,2\n" * 10_000 + "1,z\n"
    for step in (keep("sold", "gt", 1), sort("sold"), aggregate([], s="sum sold")):
        failure = shop.fails("jan.csv", JAN, concat("x"), step, inputs={"x": ("x.csv", late)})
        assert "x.csv, row 10001, column 'sold': 'z'" in failure.message
    failure = shop.fails("jan.csv", JAN, concat("x"), inputs={"x": ("x.csv", "id,sold\n1,2\n3\n")})
    assert "x.csv, row 2" in failure.message


def test_selected_columns_are_compared_by_concat(shop: Workshop) -> None:
    assert shop.run(
        "t.csv", "id,sold,x\n1,2,3\n", select("sold", "id"), concat("f"), inputs={"f": ("f.csv", FEB)}
    ).text == ("sold,id\n2,1\n7.5,3\n")
