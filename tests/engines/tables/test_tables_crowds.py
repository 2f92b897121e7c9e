"""Objects in JSON with thousands of different keys: one value each, told, within memory; untouched where not needed."""

import gzip
import json
from typing import Any

import pytest

from filemill.engines.tables.readers import json_kinds
from filemill.pipelines.run import Warned
from tests.engines.tables.workshop import Result, Workshop, add, keep, select


def lines(*values: dict[str, Any]) -> str:
    return "".join(json.dumps(value) + "\n" for value in values)


def told(result: Result) -> str:
    return " ".join(line.message for line in result.said if isinstance(line, Warned) and line.code == "type_lost")


CROWD = [{"id": n, "attrs": {f"k{n}": n}} for n in range(3_000)]
WORDS = f"column 'attrs' holds more than {json_kinds.MOST_KEYS} different keys"


@pytest.mark.parametrize("to", ["parquet", "ndjson", "csv", "xlsx"])
@pytest.mark.parametrize("name", ["t.ndjson", "t.json", "t.ndjson.gz"])
def test_objects_of_thousands_of_keys_are_json_text(shop: Workshop, name: str, to: str) -> None:
    # given objects with a key of their own each
    text = json.dumps(CROWD) if name == "t.json" else lines(*CROWD)
    data = gzip.compress(text.encode()) if name.endswith(".gz") else text.encode()
    result = shop.run(name, data, to=to)
    # then each is carried as one value, as it stood, and that is told
    assert result.types == {"id": "int", "attrs": "text"}
    assert [json.loads(row[1]) for row in result.rows] == [row["attrs"] for row in CROWD]
    assert WORDS in told(result)


@pytest.mark.parametrize(
    "values",
    [
        [{"attrs": {"fixed": {f"k{n}": [n]}}} for n in range(500)],
        [{"attrs": [{f"k{n}": n}, {f"k{n + 1}": 1}]} for n in range(500)],
        [{"attrs": {f"k{n}": "x" if n % 2 else n}} for n in range(500)],
    ],
    ids=["below an object", "in a list", "of several kinds"],
)
def test_keys_are_counted_wherever_they_stand(shop: Workshop, values: list[dict[str, Any]]) -> None:
    result = shop.run("t.ndjson", lines(*values), to="parquet")
    assert [json.loads(row[0]) for row in result.rows] == [row["attrs"] for row in values]
    assert WORDS in told(result)


def test_what_such_a_column_holds_stays_as_it_stood(shop: Workshop) -> None:
    # given a crowd of keys, and values beside it of which a float would lose digits, or that are no objects
    odd = ['{"a": 0.12345678901234567890, "b":1e5}', "7", '"x"', "[1, null]", '{"é":"\\u00e9"}']
    data = lines(*CROWD) + "".join(f'{{"id":1,"attrs":{one}}}\n' for one in odd) + '{"id":2,"attrs":null}\n{"id":3}\n'
    result = shop.run("t.ndjson", data, to="parquet")
    assert [row[1] for row in result.rows[3_000:]] == [*odd, None, None]
    # and steps take it for text
    found = shop.run("t.ndjson", data, keep("attrs", "contains", '"k77"'), add("n", "length(attrs)"), to="csv")
    assert found.rows == [("77", '{"k77": 77}', "11")]


def test_a_crowd_that_comes_late_counts_for_all_rows(shop: Workshop) -> None:
    few = [{"attrs": {"a": 1, "b": "x"}}] * 30_000
    late = [{"attrs": {f"k{n}": n}} for n in range(60_000)]
    result = shop.run("t.ndjson", lines(*few, *late), to="parquet")
    assert [json.loads(row[0]) for row in (result.rows[0], result.rows[-1])] == [{"a": 1, "b": "x"}, {"k59999": 59_999}]


def test_a_crowd_that_nobody_needs_goes_no_further(shop: Workshop) -> None:
    # given 300,000 objects with a key of their own each, of which no step and no output needs any
    data = "".join(f'{{"id":{n},"attrs":{{"k{n}":{n}}}}}\n' for n in range(300_000))
    result = shop.run("t.ndjson", data, select("id"), to="parquet")
    assert [row[0] for row in result.rows] == list(range(300_000))


@pytest.mark.parametrize(
    "values",
    [
        [{"attrs": {f"k{n}": n * row for n in range(300)}} for row in range(50)],
        [{"attrs": {f"k{n % 60}": n}} for n in range(2_000)],
        [{"attrs": {f"k{n}": 1 for n in range(start, start + 40)}} for start in range(0, 200, 20)],
    ],
    ids=["all keys in all", "few keys", "many keys in each"],
)
def test_objects_of_keys_that_others_have_too_stay_objects(shop: Workshop, values: list[dict[str, Any]]) -> None:
    result = shop.run("t.ndjson", lines(*values), to="ndjson")
    assert result.types == {"attrs": "struct"}
    held = [{key: value for key, value in row[0].items() if value is not None} for row in result.rows]
    assert held == [row["attrs"] for row in values]
    assert not told(result)


def test_a_key_that_stands_twice_damages_such_a_line_too(shop: Workshop) -> None:
    data = lines(*CROWD) + '{"id":1,"attrs":{"a":1,"a":2}}\n'
    assert "row 3001: The key 'a' stands twice" in shop.fails("t.ndjson", data, to="csv").message
