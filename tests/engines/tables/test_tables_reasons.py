"""What is said of a value that is none of its column's: what is wrong with it, and the cast that takes it."""

from typing import Any

import pytest

from tests.engines.tables.workshop import Workshop, cast

MANY = 10_000


@pytest.mark.parametrize(
    ("values", "kind", "target", "taken"),
    [
        (("1", "3.5"), "int", "float", 3.5),
        (("1", "1.5e-07"), "int", "float", 1.5e-07),
        (("1", "12345678901234567890"), "int", "decimal", None),
        (("1", "007"), "int", "text", "007"),
        (("1", "+5"), "int", "text", "+5"),
        (("1", "x"), "int", "text", "x"),
        (("12345678901234567890", "0.5"), "decimal", "text", "0.5"),
        (("1.5", "x"), "float", "text", "x"),
        (("1.5", "0.1234567890123456789"), "float", "text", "0.1234567890123456789"),
        (("true", "yes"), "bool", "text", "yes"),
    ],
)
def test_a_late_misfit_is_told_with_the_cast_that_takes_it(
    shop: Workshop, values: tuple[str, str], kind: str, target: str, taken: Any
) -> None:
    usual, late = values
    # given a value that comes late and is none of its column's type
    data = "id,v\n" + f"1,{usual}\n" * MANY + f"2,{late}\n"
    failure = shop.fails("t.csv", data, to="parquet")
    assert failure.message == (
        f"t.csv, row 10001, column 'v': {late!r} is no value of the column's type, {kind}, which the output needs;"
        f" cast the column to {target} before."
    )
    # when that is done, then the value arrives
    last = shop.run("t.csv", data, cast(v=target), to="parquet").rows[-1][1]
    assert last == (int(late) if taken is None else taken)


def test_a_late_misfit_among_numbers_with_a_comma(shop: Workshop) -> None:
    data = "id;v;w\n" + "1;1;1,5\n" * MANY + "2;3,5;2,5\n"
    failure = shop.fails("t.csv", data, to="parquet")
    assert "column 'v': '3,5' is no value" in failure.message
    assert failure.message.endswith("cast the column to float before.")
    assert shop.run("t.csv", data, cast(v="float"), to="parquet").rows[-1] == (2, 3.5, 2.5)


@pytest.mark.parametrize(
    ("values", "words", "target", "taken"),
    [
        (
            ("null", "12345678901234567.89"),
            "has more digits than a float gives back",
            "decimal",
            "12345678901234567.89",
        ),
        (("0.5", "12345678901234567.89"), "has more digits than a float gives back", "decimal", "12345678901234567.89"),
        (("0.5", "0.1234567890123456789"), "has more digits than a float gives back", "text", "0.1234567890123456789"),
        (("0.5", "9007199254740993"), "has more digits than a float gives back", "decimal", "9007199254740993"),
        (("1", "1" * 39), "has more digits than any number here holds", "text", "1" * 39),
        (("1", "1" * 300), "has more digits than any number here holds", "text", "1" * 300),
        (("9007199254740993", "0.5"), "is a number and no value of the column's type, int,", "text", "0.5"),
        (('"x"', "5"), "is a number and no value of the column's type, text,", "text", "5"),
        (("1", '"x"'), "is a text and no value of the column's type, int,", "text", "x"),
        (("1", "true"), "is a boolean and no value of the column's type, int,", "text", "true"),
        (("true", "1"), "is a number and no value of the column's type, bool,", "text", "1"),
        (("null", '[1,"x"]'), "is a list that does not go together", "text", '[1,"x"]'),
        (("1", '{"x":1}'), "is an object that does not go together", "text", '{"x":1}'),
    ],
)
def test_a_value_of_json_is_told_by_what_it_is(
    shop: Workshop, values: tuple[str, str], words: str, target: str, taken: str
) -> None:
    usual, odd = values
    name = "t.ndjson"
    data = f'{{"p":{usual}}}\n{{"p":{odd}}}\n'
    failure = shop.fails(name, data)
    shown = odd if len(odd) <= 80 else odd[:77] + "..."
    assert failure.message.startswith(f"{name}, row 2, column 'p': {shown!r} {words}")
    assert "the output needs" in failure.message
    assert failure.message.endswith(f"cast the column to {target} before.")
    # and the cast takes the value
    last = shop.run(name, data, cast(p=target), to="csv").rows[-1][0]
    assert (last.rstrip("0").rstrip(".") if target == "decimal" else last) == taken


def test_what_no_cast_takes_is_to_be_left_out(shop: Workshop) -> None:
    failure = shop.fails("t.ndjson", '{"a":1,"l":[1]}\n{"a":2,"l":["x"]}\n')
    assert failure.message.endswith("the output needs it as list; leave the column out before (drop).")
