"""Headers of csv and tsv that are not what they should be: a row of values, columns without a name."""

import gzip

import pytest

from filemill.pipelines.options import InputOptions
from filemill.pipelines.run import Warned
from tests.engines.tables.workshop import Result, Workshop, join, keep, limit, select


def told(result: Result) -> str:
    return " ".join(line.message for line in result.said if isinstance(line, Warned))


# --- a first row that may be one of values ----------------------------------------------------------------------------

VALUES = [
    "1,Alice,30\n2,Bob,25\n",
    "0,1,2\n5,6,7\n",
    "2019,2020\n5,6\n",
    "Ann,2019,2020\nBob,5,6\n",
    "true,x\nfalse,y\n",
    "x,1.5e-07\ny,2.5\n",
    "2024-01-01,Alice\n2024-01-02,Bob\n",
    "01.02.2024 13:00,Alice\n02.02.2024 14:00,Bob\n",
    "00123,Alice\n00124,Bob\n",
]


@pytest.mark.parametrize("text", VALUES)
def test_a_first_row_that_may_be_values_is_one_of_names_and_told(shop: Workshop, text: str) -> None:
    # given a first row of which each cell would be a value of its column
    result = shop.run("t.csv", text)
    # then it is taken for names, and a warning names the option for the other case
    assert "each cell of it would be a value of its column" in told(result)
    assert "has_header to false" in told(result)
    assert result.done.rows_in == text.count("\n") - 1
    # and where the caller says what it is, nothing is told
    for has_header in (True, False):
        said = shop.run("t.csv", text, given=InputOptions(has_header=has_header))
        assert "has_header" not in told(said)
        assert said.done.rows_in == text.count("\n") - has_header


@pytest.mark.parametrize(
    "text",
    [
        "id,name\n1,Alice\n",
        "name,city\nAlice,Rome\n",
        "id,2019\n1,5\n",
        "a,2019\nx,y\n",
        "007,a\n1,b\n2,c\n",
        ",a\n0,x\n1,y\n",
        "1,2\n",
        "2024-01-01,n\nx,1\n",
        "NA,b\n1,c\n",
    ],
)
def test_names_are_not_told(shop: Workshop, text: str) -> None:
    assert "has_header" not in told(shop.run("t.csv", text))


@pytest.mark.parametrize("name", ["t.tsv", "t.csv.gz"])
def test_the_same_is_told_of_every_delimited_text(shop: Workshop, name: str) -> None:
    text = "1,Alice,30\n2,Bob,25\n".replace(",", "\t" if name == "t.tsv" else ",")
    data = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
    assert "has_header to false" in told(shop.run(name, data))


def test_numbers_with_a_comma_are_values_too(shop: Workshop) -> None:
    result = shop.run("t.csv", "A;1,5;x\nB;2,5;y\nC;3,25;z\n", to="ndjson")
    assert "has_header to false" in told(result)
    assert result.rows == [("B", 2.5, "y"), ("C", 3.25, "z")]


# --- columns without a name -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["t.csv", "t.csv.gz"])
@pytest.mark.parametrize(
    ("text", "left", "words"),
    [
        ("a;b;;;\n1;2;;;\n", {"a": 1, "b": 2}, "columns 3, 4, 5 have neither names nor values and are left out"),
        ("a;b;\n1;2;\n", {"a": 1, "b": 2}, "column 3 has neither a name nor a value and is left out"),
        ("a;;b\n1;;2\n", {"a": 1, "b": 2}, "column 2 has neither"),
        (";a;b\n;1;2\n", {"a": 1, "b": 2}, "column 1 has neither"),
        ('a;"";b\n1;"";2\n', {"a": 1, "b": 2}, "column 2 has neither"),
        ("a;;;\n1;;3;\n", {"a": 1, "": 3}, "columns 2, 4 have neither"),
    ],
)
def test_a_column_without_a_name_and_a_value_is_left_out(
    shop: Workshop, name: str, text: str, left: dict[str, int], words: str
) -> None:
    data = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
    result = shop.run(name, data, to="ndjson", given=InputOptions(delimiter=";"))
    assert result.records == [left]
    assert words in told(result)


def test_a_header_alone_may_have_columns_without_a_name(shop: Workshop) -> None:
    assert shop.run("t.csv", "a,b,,\n").text == "a,b\n"
    assert "names no column" in shop.fails("t.csv", ",,\n,,\n").message
    assert shop.run("t.csv", ",,\n1,2,3\n").text == "column_1,column_2,column_3\n1,2,3\n"


@pytest.mark.parametrize("rows", [0, 60_000, 900_000])
def test_a_late_value_in_a_column_that_was_left_out_is_named(shop: Workshop, rows: int) -> None:
    # given a column without a name, and a value in it far behind the first rows
    data = "a,b,,\n" + "1,2,,\n" * rows + "3,4,,x\n5,6,,\n"
    if rows <= 60_000:
        # where the first piece shows the value, the column is one
        assert shop.run("t.csv", data, keep("a", "gt", 1)).text == 'a,b,""\n3,4,x\n5,6,\n'
        return
    failure = shop.fails("t.csv", data, select("a"))
    assert failure.code == "bad_file"
    assert f"t.csv, row {rows + 1}: Column 4 has no name, nor a value in the first rows" in failure.message
    # a limit that is filled before it never meets it
    assert shop.run("t.csv", data, limit(rows)).done.made[0].rows == rows


def test_a_late_value_is_collected_and_reading_goes_on(shop: Workshop) -> None:
    data = "a,b,\n" + "1,2,\n" * 900_000 + '3,"x, y",z\n5,6,\n'
    result = shop.run("t.csv", data, keep("a", "gt", 1), collects=True)
    assert result.text == "a,b\n5,6\n"
    assert result.done.made[1].rows == 1


def test_a_further_input_leaves_columns_out_too(shop: Workshop) -> None:
    other = ("o.csv", "id,city,,\n1,Rome,,\n")
    result = shop.run("t.csv", "id,name,\n1,Ann,\n", join(["id"]), inputs={"other": other})
    assert result.text == "id,name,city\n1,Ann,Rome\n"
    assert told(result).count("left out") == 2
