"""ndjson: every key of every line is a column, numbers stay numbers, and what does not fit is named."""

import json
from typing import Any

import pytest

from filemill.engines.tables.readers import json_pattern, json_survey
from tests.engines.tables.workshop import Workshop, cast, keep, limit, rename, select


def lines(*values: dict[str, Any]) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def test_numbers_booleans_and_text_are_carried_as_such(shop: Workshop) -> None:
    records = [
        {"i": 1, "f": 2.5, "b": True, "t": "1"},
        {"i": None, "f": -1e300, "b": None, "t": 'q"\n\u00e9\U0001f600'},
    ]
    result = shop.run("t.ndjson", lines(*records))
    assert result.records == records
    assert result.types == {"i": "int", "f": "float", "b": "bool", "t": "text"}
    assert shop.run("t.jsonl", lines(*records), to="parquet").records == records


def test_numbers_round_trip_exactly(shop: Workshop) -> None:
    numbers = [0.1 + 0.2, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 123456789.123456789, -0.0]
    result = shop.run("t.ndjson", lines(*({"x": number} for number in numbers)))
    assert [repr(row[0]) for row in result.rows] == [repr(number) for number in numbers]


@pytest.mark.parametrize("number", [2**53 + 1, 2**63 - 1, -(2**63), 2**63, 2**64 - 1, 10**37 + 1, -(10**38) + 1])
def test_whole_numbers_are_exact_at_any_length(shop: Workshop, number: int) -> None:
    data = lines({"x": number}, {"x": 5})
    for to in ("ndjson", "parquet"):
        assert [int(row[0]) for row in shop.run("t.ndjson", data, to=to).rows] == [number, 5]
    assert shop.run("t.ndjson", data, to="csv").text == f"x\n{number}\n5\n"
    assert shop.run("t.ndjson", data, keep("x", "eq", number)).rows == [(number,)]


def test_whole_numbers_beside_fractions_become_fractions(shop: Workshop) -> None:
    assert shop.run("t.ndjson", lines({"x": 1}, {"x": 2.5}, {"x": 2**53})).rows == [(1.0,), (2.5,), (2.0**53,)]


@pytest.mark.parametrize("first", [2**53 + 1, 0.5])
def test_a_whole_number_too_long_for_a_fraction_is_named(shop: Workshop, first: float) -> None:
    second = 0.5 if first != 0.5 else 2**53 + 1
    failure = shop.fails("t.ndjson", lines({"x": first}, {"x": 1}, {"x": second}))
    assert f"row 3, column 'x': '{second}'" in failure.message


def test_a_key_first_seen_in_the_last_line_is_a_column(shop: Workshop) -> None:
    # given 300,000 lines, and a key that only the last one has
    data = '{"a":1}\n' * 300_000 + '{"a":2,"late":"x"}\n'
    # when it is asked for, then it is there
    assert shop.run("t.ndjson", data, keep("late", "not_null")).records == [{"a": 2, "late": "x"}]
    # and it is a column also of what ends before it
    assert shop.run("t.ndjson", data, limit(1)).records == [{"a": 1, "late": None}]


LATER = '{"a":1,"b":"x"}\n' * 100_000


@pytest.mark.parametrize("odd", ['"2"', "true", "[1]", '{"x":1}', '"' + "y" * 200 + '"'])
def test_a_late_value_of_another_kind_is_named(shop: Workshop, odd: str) -> None:
    failure = shop.fails("t.ndjson", LATER + f'{{"a":{odd},"b":"x"}}\n' + LATER)
    assert failure.code == "bad_value"
    assert "t.ndjson, row 100001, column 'a': " in failure.message
    assert odd[:5] in failure.message
    assert "int" in failure.message


def test_a_number_in_a_column_of_text_is_named_and_never_made_text(shop: Workshop) -> None:
    failure = shop.fails("t.ndjson", '{"a":"x"}\n{"a":"1"}\n{"a":1}\n', to="csv")
    assert "row 3, column 'a': '1'" in failure.message


def test_a_value_of_another_kind_matters_only_where_it_is_needed(shop: Workshop) -> None:
    data = LATER + '{"a":"two","b":"y"}\n{"a":3,"b":"z"}\n'
    assert shop.run("t.ndjson", data, keep("b", "ne", "x"), select("b")).rows == [("y",), ("z",)]
    assert shop.run("t.ndjson", data, keep("b", "eq", "z")).records == [{"a": 3, "b": "z"}]
    assert len(shop.run("t.ndjson", data, limit(100_000)).rows) == 100_000
    assert "step 1" in shop.fails("t.ndjson", data, keep("a", "gt", 2)).message


def test_nested_values_go_where_they_can(shop: Workshop) -> None:
    records = [{"a": {"x": 1, "y": [1, 2]}, "l": []}, {"a": {"x": None, "y": []}, "l": ["q"]}]
    assert shop.run("t.ndjson", lines(*records)).records == records
    assert shop.run("t.ndjson", lines(*records), to="parquet").records == records
    failure = shop.fails("t.ndjson", lines(*records), to="csv")
    assert (failure.code, "'a'" in failure.message, "csv" in failure.message) == ("bad_value", True, True)


def test_nested_keys_are_united_too(shop: Workshop) -> None:
    data = lines(*[{"a": {"x": 1}}] * 20_000, {"a": {"y": "late"}})
    assert shop.run("t.ndjson", data, keep("a", "not_null")).records[-1] == {"a": {"x": None, "y": "late"}}


def test_a_number_beside_text_is_refused(shop: Workshop) -> None:
    failure = shop.fails("t.ndjson", lines({"a": None}, {"a": "30"}), keep("a", "gt", 3))
    assert "'a'" in failure.message
    assert "row 2 holds '30'" in failure.message


def test_odd_but_legal_lines(shop: Workshop) -> None:
    data = b'\xef\xbb\xbf\n {"a b" : 1 , "\\u00e9":"x\\u0000y"} \r\n\r\n   \n{}\n{"a b":2}'
    assert shop.run("t.ndjson", data).records == [
        {"a b": 1, "é": "x\0y"},
        {"a b": None, "é": None},
        {"a b": 2, "é": None},
    ]
    assert shop.run("t.ndjson", data, rename({"a b": "n"}), keep("n", "is_null"), select("n")).rows == [(None,)]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", ["empty"]),
        (b'[{"a":1}]', ["array"]),
        (b"5\n", ["row 1", "object"]),
        (b'{"a":1}\n[2]\n', ["row 2", "object"]),
        (b'{"a":1}\n{"a":\n{"a":3}\n', ["row 2", "JSON"]),
        (b'{"a":1}\n{"a":2', ["row 2", "JSON"]),
        (b'{"a":1} {"a":2}\n', ["row 1", "JSON"]),
        (b'{"a":NaN}\n', ["row 1", "JSON"]),
        (b'{"a":"\\ud83d"}\n', ["row 1", "JSON"]),
        (b'{"a":1}\n{"a":"\xff"}\n', ["row 2", "UTF-8"]),
        (b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}\n", ["row 1", "nested"]),
        (b"{}\n{}\n", ["key"]),
        (b"a,b\n1,2\n", ["row 1", "JSON"]),
        (b"<html>", ["HTML"]),
    ],
)
def test_what_is_no_ndjson_is_refused_with_the_reason(shop: Workshop, data: bytes, words: list[str]) -> None:
    failure = shop.fails("t.ndjson", data)
    assert (failure.code, failure.at_fault) == ("bad_file", "caller")
    for word in ("t.ndjson", *words):
        assert word in failure.message


def test_a_broken_line_counts_exactly_if_it_stands_before_the_limit_is_filled(shop: Workshop) -> None:
    data = '{"a":1}\n' * 200_000 + '{"a":\n{"a":2}\n'
    assert len(shop.run("t.ndjson", data, limit(200_000)).rows) == 200_000
    assert "row 200001:" in shop.fails("t.ndjson", data, limit(200_001)).message
    assert "row 200001:" in shop.fails("t.ndjson", data, keep("a", "eq", 2)).message


def test_progress_goes_once_through_both_passes(shop: Workshop) -> None:
    data = '{"a":1,"b":"some text that makes it long"}\n' * 500_000
    said = shop.run("t.ndjson", data, keep("a", "eq", 2)).said
    steps = [(line.done, line.total) for line in said if hasattr(line, "done")]
    assert steps == sorted(steps)
    assert steps[-1] == (2 * len(data), 2 * len(data))


@pytest.mark.parametrize("first", [0, 5, 30_000], ids=["at once", "after some", "after many"])
@pytest.mark.parametrize(
    ("line", "key"),
    [
        ('{"a":1,"a":2}', "a"),
        ('{"a" : 1, "b" :2, "a"\t:  3}', "a"),
        ('{"o":{"x":1,"x":1}}', "x"),
        ('{"l":[{"y":1},{"y":1,"y":null}]}', "y"),
        ('{"t":"\\u0022:","a":1,"a":1}', "a"),
        ('{"t":":","a":1,"a":1}', "a"),
    ],
)
def test_a_key_that_stands_twice_is_named_with_its_row(shop: Workshop, first: int, line: str, key: str) -> None:
    # given lines of the same keys, and then one with a key twice, of which readers keep one value or the other
    good = '{"a":1.5,"b":"\\u00e9","o":{"x":1},"l":[{"y":1}],"t":"x"}\n' * first
    failure = shop.fails("t.ndjson", good + line + "\n", to="csv" if "o" not in good + line else "json")
    assert failure.code == "bad_file"
    assert failure.message == f"t.ndjson, row {first + 1}: The key {key!r} stands twice in one object."


@pytest.mark.parametrize("first", [1, 30_000], ids=["after one", "after many"])
@pytest.mark.parametrize(
    "number",
    ["0.1234567890123456789", "1234567890.123456789", "1e-400", "12345678901234567890e-5", "1.2345678901234567890e5"],
)
def test_a_fraction_of_more_digits_than_a_float_has_is_a_misfit(shop: Workshop, first: int, number: str) -> None:
    data = '{"a":0.30000000000000004,"b":1}\n' * first + f'{{"b":2,"a":{number}}}\n'
    # where its column is needed
    for pipeline in ([], [keep("a", "gt", 0)]):
        failure = shop.fails("t.ndjson", data, *pipeline, to="csv")
        assert failure.message.startswith(
            f"t.ndjson, row {first + 1}, column 'a': '{number}' has more digits than a float"
        )
    # and where it is not it does no harm; as text it is all there
    assert shop.run("t.ndjson", data, select("b"), to="csv").rows[-1] == ("2",)
    assert shop.run("t.ndjson", data, cast(a="text"), to="csv").rows[-1] == (number, "2")


BEYOND = {
    "large": ("1e400", "is a number beyond what a float holds, and the output needs it"),
    "negative": ("-1.5E+400", "is a number beyond what a float holds, and the output needs it"),
    "endless": ("1e99999999999999999999", "is a number beyond what a float holds, and the output needs it"),
    "tiny": ("1e-99999999999999999999", "has more digits than a float gives back, and the output needs it"),
    "long": ("9" * 5_000 + ".5", "is a number beyond what a float holds, and the output needs it"),
    "whole": ("9" * 5_000, "has more digits than any number here holds, and the output needs it"),
}
"""Numbers, all of them JSON, that no type here holds."""


@pytest.mark.parametrize(("number", "what"), BEYOND.values(), ids=BEYOND)
@pytest.mark.parametrize("name", ["t.ndjson", "t.json"])
@pytest.mark.parametrize("first", [1, 30_000], ids=["after one", "after many"])
def test_a_number_beyond_every_type_is_a_misfit_and_no_damage(
    shop: Workshop, name: str, first: int, number: str, what: str
) -> None:
    # given the number behind good ones, and another beside a text with escapes that looks like one
    data = '{"a":7,"b":1}\n' * first + f'{{"b":"\\"1e400 \\u00e9","a": {number}}}\n'
    # then its row and column are named, and what to do
    failure = shop.fails(name, data, select("a"), to="csv")
    assert failure.code == "bad_value"
    assert failure.message.startswith(f"{name}, row {first + 1}, column 'a': '{number[:70]}")
    assert failure.message.endswith(f"{what}; cast the column to text before.")
    # and as text it is all there
    assert shop.run(name, data, select("a"), cast(a="text"), to="csv").rows[-1] == (number,)


def test_damage_behind_a_number_beyond_every_type_is_damage(shop: Workshop) -> None:
    for line, what in (
        ('{"a": 1e400, "b": 01}', "This is no JSON (at byte 20 of it)."),
        ('{"a": 1e400, "b": 1e}', "This is no JSON (at byte 21 of it)."),
        ('{"a": 1e400, "b": NaN}', "This is no JSON (at byte 19 of it)."),
        ('{"a": 1e400, "b": "\\ud800"}', "stands alone"),
        (f'{{"a": {"9" * 5_000}, "b": "\\ud800"}}', "stands alone"),
        ('{"a": 1e400, "a": 1}', "stands twice in one object."),
    ):
        failure = shop.fails("t.ndjson", '{"a":1,"b":2}\n' + line + "\n", to="csv")
        assert failure.code == "bad_file"
        assert failure.message.startswith("t.ndjson, row 2: ")
        assert what in failure.message, line


def test_a_fraction_that_a_float_gives_back_is_one_however_it_is_written(shop: Workshop) -> None:
    texts = ["0.1", "1.50", "0.30000000000000004", "1.10000000000000000000", "5e-324", "1E5", "1.7976931348623157e308"]
    data = "".join(f'{{"a": {text}}}\n' for text in texts)
    result = shop.run("t.ndjson", data, to="parquet")
    assert [row[0] for row in result.rows] == [float(text) for text in texts]


@pytest.mark.parametrize(
    "odd",
    [
        '{"i":2,"f":0.5,"t":"x","a":[1],"o":{"p":"q"}}',
        '{"i":2, "f":null, "t":"\\u00e9\\ud83d\\ude00", "a":[1, null], "o":{"p": null}}\r',
        '{"f":0.5,"i":2,"t":"x","a":[],"o":null}',
        '{"i":2}',
        "",
        '{"i":2,"f":0.5,"t":"x","a":[1],"o":{"p":"q"},"late":1}',
        '{"i":2,"f":0.5,"t":"x","a":[1],"o":{"p":"q","p":"r"}}',
        '{"i":2,"i":2,"f":0.5,"t":"x","a":[1],"o":{"p":"q"}}',
        '{"i":2.5,"f":0.5,"t":"x","a":[1],"o":{"p":"q"}}',
        '{"i":9007199254740993,"f":0.5,"t":"x","a":[1],"o":{"p":"q"}}',
        '{"i":2,"f":0.12345678901234567,"t":"x","a":[1],"o":{"p":"q"}}',
        '{"i":2,"f":1e-400,"t":"x","a":[1],"o":{"p":"q"}}',
        '{"i":2,"f":01.5,"t":"x","a":[1],"o":{"p":"q"}}',
        '{"i":2,"f":0.5,"t":7,"a":[1],"o":{"p":"q"}}',
        '{"i":2,"f":0.5,"t":"\\ud800","a":[1],"o":{"p":"q"}}',
        '{"i":2,"f":0.5,"t":"\t","a":[1],"o":{"p":"q"}}',
        '{"i":2,"f":0.5,"t":"\udcff","a":[1],"o":{"p":"q"}}',
        '{"i":2,"f":0.5,"t":"x","a":[1,],"o":{"p":"q"}}',
        '{"i":2,"f":0.5,"t":"x","a":["1"],"o":{"p":"q"}}',
    ],
)
def test_one_line_among_many_is_learnt_from_as_it_is_alone(odd: str) -> None:
    # given lines that are all alike, more than are looked at together, and one among them that may be another
    like = b'{"i":1,"f":0.25,"t":"x","a":[1,2],"o":{"p":"q"}}\n'
    many = like * (json_pattern.WORTH // len(like))
    line = odd.encode(errors="surrogateescape") + b"\n"
    # when they are taken in large pieces, or that line by itself
    at_once, alone = json_survey.Survey(), json_survey.Survey()
    for piece in (like, many + line + many):
        at_once.take(piece)
    for piece in (like, many, line, many):
        alone.take(piece)
    # then the same is known
    assert (at_once.kinds, at_once.odd, at_once.fault) == (alone.kinds, alone.odd, alone.fault)
    assert (at_once.rows, at_once.end) == (alone.rows, alone.end)
