"""What a column of text is taken for: its first 10,000 rows decide, and nothing may be lost."""

from decimal import Decimal

import pytest

from tests.engines.tables.workshop import Workshop, cast, comparison, fill, keep, keep_if, limit, rename, select


def column(*cells: str) -> str:
    return "x,y\n" + "".join(f"{cell},.\n" for cell in cells)


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        (["1", "-2", "0", ""], "int", [1, -2, 0, None]),
        (["9223372036854775807", "-9223372036854775808"], "int", [2**63 - 1, -(2**63)]),
        (["12345678901234567890", "1"], "decimal", [Decimal(12345678901234567890), Decimal(1)]),
        (["9" * 38, "-" + "9" * 38], "decimal", [Decimal("9" * 38), Decimal("-" + "9" * 38)]),
        (["9" * 39, "1"], "text", ["9" * 39, "1"]),
        (["1", "2.5", ""], "float", [1.0, 2.5, None]),
        (["12.50", "0.10"], "float", [12.5, 0.1]),
        (["1.5e-07", "-2.0E3"], "float", [1.5e-07, -2000.0]),
        (["0.123456789012345"], "float", [0.123456789012345]),
        (["0.1234567890123450000"], "float", [0.123456789012345]),
        (["-0.0", "1.0"], "float", [-0.0, 1.0]),
        (["5.0e-324", "1.5e-310", "2.2250738585072014e-308"], "float", [5e-324, 1.5e-310, 2.2250738585072014e-308]),
        (["5.0e-324", "1.5e-310", "0." + "0" * 309 + "12"], "float", [5e-324, 1.5e-310, 1.2e-310]),
        (["1.23456789012345e-320"], "text", ["1.23456789012345e-320"]),
        (["0." + "0" * 400 + "1"], "text", ["0." + "0" * 400 + "1"]),
        (["true", "false", ""], "bool", [True, False, None]),
    ],
)
def test_what_survives_is_typed(shop: Workshop, cells: list[str], kind: str, values: list[object]) -> None:
    # given a column of such cells, when it goes into a typed format
    result = shop.run("t.csv", column(*cells), to="parquet")
    # then it has its type, and every value is there
    assert result.types["x"] == kind
    assert [row["x"] for row in result.records] == values


@pytest.mark.parametrize(
    "cells",
    [
        ["00123", "1"],
        ["1", "+5"],
        ["1", "-0"],
        ["1", "NA"],
        ["1E5", "2"],
        ["1e5"],
        ["1", " 2"],
        ["1", "2 "],
        ["1_000"],
        ["1,5".replace(",", ";")],
        ["0x10"],
        ["2020-01-01"],
        ["1.5", "007.5"],
        ["1.5", "+1.5"],
        ["1.5", "inf"],
        ["1.5", "nan"],
        ["1.5", "NaN"],
        ["1.5", "5."],
        ["0.1234567890123456789"],
        ["0.12345678901234567890"],
        ["1", "1" + "0" * 45],
        ["1e5", "1.5"],
        ["1E+5", "1.5"],
        ["007e-05", "1.5"],
        ["1.5", "12345678901234567890"],
        ["1.5e400"],
        ["1.5e-400"],
        ["True", "False"],
        ["TRUE"],
        ["true", "1"],
        ["true", "yes"],
        ["٣"],
    ],
)
def test_what_would_lose_something_stays_text(shop: Workshop, cells: list[str]) -> None:
    # given a column in which one cell would lose something as a number or boolean, when it is converted
    result = shop.run("t.csv", column(*cells), to="parquet")
    # then all of it is the text that stood there
    assert result.types["x"] == "text"
    assert [row["x"] for row in result.records] == cells


def test_an_empty_column_is_text_and_null(shop: Workshop) -> None:
    result = shop.run("t.csv", column("", '""'), to="parquet")
    assert result.types["x"] == "text"
    assert [row["x"] for row in result.records] == [None, None]


LATER = "1\n" * 10_000


@pytest.mark.parametrize("misfit", ["00123", "+5", "-0", "abc", "1.5", "1e3", "true", "12345678901234567890", " 7"])
def test_a_later_misfit_in_a_typed_output_is_named(shop: Workshop, misfit: str) -> None:
    # given an integer column, and after the first 10,000 rows a value that is none
    failure = shop.fails("t.csv", f"x\n{LATER}{misfit}\n2\n{misfit}\n", to="parquet")
    # then the failure names the file, the first such row, the column and the value
    assert (failure.code, failure.at_fault) == ("bad_value", "caller")
    for word in ("t.csv", "row 10001,", "'x'", repr(misfit), "int"):
        assert word in failure.message


@pytest.mark.parametrize(
    "misfit", ["0.1234567890123456789", "+1.5", "007.5", "nan", "1E5", "1.5e400", "12345678901234567"]
)
def test_a_later_misfit_among_fractions_is_named(shop: Workshop, misfit: str) -> None:
    failure = shop.fails("t.csv", "x\n" + "1.5\n" * 10_000 + f"2.50\n{misfit}\n", to="ndjson")
    assert "row 10002," in failure.message
    assert repr(misfit) in failure.message


def test_a_later_misfit_among_booleans_is_named(shop: Workshop) -> None:
    failure = shop.fails("t.csv", "x\n" + "true\n" * 10_000 + "True\n", to="parquet")
    assert "row 10001, column 'x': 'True'" in failure.message


def test_trailing_zeros_of_a_late_fraction_are_no_misfit(shop: Workshop) -> None:
    result = shop.run("t.csv", "x\n" + "1.5\n" * 10_000 + "12.50000000000000000000\n", keep("x", "gt", 2), to="ndjson")
    assert result.rows == [(12.5,)]


def test_a_misfit_in_a_column_that_stays_text_is_none(shop: Workshop) -> None:
    # given a late 00123 in a column that looked like integers
    data = f"x,y\n{'1,a' + chr(10)}" + "1,a\n" * 10_000 + "00123,b\n"
    # when only text goes out and no step compares the column
    result = shop.run("t.csv", data, keep("y", "eq", "b"))
    # then it passes as it stood
    assert result.text == "x,y\n00123,b\n"


def test_a_misfit_that_a_filter_needs_is_named_with_the_step(shop: Workshop) -> None:
    data = "a,b\n" + "1,x\n" * 10_001 + "0012,y\n"
    failure = shop.fails("t.csv", data, select("a", "b"), keep("a", "gt", 1))
    assert "row 10002, column 'a': '0012'" in failure.message
    assert "step 2" in failure.message


def test_a_misfit_is_told_by_the_name_the_step_knows(shop: Workshop) -> None:
    data = "a\n" + "1\n" * 10_000 + "x\n"
    failure = shop.fails("t.csv", data, rename({"a": "b"}), keep("b", "gt", 0))
    assert "column 'b'" in failure.message


def test_a_misfit_counts_exactly_if_it_stands_before_the_limit_is_filled(shop: Workshop) -> None:
    # given 10,000 rows of 1, then a misfit, then rows of 2
    data = "x\n" + LATER + "00\n" + "2\n" * 3
    # when the limit is filled before it, then it is never met
    assert len(shop.run("t.csv", data, keep("x", "eq", 1), limit(10_000)).rows) == 10_000
    # and when the limit needs one row more, it is
    assert "row 10001" in shop.fails("t.csv", data, keep("x", "ge", 1), limit(10_001)).message
    assert "row 10001" in shop.fails("t.csv", data, keep("x", "eq", 2), limit(1)).message
    # and a limit that stands before the filter ends it, too
    assert len(shop.run("t.csv", data, limit(10_000), keep("x", "eq", 1)).rows) == 10_000


def test_a_misfit_that_an_earlier_filter_drops_is_not_met(shop: Workshop) -> None:
    data = "x,y\n" + "1,a\n" * 10_000 + "00,b\n1,a\n"
    assert len(shop.run("t.csv", data, keep("y", "eq", "a"), keep("x", "eq", 1), to="parquet").rows) == 10_001


def test_the_first_of_many_misfits_is_named(shop: Workshop) -> None:
    # given misfits in rows far apart, which are worked on side by side
    rows = ["1,1"] * 400_000
    for row in (390_000, 250_001, 123_456):
        rows[row - 1] = "1,x"
    failure = shop.fails("t.csv", "a,b\n" + "\n".join(rows), to="parquet")
    assert "row 123456, column 'b': 'x'" in failure.message


def test_a_long_misfit_is_shortened(shop: Workshop) -> None:
    failure = shop.fails("t.csv", "x\n" + LATER + "y" * 10_000 + "\n", to="parquet")
    assert "y" * 77 + "..." in failure.message


def test_types_are_reported_for_text_outputs_too(shop: Workshop) -> None:
    result = shop.run("t.csv", "i,f,b,t,d\n1,1.5,true,NA,2020-01-01\n")
    assert result.types == {"i": "int", "f": "float", "b": "bool", "t": "text", "d": "text"}


def test_typed_values_go_through_parquet_and_back(shop: Workshop) -> None:
    # given a csv turned into parquet
    made = shop.run("t.csv", "i,f,b,t\n1,0.30,true,00\n,,,\n", to="parquet")
    # when that is turned back, then the values are the same
    back = shop.run("t.parquet", made.data, to="csv")
    assert back.text == "i,f,b,t\n1,0.3,true,00\n,,,\n"
    assert made.records[0] == {"i": 1, "f": 0.3, "b": True, "t": "00"}


def test_a_wide_table_is_typed_in_seconds(shop: Workshop) -> None:
    # given a table of thousands of columns, each to be checked
    width = 3000
    head = ",".join(f"c{number}" for number in range(width))
    rows = [",".join(str(number + row) for number in range(width)) for row in range(3)]
    # when it goes into a typed format; a chain of checks would take minutes
    result = shop.run("t.csv", "\n".join([head, *rows, ""]), to="parquet")
    # then every cell is there
    assert [list(row) for row in result.rows] == [[number + row for number in range(width)] for row in range(3)]


def test_a_column_that_two_filters_compare_is_typed_by_the_first(shop: Workshop) -> None:
    # given a column of numbers with a misfit that both filters and the output need
    data = "x\n" + "5\n" * 10_000 + "1\n"
    # when nothing is wrong, then the numbers go out that were compared
    assert shop.run("t.csv", data, keep("x", "gt", 1), keep("x", "lt", 9), to="parquet").rows == [(5,)] * 10_000
    # and a misfit is told of by the first step that needs it
    failure = shop.fails("t.csv", data + "007\n", keep("x", "gt", 1), keep("x", "lt", 9), to="parquet")
    assert "row 10002, column 'x': '007'" in failure.message
    assert "step 1" in failure.message


def test_empty_cells_in_quotes_are_null_beside_misfits(shop: Workshop) -> None:
    # given numbers and text with empty cells in quotes, long after the types were told
    data = "n,f,s\n" + "-1,0.5,x\n" * 10_001 + '"","",""\n'
    assert shop.run("t.csv", data, to="parquet").rows[-1] == (None, None, None)
    # when a misfit stands behind them, then it is that which is named
    assert "row 10003, column 'f': '+1'" in shop.fails("t.csv", data + "-1,+1,x\n", to="parquet").message


def test_what_a_filter_typed_is_not_taken_for_what_a_later_step_made(shop: Workshop) -> None:
    # given a column that a filter has compared as numbers
    data = "x,y\n1.50,a\n,b\n"
    some = keep_if({"any": [comparison("x", "gt", 1), comparison("x", "is_null")]})
    # when it is cast to text, or its gaps are filled, then it is that which goes out
    assert shop.run("t.csv", data, some, cast(x="text"), to="parquet").rows == [("1.50", "a"), (None, "b")]
    assert shop.run("t.csv", data, some, fill(2.5, "x"), to="parquet").rows == [(1.5, "a"), (2.5, "b")]
