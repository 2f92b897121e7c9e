"""Workbooks as they lie about: which sheet is read, which rows are rows, what durations and formulas become."""

import gzip
import time

import pytest

from filemill.pipelines.options import InputOptions
from filemill.pipelines.run import Warned
from tests.engines.tables.others import workbook
from tests.engines.tables.packages import Part, numbers, package, texts
from tests.engines.tables.workshop import Result, Workshop, keep

HEADER = texts(1, "a", "b")
STRAY = '<row r="1048576"><c r="A1048576" t="inlineStr"><is><t xml:space="preserve">{}</t></is></c></row>'
FORMULA = '<row r="2"><c r="A2"><v>1</v></c><c r="B2"{}><f>A2+1</f>{}</c></row>'


def told(result: Result) -> list[str]:
    """What was told of the file, without its name."""
    return [line.message.removeprefix("t.xlsx: ") for line in result.said if isinstance(line, Warned)]


def read(shop: Workshop, *sheets: Part, **options: object) -> Result:
    """The rows of a workbook, as ndjson."""
    return shop.run("t.xlsx", package(*sheets, **options), to="ndjson")


# Which sheet


@pytest.mark.parametrize(
    ("first", "second", "name"),
    [
        (Part("Chart", kind="chartsheet"), Part("Data", HEADER + numbers(2, 7, 8)), "Data"),
        (Part("_cache", HEADER + numbers(2, 1, 1), state="hidden"), Part("Data", HEADER + numbers(2, 7, 8)), "Data"),
        (
            Part("_", HEADER + numbers(2, 1, 1), state="veryHidden"),
            Part("Data & <b>", HEADER + numbers(2, 7, 8)),
            "Data & <b>",
        ),
        (Part("Data", HEADER + numbers(2, 7, 8)), Part("Chart", kind="chartsheet"), "Data"),
        (Part("Data", HEADER + numbers(2, 7, 8), state="hidden"), Part("Chart", kind="chartsheet"), "Data"),
    ],
    ids=[
        "a chart before",
        "a hidden one before",
        "a very hidden one before",
        "a chart behind",
        "nothing but hidden ones",
    ],
)
def test_the_first_worksheet_that_is_shown_is_read(shop: Workshop, first: Part, second: Part, name: str) -> None:
    # given a workbook with two sheets; when it is read
    result = read(shop, first, second)
    # then the rows are those of the worksheet that a program shows first, and its name is told
    assert result.records == [{"a": 7, "b": 8}]
    assert len(told(result)) == 1
    assert told(result)[0].startswith(f"only the sheet {name!r} of 2 is read")


def test_a_workbook_of_charts_alone_is_refused(shop: Workshop) -> None:
    failure = shop.fails("t.xlsx", package(Part("Chart", kind="chartsheet")), to="csv")
    assert failure.code == "bad_file"
    assert "no worksheet" in failure.message


def test_nothing_is_told_of_cells_of_another_sheet(shop: Workshop) -> None:
    # given an error and a formula without a result, on a sheet that is not read
    other = texts(1, "x") + '<row r="2"><c r="A2" t="e"><v>#REF!</v></c><c r="B2"><f>1+1</f></c></row>'
    # when the first sheet is read
    result = read(shop, Part("Data", HEADER + numbers(2, 7, 8)), Part("Other", other))
    # then one sentence tells which sheet, and none of errors
    assert [one.partition(" is read")[0] for one in told(result)] == ["only the sheet 'Data' of 2"]


# Formulas


@pytest.mark.parametrize("value", ["<v></v>", "<v/>"])
def test_a_formula_whose_result_is_the_empty_text_was_computed(shop: Workshop, value: str) -> None:
    result = read(shop, Part("Data", HEADER + FORMULA.format(' t="str"', value)))
    assert result.records == [{"a": 1, "b": None}]
    assert told(result) == []


@pytest.mark.parametrize("value", ["<v></v>", "<v/>", ""])
@pytest.mark.parametrize("prefix", ["", "x:"])
def test_a_formula_without_a_result_is_told(shop: Workshop, value: str, prefix: str) -> None:
    row = FORMULA.format("", value)
    for name in ("row", "c", "v", "f"):
        row = row.replace(f"<{name}", f"<{prefix}{name}").replace(f"</{name}", f"</{prefix}{name}")
    result = read(shop, Part("Data", HEADER + row))
    assert result.records == [{"a": 1, "b": None}]
    assert len(told(result)) == 1
    assert "1 cell holds a formula that no program has computed yet" in told(result)[0]


def test_results_that_are_to_be_computed_anew_are_told(shop: Workshop) -> None:
    # given the 0 that libraries store for a formula, and their note that it is to be computed when the file is opened
    rows = HEADER + FORMULA.format("", "<v>0</v>")
    # when it is read
    result = read(shop, Part("Data", rows), calculation='<calcPr fullCalcOnLoad="1"/>')
    # then the 0 comes with a word; where the note is not there, a result is a result
    assert result.records == [{"a": 1, "b": 0}]
    assert "may be out of date" in told(result)[0]
    assert told(read(shop, Part("Data", rows))) == []


# Rows of nothing


@pytest.mark.parametrize("stray", ["", " ", "\n\t"], ids=repr)
def test_a_stray_cell_of_nothing_far_below_makes_no_rows(shop: Workshop, stray: str) -> None:
    # given one row, and a cell with nothing but blanks in the last row that a sheet has
    data = package(Part("Data", HEADER + numbers(2, 7, 8) + STRAY.format(stray)))
    # when it is read
    begun = time.monotonic()
    result = shop.run("t.xlsx", data, to="ndjson")
    # then there is one row, at once, and a word of what was left out
    assert result.records == [{"a": 7, "b": 8}]
    assert time.monotonic() - begun < 1
    assert told(result) == ["1,048,574 rows below the last value are left out; no cell there holds more than blanks."]


def test_a_shared_text_may_be_of_blanks_too(shop: Workshop) -> None:
    stray = '<row r="90000"><c r="ZZ90000" t="s"><v>1</v></c></row>'
    result = read(shop, Part("Data", HEADER + numbers(2, 7, 8) + stray), shared=["x", "  "])
    assert result.records == [{"a": 7, "b": 8}]
    assert "89,998 rows" in told(result)[0]
    assert "700 columns" in told(result)[1]


def test_a_value_far_below_is_a_value(shop: Workshop) -> None:
    # given a shared text that is more than blanks, far below
    stray = '<row r="30000"><c r="A30000" t="s"><v>0</v></c></row>'
    # when it is read
    result = read(shop, Part("Data", HEADER + numbers(2, 7, 8) + stray), shared=["end", "  "])
    # then nothing is left out
    assert (len(result.records), result.records[-1]) == (29_999, {"a": "end", "b": None})
    assert told(result) == []


def test_cells_that_lie_too_far_apart_are_no_table(shop: Workshop) -> None:
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    failure = shop.fails("t.xlsx", package(Part("Data", HEADER + numbers(2, 7, 8) + far)), to="csv")
    assert failure.code == "bad_file"
    assert "row 1,048,576 and column 16,384" in failure.message
    assert "Clear the cells" in failure.message


def test_rows_of_nothing_below_the_table_are_left_out_and_told(shop: Workshop) -> None:
    # given empty texts, blanks right below the values, and more of them below a row of nothing
    data = workbook(["a", "b"], [1, "x"], ["", ""], [2, "y"], [None, " "], ["", ""], [None, " "])
    # when it is read
    result = shop.run("t.xlsx", data, to="ndjson")
    # then rows within the table stay, blanks right below belong to it, and the rest is told
    assert result.rows == [(1, "x"), (None, None), (2, "y"), (None, " ")]
    assert told(result) == ["2 rows below the last value are left out; no cell there holds more than blanks."]


@pytest.mark.parametrize("cell", ['t="e"><v>#N/A</v>', "><f>SUM(A2:A3)</f>"], ids=["an error", "no result"])
@pytest.mark.parametrize("first", [1, 4])
def test_a_last_row_of_what_reads_as_empty_is_a_row(shop: Workshop, cell: str, first: int) -> None:
    # given a table that begins somewhere, whose last row holds nothing but an error, or a sum without a result
    rows = texts(first, "a", "b") + numbers(first + 1, 7, 8)
    rows += f'<row r="{first + 3}"><c r="B{first + 3}" {cell}</c></row>'
    # when it is read
    result = read(shop, Part("Data", rows))
    # then the row is there, since there was something, which is told
    assert result.rows == [(7, 8), (None, None), (None, None)]
    assert len(told(result)) == 1


# Names


def test_columns_without_a_name_get_one(shop: Workshop) -> None:
    # given the index that a data frame leaves without a name, a name that is taken, and a column of nothing
    data = workbook([None, "column_4", "", None], [0, "a", "", 1.5], [1, "b", "", 2.5])
    # when it is read
    result = shop.run("t.xlsx", data, keep("column_1", "ge", 1), to="ndjson")
    # then they can be named, and what they are called is told
    assert result.records == [{"column_1": 1, "column_4": "b", "column_4_2": 2.5}]
    assert told(result)[0] == (
        "columns without a name in the header get one: column 1 is 'column_1', column 4 is 'column_4_2'."
    )


NUMBERED = InputOptions(repeated_names="number")


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.xlsx", "t.csv.gz"])
def test_repeated_names_are_refused_with_a_remedy_and_numbered_where_that_is_said(shop: Workshop, name: str) -> None:
    # given a header in which a name stands three times, and one of the names that could come instead
    header, row = ["a", "a", "a_2", "b", "a"], [1, 2, 3, 4, 5]
    data = workbook(header, row)
    if name != "t.xlsx":
        lines = [",".join(map(str, line)) for line in (header, row)]
        text = "\n".join([*lines, ""]).replace(",", "\t" if name == "t.tsv" else ",").encode()
        data = gzip.compress(text) if name.endswith(".gz") else text
    # when nothing is said
    failure = shop.fails(name, data, to="ndjson")
    # then the refusal says what would read the file
    assert failure.code == "bad_file"
    assert "names the column 'a' twice" in failure.message
    assert "repeated_names to 'number' in input_options: then the second one is called 'a_3'" in failure.message
    # and when it is said, the names are distinct, and told
    result = shop.run(name, data, to="ndjson", given=NUMBERED)
    assert result.records == [{"a": 1, "a_3": 2, "a_2": 3, "b": 4, "a_4": 5}]
    assert any("'a' in column 2 is 'a_3', 'a' in column 5 is 'a_4'" in one for one in told(result))


def test_thousands_of_repeated_names_are_numbered_at_once(shop: Workshop) -> None:
    text = ",".join(["a"] * 16_000) + "\n" + ",".join(["1"] * 16_000) + "\n"
    begun = time.monotonic()
    result = shop.run("t.csv", text, to="csv", given=NUMBERED)
    assert result.text.startswith("a,a_2,a_3,a_4,")
    assert time.monotonic() - begun < 5


# Durations


def test_durations_keep_their_sign_and_their_fractions(shop: Workshop) -> None:
    day = 86_400
    lengths = [-0.0625, 0.0625, -1 / day, 83.456 / day, 83.999 / day, -83.456 / day, 100 + 1.5 / day, 0.0]
    rows = texts(1, "lap") + "".join(numbers(at, one, style=3) for at, one in enumerate(lengths, 2))
    for old_dates in (False, True):
        result = shop.run("t.xlsx", package(Part("Data", rows), old_dates=old_dates), to="csv")
        assert result.text.split() == [
            *("lap", "-1:30:00", "1:30:00", "-0:00:01", "0:01:23.456", "0:01:23.999", "-0:01:23.456"),
            *("2400:00:01.5", "0:00:00"),
        ]


@pytest.mark.parametrize(("length", "style"), [(1e12, 3), (-1e300, 2), (-1e300, 1)])
def test_a_duration_or_date_beyond_all_bounds_is_named(shop: Workshop, length: float, style: int) -> None:
    rows = texts(1, "lap") + numbers(2, 1.5, style=style) + numbers(3, length, style=style)
    failure = shop.fails("t.xlsx", package(Part("Data", rows)), to="csv")
    assert failure.code == "bad_file"
    assert "row 3 of the sheet" in failure.message
    assert "too large" in failure.message


@pytest.mark.parametrize("old_dates", [False, True])
def test_times_below_zero_are_no_times_of_the_day(shop: Workshop, old_dates: bool) -> None:
    # given a balance of hours in the form of a time, and plain numbers below zero beside it
    balances = [0.0625, -0.0625, -1.5, 0.25]
    rows = texts(1, "balance", "n")
    for row, one in enumerate(balances, 2):
        cell = f'<c r="A{row}" s="2"><v>{one!r}</v></c><c r="B{row}"><f>A{row}</f><v>-{row}</v></c>'
        rows += f'<row r="{row}">{cell}</row>'
    # when it is read
    result = shop.run("t.xlsx", package(Part("Data", rows), old_dates=old_dates), to="csv")
    # then -1:30 is no 1:30 in the night or at noon, and numbers stay numbers
    assert result.records == [
        {"balance": "01:30:00", "n": "-2"},
        {"balance": "-1:30:00", "n": "-3"},
        {"balance": "-36:00:00", "n": "-4"},
        {"balance": "06:00:00", "n": "-5"},
    ]
    assert result.types == {"balance": "text", "n": "int"}


def test_numbers_beside_times_stay_numbers(shop: Workshop) -> None:
    rows = texts(1, "a") + numbers(2, 0.5, style=2) + numbers(3, -5) + numbers(4, -0.5, style=2)
    result = shop.run("t.xlsx", package(Part("Data", rows)), to="csv")
    assert result.rows == [("12:00:00",), ("-5",), ("-12:00:00",)]


def test_times_alone_are_times(shop: Workshop) -> None:
    rows = texts(1, "at", "n") + numbers(2, 0.0625, style=2) + numbers(3, 0.5, style=2)
    assert shop.run("t.xlsx", package(Part("Data", rows)), to="parquet").types == {"at": "time", "n": "text"}
