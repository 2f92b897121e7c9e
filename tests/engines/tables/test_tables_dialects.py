"""csv as others write it: what the caller says of it holds, the rest is found out, and every guess is told."""

import gzip
from typing import Any

import pytest

from filemill.pipelines.options import InputOptions
from filemill.pipelines.run import Warned
from tests.engines.tables.workshop import Result, Workshop, add, cast, concat, fill, keep, sort, unpivot

PEOPLE = "name,city\nZoë,Kraków\nJosé,Málaga\n"


def told(result: Result) -> str:
    """Everything that was guessed."""
    return " ".join(line.message for line in result.said if isinstance(line, Warned) and line.code == "guessed")


# --- encoding ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-8-sig"])
def test_a_wide_encoding_is_found_out(shop: Workshop, encoding: str) -> None:
    # given a text in an encoding that shows in its first bytes, or a mark of UTF-8
    result = shop.run("t.csv", PEOPLE.encode(encoding))
    # then it arrives, and what was found out is told
    assert result.text == PEOPLE
    assert ("utf-" in told(result)) == (encoding != "utf-8-sig")


def test_a_western_text_is_read_as_windows_1252(shop: Workshop) -> None:
    result = shop.run("t.csv", "name,price\nJosé,5 €\n".encode("cp1252"))
    assert result.text == "name,price\nJosé,5 €\n"
    assert "windows-1252" in told(result)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Москва"),
        ("koi8-r", "Москва"),
        ("cp1253", "Αθήνα"),
        ("shift_jis", "東京"),
        ("gb18030", "北京"),
        ("utf-16-le", "Москва"),
        ("latin-1", "\x80"),
        ("mac-roman", "Forlì"),
    ],
)
def test_any_other_encoding_is_read_as_the_caller_says(shop: Workshop, encoding: str, text: str) -> None:
    # given a text of more than one piece
    text = f"{text},n\n" + f"{text},1\n" * 300_000
    # when the caller says its encoding, then it is read so
    result = shop.run("t.csv", text.encode(encoding), given=InputOptions(encoding=encoding))
    assert result.text == text
    assert not told(result)


def test_what_the_encoding_does_not_have_fails_with_its_row(shop: Workshop) -> None:
    given = InputOptions(encoding="cp1252")
    failure = shop.fails("t.csv", b"a,b\n1,x\n2,\x81\n", given=given)
    assert failure.code == "bad_file"
    assert "t.csv, row 2, column 'b':" in failure.message
    assert "encoding" in failure.message
    assert (
        "row 1"
        in shop.fails(
            "t.csv", "a\nx".encode("utf-16-le") + b"\x00\xd8", given=InputOptions(encoding="utf-16-le")
        ).message
    )


@pytest.mark.parametrize("name", ["t.ndjson", "t.json"])
def test_json_may_be_wide_too(shop: Workshop, name: str) -> None:
    text = '{"a":"Zoë"}\n{"a":"x"}\n'
    assert shop.run(name, text.encode("utf-16"), to="csv").text == "a\nZoë\nx\n"
    assert shop.run(name, text.encode("cp1252"), to="csv", given=InputOptions(encoding="cp1252")).text == "a\nZoë\nx\n"


def test_a_log_is_decoded_too(shop: Workshop) -> None:
    assert shop.run("t.log", "à la carte\n".encode("cp1252"), to="csv").text == "line\nà la carte\n"


# --- separator and quote ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "text", "word"),
    [
        ("t.csv", "a;b\n1;x\n", "semicolons"),
        ("t.csv", 'a;b\n"1;2";"x,y"\n', "semicolons"),
        ("t.csv", "a\tb\n1\tx\n", "tabs"),
        ("t.csv", "a|b\n1|x\n", "bars"),
        ("t.tsv", "a,b\n1,x\n", "commas"),
        ("t.csv", "a, or b;c;d\n1,5;2;3\n", "semicolons"),
    ],
)
def test_the_separator_is_found_out(shop: Workshop, name: str, text: str, word: str) -> None:
    result = shop.run(name, text, to="ndjson")
    assert word in told(result)
    assert len(result.records[0]) > 1


@pytest.mark.parametrize("text", ["a,b\n1;2,x;y\n", "a\nx;y\n", "a,b;c\n1,2;3\n", "n\n1\n2\n"])
def test_the_usual_separator_holds_where_it_fits(shop: Workshop, text: str) -> None:
    result = shop.run("t.csv", text)
    assert result.text == text
    assert not told(result)


@pytest.mark.parametrize("sign", [";", "|", ":", " ", "~", "'"])
def test_the_caller_names_any_separator(shop: Workshop, sign: str) -> None:
    text = f'a{sign}b,c\n1{sign}"x{sign}y"\n'
    result = shop.run("t.csv", text, to="ndjson", given=InputOptions(delimiter=sign))
    assert result.records == [{"a": 1, "b,c": f"x{sign}y"}]
    assert not told(result)


def test_single_quotes_are_found_out_only_where_all_names_stand_in_them(shop: Workshop) -> None:
    result = shop.run("t.csv", "'a','b'\n1,'x,y''s'\n", to="ndjson")
    assert result.records == [{"a": 1, "b": "x,y's"}]
    assert "quoted" in told(result)
    assert shop.run("t.csv", "'a',b\n'1',x\n").text == "'a',b\n'1',x\n"


def test_the_caller_names_the_quote(shop: Workshop) -> None:
    text = "a,b\n1,'x,\"y\"'\n2,'two\nlines'\n"
    result = shop.run("t.csv", text, to="ndjson", given=InputOptions(quote="'"))
    assert result.rows == [(1, 'x,"y"'), (2, "two\nlines")]


def test_a_table_in_another_dialect_is_complete_over_many_pieces(shop: Workshop) -> None:
    # given a file of several pieces, in UTF-16, with quoted line ends
    rows = [f"{n};'a;{n}\nb';ü" for n in range(300_000)]
    data = ("n;t;u\n" + "\n".join(rows) + "\n").encode("utf-16")
    result = shop.run("t.csv", data, keep("n", "ge", 299_999), given=InputOptions(quote="'"))
    assert result.text == 'n,t,u\n299999,"a;299999\nb",ü\n'
    assert result.done.rows_in == 300_000


# --- header -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["1,2.5\n3,4.5\n", "2024-01-02,7\n2024-01-03,8\n", "5\n6\n"])
def test_a_first_row_of_values_is_a_row(shop: Workshop, text: str) -> None:
    result = shop.run("t.csv", text)
    names = ",".join(f"column_{n}" for n in range(1, text.split("\n", maxsplit=1)[0].count(",") + 2))
    assert result.text == f"{names}\n{text}"
    assert "column_1" in told(result)


@pytest.mark.parametrize("text", ["n,2\n1,2\n", "1,2\n", "1,2\nx,y\n"])
def test_a_first_row_that_may_be_names_is_one_of_names(shop: Workshop, text: str) -> None:
    result = shop.run("t.csv", text)
    assert result.text == text
    assert not told(result)


def test_the_caller_says_whether_there_is_a_header(shop: Workshop) -> None:
    assert shop.run("t.csv", "a,b\n", given=InputOptions(has_header=False)).text == "column_1,column_2\na,b\n"
    assert shop.run("t.csv", "1.5,2\n3,4\n", given=InputOptions(has_header=True)).text == "1.5,2\n3,4\n"
    # Rows count from the first line then.
    failure = shop.fails("t.csv", "a,b\nc\n", given=InputOptions(has_header=False))
    assert "row 2" in failure.message


# --- null and numbers -------------------------------------------------------------------------------------------------


def test_marks_that_stand_for_null(shop: Workshop) -> None:
    given = InputOptions(null_values=("NA", "-"))
    text = "n,t\n1,NA\nNA,x\n-,-\n2,NAB\n"
    result = shop.run("t.csv", text, to="parquet", given=given)
    assert result.types == {"n": "int", "t": "text"}
    assert result.rows == [(1, None), (None, "x"), (None, None), (2, "NAB")]
    assert shop.run("t.csv", text, keep("t", "is_null"), given=given).text == "n,t\n1,\n,\n"
    assert shop.run("t.csv", text, fill(0, "n"), given=given).text == "n,t\n1,\n0,x\n0,\n2,NAB\n"


GERMAN = "name;preis;menge;datum\nA;1,50;3;01.02.2024\nB;-0,5;4;02.02.2024\nC;;5;03.02.2024\n"


@pytest.mark.parametrize("given", [InputOptions(), InputOptions(decimal_comma=True)], ids=["found", "said"])
def test_numbers_with_a_comma(shop: Workshop, given: InputOptions) -> None:
    result = shop.run("t.csv", GERMAN, to="parquet", given=given)
    assert result.types == {"name": "text", "preis": "float", "menge": "int", "datum": "text"}
    assert [row[1] for row in result.rows] == [1.5, -0.5, None]
    assert ("decimal comma" in told(result)) == (given.decimal_comma is None)


@pytest.mark.parametrize(
    "text", ["a;b\n1,234;x\n5,678;y\n", "a;b\n1,5;1.5\n2,5;2.5\n", "a;b\n1,5;x\n2.5;y\n", 'a,b\n"1,5",x\n']
)
def test_what_might_be_something_else_stays_text(shop: Workshop, text: str) -> None:
    result = shop.run("t.csv", text, to="ndjson")
    assert "decimal comma" not in told(result)
    assert result.types["a"] == "text"


def test_a_number_with_a_comma_stays_as_it_stood(shop: Workshop) -> None:
    steps: list[dict[str, Any]] = [keep("preis", "lt", 2), sort("preis")]
    result = shop.run("t.csv", GERMAN, *steps, to="csv", how={"delimiter": ";"})
    assert result.text == "name;preis;menge;datum\nB;-0,5;4;02.02.2024\nA;1,50;3;01.02.2024\n"
    assert shop.run("t.csv", GERMAN, keep("preis", "ends_with", ",50")).done.made[0].rows == 1
    assert shop.run("t.csv", GERMAN, cast(preis="text"), to="ndjson").records[0]["preis"] == "1,50"
    assert shop.run("t.csv", GERMAN, cast(preis="decimal"), to="csv").rows[0][1] == "1.50"


def test_steps_take_numbers_with_a_comma_for_what_they_are(shop: Workshop) -> None:
    result = shop.run("t.csv", GERMAN, add("summe", "preis * menge"), add("wort", "text(preis)"), to="ndjson")
    assert result.records[0]["summe"] == 4.5
    assert result.records[0]["wort"] == "1,50"
    filled = shop.run("t.csv", GERMAN, fill(2.5, "preis"), to="csv", how={"delimiter": ";"})
    assert filled.text.splitlines()[3] == "C;2,5;5;03.02.2024"
    assert [
        row[3] for row in shop.run("t.csv", GERMAN, unpivot("preis", "menge", names_to="n"), to="ndjson").rows[:2]
    ] == [1.5, 3]
    more = shop.run(
        "t.csv", GERMAN, concat("other"), inputs={"other": ("o.csv", GERMAN)}, how={"delimiter": ";"}, to="csv"
    )
    assert more.text == GERMAN + GERMAN.split("\n", 1)[1]


def test_a_point_among_numbers_with_a_comma_is_a_misfit(shop: Workshop) -> None:
    # given 10,000 numbers with a comma, then one with a point that stands between no thousands
    text = "a;b\n" + "1,5;x\n" * 10_000 + "1.5;x\n"
    failure = shop.fails("t.csv", text, keep("a", "gt", 1))
    # then it fails the job where it is needed, named as it stood
    assert failure.message.startswith("t.csv, row 10001, column 'a': '1.5' is no value")
    assert shop.run("t.csv", text, to="csv", how={"delimiter": ";"}).text == text


# --- thousands --------------------------------------------------------------------------------------------------------

PARTS = "Artikel;Menge;Preis\nSchraube;1.234;10,50\nMutter;2.500;3,99\nBolzen;12;1.234,56\nAnker;-1.234.567;,5\n"
WORDS = "points to stand between thousands"


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz"])
@pytest.mark.parametrize("given", [InputOptions(), InputOptions(decimal_comma=True)], ids=["found", "said"])
def test_a_point_stands_between_thousands_where_a_comma_is_the_decimal_one(
    shop: Workshop, name: str, given: InputOptions
) -> None:
    # given numbers with points between thousands, and others that prove the decimal comma
    text = PARTS.replace(";", "\t") if name == "t.tsv" else PARTS
    data = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
    result = shop.run(name, data, to="parquet", given=given)
    # then none of them is read as a fraction, and what was found out is told
    assert result.types == {"Artikel": "text", "Menge": "int", "Preis": "float"}
    assert [row[1:] for row in result.rows] == [(1234, 10.5), (2500, 3.99), (12, 1234.56), (-1234567, 0.5)]
    assert (WORDS in told(result)) == (given.decimal_comma is None)


def test_thousands_stay_as_they_stood_between_texts(shop: Workshop) -> None:
    how = {"delimiter": ";"}
    assert shop.run("t.csv", PARTS, to="csv", how=how).text == PARTS
    some = shop.run("t.csv", PARTS, keep("Menge", "gt", 1234), sort("Preis"), to="csv", how=how)
    assert some.text == "Artikel;Menge;Preis\nMutter;2.500;3,99\n"
    assert shop.run("t.csv", PARTS, keep("Menge", "ends_with", ".234")).rows == [("Schraube", "1.234", "10,50")]
    filled = shop.run("t.csv", PARTS + "x;;2,5\n", fill(7, "Menge"), to="csv", how=how)
    assert filled.text == PARTS + "x;7;2,5\n"


def test_steps_take_thousands_for_what_they_are(shop: Workshop) -> None:
    made = shop.run("t.csv", PARTS, add("summe", "Menge * 2"), cast(Preis="decimal"), to="parquet")
    assert [row[3] for row in made.rows] == [2468, 5000, 24, -2469134]
    assert [str(row[2]) for row in made.rows] == ["10.50", "3.99", "1234.56", "0.50"]
    assert shop.run("t.csv", PARTS, cast(Menge="float"), to="parquet").rows[0][1] == 1234.0
    assert shop.run("t.csv", PARTS, cast(Menge="text"), to="ndjson").rows[0][1] == "1.234"
    long = shop.run("t.csv", PARTS, unpivot("Menge", "Preis", names_to="n"), to="ndjson")
    assert [row[2] for row in long.rows] == [1234, 10.5, 2500, 3.99, 12, 1234.56, -1234567, 0.5]
    plain = {"other": ("o.csv", "Artikel;Menge;Preis\nx;1;2.5\n")}
    both = shop.run("t.csv", PARTS, concat("other"), inputs=plain, to="ndjson")
    assert [row[1:] for row in both.rows][-2:] == [(-1234567, 0.5), (1, 2.5)]


@pytest.mark.parametrize("late", ["12.34", "1.2345", "0.123", "1234.567", "1.234.56", "1.234,5,6"])
def test_points_that_stand_between_no_thousands_are_misfits(shop: Workshop, late: str) -> None:
    text = PARTS + "x;5;1,5\n" * 10_000 + f"y;5;{late}\n"
    failure = shop.fails("t.csv", text, to="parquet")
    assert f"row 10005, column 'Preis': '{late}' is no value of the column's type, float" in failure.message


@pytest.mark.parametrize("text", ["a;b\n1.234;1,5\n12.5;2,5\n", "a;b\n0.123;1,5\n", "a;b\n1234.567;1,5\n"])
def test_a_point_that_is_a_decimal_one_keeps_commas_text(shop: Workshop, text: str) -> None:
    result = shop.run("t.csv", text, to="parquet")
    assert result.types == {"a": "float", "b": "text"}
    assert WORDS not in told(result)


def test_points_that_may_stand_between_thousands_are_told(shop: Workshop) -> None:
    # given a file for whose numbers nothing proves a decimal comma
    text = "Artikel;Menge\nSchraube;1.234\nMutter;2.500\n"
    result = shop.run("t.csv", text, to="ndjson")
    # then they are read with a decimal point, and a warning names the option for the other case
    assert result.rows == [("Schraube", 1.234), ("Mutter", 2.5)]
    assert "column 'Menge': numbers are taken to be written with a decimal point" in told(result)
    assert "decimal_comma to true" in told(result)
    again = shop.run("t.csv", text, to="ndjson", given=InputOptions(decimal_comma=True))
    assert again.rows == [("Schraube", 1234), ("Mutter", 2500)]
    # and nothing is told where the caller says so, where commas separate, or where a point can be no other
    for data, given in (
        (text, InputOptions(decimal_comma=False)),
        (text.replace(";", ","), InputOptions()),
        (text + "x;0.5\n", InputOptions()),
    ):
        assert "decimal point" not in told(shop.run("t.csv", data, to="ndjson", given=given))
