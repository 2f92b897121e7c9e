"""Floats in text, as programs write them: where a float gives the digits back it is one, and else it stays text."""

import gzip
import json
import random
import struct
from collections.abc import Callable, Iterable

import pytest

from filemill.pipelines.options import InputOptions
from filemill.pipelines.run import Warned
from tests.engines.tables.workshop import Result, Workshop, cast, fill, keep


def drawn(count: int) -> list[float]:
    """Floats of every size, and many between 0 and 1."""
    chance = random.Random(11)
    any_bits = [struct.unpack("d", chance.randbytes(8))[0] for _ in range(count)]
    finite = [value for value in any_bits if abs(value) < float("inf")]
    return [*finite, *(chance.random() for _ in range(count)), *EDGES]


def bits(values: Iterable[float]) -> list[bytes]:
    return [struct.pack("d", value) for value in values]


EDGES = [0.0, -0.0, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1e16, 1e22, 1e-5, 0.1 + 0.2, 2.0**53]

WRITERS: dict[str, Callable[[float], str]] = {
    "Python": repr,
    "C": lambda value: f"{value:.17g}",
    "C, scientific": lambda value: f"{value:.16e}",
    "C, upper case": lambda value: f"{value:.17G}",
    "C, as short as it can": lambda value: next(
        text
        for text in (f"{value:.15g}", f"{value:.16g}", f"{value:.17g}")
        if float(text) == value and (abs(value) > 1e-300 or text == f"{value:.17g}")
    ),
    "JavaScript": lambda value: json.dumps(value).removesuffix(".0").replace("e-0", "e-"),
    "Java": lambda value: f"{value!r}".replace("e+", "e").replace("e", ".0E" if "." not in repr(value) else "E"),
}


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz"])
def test_each_float_of_a_text_is_the_one_that_was_written(shop: Workshop, writer: str, name: str) -> None:
    # given a column of floats as another program writes them
    values = drawn(3_000)
    text = "x\n" + "".join(f"{WRITERS[writer](value)}\n" for value in values)
    data = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
    # when it goes into a typed format, then it is a column of floats, and each is the same, bit for bit
    result = shop.run(name, data, to="parquet")
    assert result.types == {"x": "float"}
    assert bits(row[0] for row in result.rows) == bits(values)


@pytest.mark.parametrize("writer", ["Python", "C", "C, scientific", "JavaScript"])
@pytest.mark.parametrize("name", ["t.ndjson", "t.json"])
def test_each_float_of_json_is_the_one_that_was_written(shop: Workshop, writer: str, name: str) -> None:
    # given floats in JSON; what is written as a whole number is one there
    values = [value for value in drawn(2_000) if not WRITERS[writer](value).strip("-").isdecimal()]
    text = "".join(f'{{"x":{WRITERS[writer](value)}}}\n' for value in [0.5, *values])
    result = shop.run(name, text, to="parquet")
    assert result.types == {"x": "float"}
    assert bits(row[0] for row in result.rows[1:]) == bits(values)


@pytest.mark.parametrize("writer", WRITERS)
def test_casts_and_filters_take_the_same_floats(shop: Workshop, writer: str) -> None:
    # given floats beside a code that makes text of the column
    values = drawn(200)
    text = "x\n" + "".join(f"{WRITERS[writer](value)}\n" for value in values)
    cast_too = shop.run("t.csv", "x\n007.50\n" + text[2:], cast(x="float"), to="parquet")
    assert bits(row[0] for row in cast_too.rows) == bits([7.5, *values])
    # and a filter's value may be written so, too
    written = WRITERS[writer](0.1 + 0.2)
    assert shop.run("t.csv", "x\n0.5\n0.30000000000000004\n", keep("x", "eq", written)).text.count("\n") == 2


def test_floats_pass_between_text_and_typed_formats(shop: Workshop) -> None:
    # given floats of every size in a Parquet file
    values = drawn(2_000)
    text = "x\n" + "".join(f"{value!r}\n" for value in values)
    made = shop.run("t.csv", text, to="parquet")
    # when they go out as csv and come back, then they are floats, and the same
    written = shop.run("t.parquet", made.data, to="csv")
    back = shop.run("t.csv", written.data, to="parquet")
    assert back.types == {"x": "float"}
    assert bits(row[0] for row in back.rows) == bits(values)


@pytest.mark.parametrize("text", ["0.1234567890123456789", "0.10000000000000000555", "1e400", "1.23456789012345e-320"])
def test_digits_that_no_float_gives_back_are_a_misfit(shop: Workshop, text: str) -> None:
    late = shop.fails("t.csv", "x\n" + "0.30000000000000004\n" * 10_000 + f"{text}\n", to="parquet")
    assert f"row 10001, column 'x': '{text}'" in late.message
    assert shop.run("t.csv", f"x\n0.5\n{text}\n", to="parquet").types == {"x": "text"}
    assert f"'{text}' cannot become float" in shop.fails("t.csv", f"x\n{text}\n", cast(x="float")).message


# --- marks among the numbers ------------------------------------------------------------------------------------------


def told(result: Result) -> str:
    return " ".join(line.message for line in result.said if isinstance(line, Warned))


@pytest.mark.parametrize("mark", ["nan", "NaN", "inf", "-inf", "Infinity", "-Infinity", "NA", "NULL", "1.#INF", "-"])
@pytest.mark.parametrize(("numbers", "kind"), [("0.5\n1.5e-05\n", "float"), ("1\n2\n", "int")])
def test_a_mark_that_makes_text_of_numbers_is_told(shop: Workshop, mark: str, numbers: str, kind: str) -> None:
    # given numbers with a mark among them, first or later
    for text in (f"x,y\n{mark},a\n", "x,y\n"):
        data = text + numbers.replace("\n", ",b\n") + f"{mark},c\n"
        result = shop.run("t.csv", data, to="parquet")
        # then the column is text, and a warning says why, and what would read it
        assert result.types["x"] == "text"
        assert f"column 'x': {mark!r} among them makes text of the column's numbers ({kind})" in told(result)
        # and it does
        again = shop.run("t.csv", data, to="parquet", given=InputOptions(null_values=(mark,)))
        assert again.types["x"] == kind
        assert not told(again)


@pytest.mark.parametrize("cells", ["NA\nx\n", "nan\nNaN\n", "007\nNA\n", "-\n-\n", "x\n1\n", "true\nNA\n"])
def test_text_without_numbers_is_not_told(shop: Workshop, cells: str) -> None:
    assert not told(shop.run("t.csv", f"x,y\n{cells}".replace("\n", ",a\n").replace("x,y,a", "x,y"), to="parquet"))


def test_marks_are_told_once_and_fill_null_needs_numbers(shop: Workshop) -> None:
    result = shop.run("t.csv", "x\n1.5\nNA\nnan\n2\n", to="ndjson", given=InputOptions(null_values=("NA",)))
    assert "'nan' among them" in told(result)
    given = InputOptions(null_values=("NA", "nan"))
    assert shop.run("t.csv", "x\n1.5\nNA\nnan\n", fill(0, "x"), to="ndjson", given=given).rows == [(1.5,), (0,), (0,)]
