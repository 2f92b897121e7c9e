"""What the five steps give, value by value."""

import json
import resource
from typing import Any

import pytest

from tests.engines.tables.workshop import (
    Workshop,
    aggregate,
    cast,
    comparison,
    fill,
    keep,
    keep_if,
    limit,
    rename,
    select,
)

PEOPLE = """name,age,country,score,member,born
Ann,30,India,1.5,true,1990-05-01
Bob,25,Peru,,false,1995-12-31
Cem,,India,2.25,,2001-01-01
Dee,41,,-3.0,true,
"""


def names(shop: Workshop, *pipeline: dict[str, Any]) -> str:
    """The first letters of the names that are left."""
    return "".join(row["name"][0] for row in shop.run("people.csv", PEOPLE, *pipeline).records)


@pytest.mark.parametrize(
    ("column", "operator", "value", "left"),
    [
        ("age", "eq", 30, "A"),
        ("age", "eq", "30", "A"),
        ("age", "eq", 30.0, "A"),
        ("age", "ne", 30, "BD"),
        ("age", "gt", 25, "AD"),
        ("age", "ge", 25, "ABD"),
        ("age", "lt", 30, "B"),
        ("age", "le", 30, "AB"),
        ("age", "between", [25, 30], "AB"),
        ("age", "between", ["25", 30], "AB"),
        ("age", "in", [30, "41", 7], "AD"),
        ("age", "in", [], ""),
        ("age", "not_in", [30], "BD"),
        ("age", "not_in", [], "ABD"),
        ("age", "gt", 10**30, ""),
        ("age", "lt", 10**30, "ABD"),
        ("age", "ge", -(10**30), "ABD"),
        ("age", "ne", 10**30, "ABD"),
        ("age", "in", [10**30, 25], "B"),
        ("score", "eq", 1.5, "A"),
        ("score", "gt", 0, "AC"),
        ("score", "lt", "0.0", "D"),
        ("score", "in", [2.25, -3], "CD"),
        ("member", "eq", True, "AD"),
        ("member", "eq", "true", "AD"),
        ("member", "ne", True, "B"),
        ("country", "eq", "India", "AC"),
        ("country", "ne", "India", "B"),
        ("country", "gt", "India", "B"),
        ("country", "in", ["Peru", "India"], "ABC"),
        ("country", "not_in", ["Peru"], "AC"),
        ("country", "contains", "ndi", "AC"),
        ("country", "contains", ".", ""),
        ("country", "contains", "", "ABC"),
        ("country", "starts_with", "P", "B"),
        ("country", "ends_with", "ia", "AC"),
        ("country", "eq", "", ""),
        ("country", "ne", "", "ABC"),
        ("country", "lt", "Z", "ABC"),
        ("born", "ge", "1995-12-31", "BC"),
        ("born", "between", ["1990-01-01", "1995-12-31"], "AB"),
        ("age", "starts_with", "4", "D"),
    ],
)
def test_a_comparison_keeps_what_it_holds_for(
    shop: Workshop, column: str, operator: str, value: object, left: str
) -> None:
    assert names(shop, keep(column, operator, value)) == left


@pytest.mark.parametrize("column", ["age", "country", "score", "member"])
@pytest.mark.parametrize("operator", ["eq", "ne", "gt", "lt", "ge", "le"])
def test_a_comparison_with_null_never_passes(shop: Workshop, column: str, operator: str) -> None:
    assert names(shop, keep(column, operator, None)) == ""
    assert names(shop, keep_if({"not": comparison(column, operator, None)})) == ""


def test_null_among_several_values(shop: Workshop) -> None:
    # whether a value equals null is unknown, so `in` finds only the others, and `not_in` nothing
    assert names(shop, keep("age", "in", [None, 30])) == "A"
    assert names(shop, keep("age", "not_in", [None, 30])) == ""


def test_only_is_null_finds_null(shop: Workshop) -> None:
    assert names(shop, keep("age", "is_null")) == "C"
    assert names(shop, keep("age", "not_null")) == "ABD"
    assert names(shop, keep("country", "is_null")) == "D"


def test_a_quoted_empty_cell_is_null_too(shop: Workshop) -> None:
    data = 'a,b\n"",1\nx,2\n,3\n'
    assert shop.run("t.csv", data, keep("a", "is_null"), select("b")).text == "b\n1\n3\n"
    assert shop.run("t.csv", data, keep("a", "ne", "x"), select("b")).text == "b\n"


def test_conditions_are_composed_in_three_valued_logic(shop: Workshop) -> None:
    india, old = comparison("country", "eq", "India"), comparison("age", "gt", 28)
    assert names(shop, keep_if({"all": [india, old]})) == "A"
    assert names(shop, keep_if({"any": [india, old]})) == "ACD"
    assert names(shop, keep_if({"not": india})) == "B"
    assert names(shop, keep_if({"not": {"any": [india, old]}})) == "B"
    assert names(shop, keep_if({"not": {"not": {"all": [{"any": [india]}]}}})) == "AC"


@pytest.mark.parametrize(
    ("column", "operator", "value", "words"),
    [
        ("age", "gt", "abc", ["'abc'", "'age'", "int"]),
        ("age", "eq", 30.5, ["30.5", "'age'", "int"]),
        ("age", "eq", True, ["true", "'age'", "int"]),
        ("age", "in", [1, "x"], ["'x'", "'age'", "int"]),
        ("age", "between", [1, " 2"], ["' 2'", "'age'"]),
        ("score", "gt", "1,5", ["'1,5'", "'score'", "float"]),
        ("score", "gt", "nan", ["'nan'", "float"]),
        ("member", "eq", 1, ["1", "'member'", "bool"]),
        ("member", "eq", "yes", ["'yes'", "bool"]),
        ("born", "gt", 1990, ["1990", "'born'", "text", "row 1", "'1990-05-01'"]),
        ("country", "eq", True, ["true", "'country'", "text"]),
    ],
)
def test_a_value_that_is_not_of_the_columns_type_is_refused(
    shop: Workshop, column: str, operator: str, value: object, words: list[str]
) -> None:
    # given a filter as the second step, when its value cannot be taken as the column's type
    failure = shop.fails("people.csv", PEOPLE, limit(3), keep(column, operator, value))
    # then the failure names the step, the column, its type and the value
    assert failure.code == "bad_value"
    for word in ("step 2", *words):
        assert word in failure.message


def test_a_number_beside_text_names_the_first_value_that_is_none(shop: Workshop) -> None:
    failure = shop.fails("t.csv", "x\n1\n2.5\nNA\n00\n", keep("x", "gt", 1))
    assert "row 3 holds 'NA'" in failure.message


def test_a_column_without_values_takes_the_filters_type(shop: Workshop) -> None:
    assert shop.run("t.csv", "a,b\n1,\n2,\n", keep("b", "gt", 5)).text == "a,b\n"
    assert shop.run("t.csv", "a,b\n", keep("b", "gt", 5)).text == "a,b\n"
    late = "a,b\n" + "1,\n" * 10_000 + "2,7\n3,4\n"
    assert shop.run("t.csv", late, keep("b", "gt", 5)).text == "a,b\n2,7\n"
    failure = shop.fails("t.csv", late + "4,many\n", keep("b", "gt", 5))
    assert "row 10003, column 'b': 'many'" in failure.message


def test_select_chooses_and_orders(shop: Workshop) -> None:
    assert shop.run("t.csv", "a,b,c\n1,2,3\n", select("c", "a")).text == "c,a\n3,1\n"


def test_rename_changes_names_at_once(shop: Workshop) -> None:
    assert shop.run("t.csv", "a,b\n1,2\n", rename({"a": "b", "b": "a"})).text == "b,a\n1,2\n"
    assert shop.run("t.csv", "a,b\n1,2\n", rename({"a": "a"})).text == "a,b\n1,2\n"


@pytest.mark.parametrize("columns", [{"a": "b"}, {"a": "b", "b": "c"}])
def test_rename_onto_a_column_is_refused(shop: Workshop, columns: dict[str, str]) -> None:
    failure = shop.fails("t.csv", "a,b,c\n1,2,3\n", rename(columns))
    assert "step 1 (rename)" in failure.message
    assert "already" in failure.message


@pytest.mark.parametrize(
    "step", [keep("agee", "gt", 1), select("name", "agee"), rename({"agee": "x"}), keep("AGE", "is_null")]
)
def test_an_unknown_column_is_named_with_the_nearest(shop: Workshop, step: dict[str, Any]) -> None:
    failure = shop.fails("people.csv", PEOPLE, limit(1), step)
    assert failure.code == "unknown_column"
    assert "step 2" in failure.message
    assert "'age'" in failure.message


def test_steps_know_columns_by_their_newest_names(shop: Workshop) -> None:
    result = shop.run("people.csv", PEOPLE, rename({"age": "years"}), keep("years", "gt", 28), select("years", "name"))
    assert result.text == "years,name\n30,Ann\n41,Dee\n"
    failure = shop.fails("people.csv", PEOPLE, select("name"), keep("age", "gt", 1))
    assert failure.code == "unknown_column"


def test_limit_keeps_the_first_rows(shop: Workshop) -> None:
    assert names(shop, limit(2)) == "AB"
    assert names(shop, limit(0)) == ""
    assert names(shop, limit(2**63 - 1)) == "ABCD"
    assert names(shop, limit(3), keep("country", "eq", "India"), limit(1)) == "A"
    assert names(shop, keep("country", "eq", "India"), limit(5)) == "AC"


def test_order_is_kept_in_a_large_file(shop: Workshop) -> None:
    data = "n,s\n" + "".join(f"{n},{'x' * 60}\n" for n in range(300_000))
    result = shop.run("t.csv", data, keep("n", "ge", 150_000), limit(100_000), select("n"))
    assert result.text.split()[1:] == [str(n) for n in range(150_000, 250_000)]


def test_no_steps_pass_the_rows_unchanged(shop: Workshop) -> None:
    result = shop.run("people.csv", PEOPLE)
    assert result.text == PEOPLE
    assert result.done.rows_in == result.done.made[0].rows == 4


def test_rows_in_and_out_are_counted(shop: Workshop) -> None:
    result = shop.run("people.csv", PEOPLE, keep("country", "eq", "India"), to="ndjson")
    assert (result.done.rows_in, result.done.made[0].rows) == (4, 2)


@pytest.mark.parametrize("name", ["two words.csv", "ünïcödé.csv", "a+b&c=d%20#?.csv", "[x]*{y}.csv", "quo'te\".csv"])
def test_any_legal_file_name_works(shop: Workshop, name: str) -> None:
    assert shop.run(name, "a\n1\n", to="parquet").rows == [(1,)]
    assert shop.run(name.replace(".csv", ".ndjson"), '{"a":1}\n').rows == [(1,)]


ODD_NAMES = ("*", "^a.*$", "a b", "", "0", "select", "\u00e9", 'q"q', "x,y", "a.b")


def test_any_column_name_works(shop: Workshop) -> None:
    # given columns whose names mean something to somebody
    data = shop.run("t.ndjson", json.dumps({name: n for n, name in enumerate(ODD_NAMES)}) + "\n")
    expected = {name: n for n, name in enumerate(ODD_NAMES)}
    # when they go from format to format, by filter, rename and select
    for name in ("t.ndjson", "t.csv", "t.tsv", "t.parquet"):
        data = shop.run("t.ndjson", data.data, to=name.split(".")[1])
        steps = [keep("*", "eq", 0), rename({"^a.*$": "*", "*": "^a.*$"}), select(*reversed(ODD_NAMES))]
        result = shop.run(name, data.data, *steps, to="ndjson")
        swapped = {**expected, "*": 1, "^a.*$": 0}
        assert list(result.records[0].items()) == [(name, swapped[name]) for name in reversed(ODD_NAMES)]
        data = shop.run(name, data.data, to="ndjson")
        assert data.records == [expected]


def test_a_step_on_a_thousand_columns_is_one_turn_of_the_table(shop: Workshop) -> None:
    # given a wide table, of which cast, fill_null and aggregate each once took gigabytes: a turn for every column
    names = [f"c{number}" for number in range(1_500)]
    data = ",".join(names) + "\n" + ",".join("1" * 1_499) + ",\n"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    # when
    many = names[500:]
    sums = {f"sum_{name}": f"sum {name}" for name in many}
    result = shop.run(
        "wide.csv", data, fill(1, *many), cast(**dict.fromkeys(many, "decimal")), aggregate(["c0"], **sums)
    )
    # then
    assert result.rows == [("1", *["1"] * 1_000)]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 20


def test_a_filled_column_cast_to_decimal_has_the_digits_that_are_written(shop: Workshop) -> None:
    # given
    prices = "price,rate\n12.50,\n,2\n3,7\n"
    # when
    result = shop.run("p.csv", prices, fill(0.125, "price"), fill(1, "rate"), cast(price="decimal", rate="decimal"))
    # then no digits are added that neither the file nor the filler has
    assert result.text == "price,rate\n12.500,1\n0.125,2\n3.000,7\n"
