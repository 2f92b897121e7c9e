"""Maps: a type of their own in parquet, arrow and avro, objects in ndjson and json, JSON in csv, tsv and xlsx."""

from typing import Any

import pyarrow as pa
import pytest

from tests.engines.tables.others import arrow_stream
from tests.engines.tables.workshop import Workshop, add, drop, keep, limit, parquet_of, rename, select, sort, told

MAPS = {
    "m": pa.array([[("a", 1), ("b", None)], [], None], pa.map_(pa.string(), pa.int32())),
    "n": pa.array([1, 2, 3]),
}
TYPED = ("parquet", "arrow", "avro")


@pytest.mark.parametrize("second", TYPED)
@pytest.mark.parametrize("first", TYPED)
def test_a_map_stays_a_map(shop: Workshop, first: str, second: str) -> None:
    one = shop.run("t.parquet", parquet_of(MAPS), to=first)
    other = shop.run(f"t.{first}", one.data, to=second)
    last = shop.run(f"t.{second}", other.data, to="parquet")
    assert last.records == pa.table(MAPS).to_pylist()
    assert last.types == {"m": "map", "n": "int"}
    assert not told(one) + told(other)


@pytest.mark.parametrize("to", ["ndjson", "json"])
def test_a_map_is_an_object(shop: Workshop, to: str) -> None:
    result = shop.run("t.arrow", arrow_stream(pa.table(MAPS)), to=to)
    assert [row["m"] for row in result.records] == [{"a": 1, "b": None}, {}, None]
    assert "'m' (map): written as objects" in told(result)


@pytest.mark.parametrize("to", ["csv", "tsv", "xlsx"])
def test_a_map_is_written_out_as_json(shop: Workshop, to: str) -> None:
    result = shop.run("t.parquet", parquet_of(MAPS), to=to)
    assert [row["m"] or None for row in result.records] == ['{"a":1,"b":null}', "{}", None]
    assert "'m' (map): written as JSON text" in told(result)


def test_keys_that_are_no_text(shop: Workshop) -> None:
    kinds = {
        "i": pa.array([[(1, "x"), (-2, "y")]], pa.map_(pa.int32(), pa.string())),
        "d": pa.array([[(0, [1.5])]], pa.map_(pa.date32(), pa.list_(pa.float64()))),
    }
    result = shop.run("t.parquet", parquet_of(kinds), to="ndjson")
    assert result.records == [{"i": {"1": "x", "-2": "y"}, "d": {"1970-01-01": [1.5]}}]
    result = shop.run("t.parquet", parquet_of(kinds), select("i"), to="avro")
    assert result.records == [{"i": [{"key": 1, "value": "x"}, {"key": -2, "value": "y"}]}]
    assert "'i' (map): written as lists of key and value" in told(result)
    assert shop.run("t.parquet", parquet_of(kinds)).records == pa.table(kinds).to_pylist()


def test_maps_within_lists_and_maps(shop: Workshop) -> None:
    kind = pa.map_(pa.string(), pa.map_(pa.string(), pa.timestamp("ms")))
    data = parquet_of({"l": pa.array([[[("a", [("b", 0)])]], None], pa.list_(kind))})
    text = "1970-01-01T00:00:00.000"
    assert shop.run("t.parquet", data, to="ndjson").records == [{"l": [{"a": {"b": text}}]}, {"l": None}]
    one = shop.run("t.parquet", data, to="avro")
    assert shop.run("t.avro", one.data, to="ndjson").records == [{"l": [{"a": {"b": text}}]}, {"l": None}]


def test_what_json_has_no_form_for_is_named(shop: Workshop) -> None:
    data = parquet_of({"m": pa.array([[("a", 1.5)], [("a", float("nan"))]], pa.map_(pa.string(), pa.float64()))})
    for to in ("csv", "ndjson", "xlsx"):
        failure = shop.fails("t.parquet", data, to=to)
        assert "row 2, column 'm'" in failure.message
    within = parquet_of({"l": pa.array([[1.5], [2.5, float("-inf")]]), "o": pa.array([{"x": 1.0}, {"x": None}])})
    for to in ("ndjson", "json"):
        assert "row 2, column 'l'" in shop.fails("t.parquet", within, to=to).message
        assert shop.run("t.parquet", within, select("o"), to=to).rows == [({"x": 1.0},), ({"x": None},)]


def test_steps_with_maps(shop: Workshop) -> None:
    data = parquet_of(MAPS)
    steps: list[dict[str, Any]] = [keep("m", "not_null"), rename({"m": "k"}), limit(1), add("c", "is_null(k)")]
    result = shop.run("t.parquet", data, *steps, to="csv")
    assert result.text == 'k,n,c\n"{""a"":1,""b"":null}",1,false\n'
    assert shop.run("t.parquet", data, drop("m"), to="csv").text == "n\n1\n2\n3\n"
    for step in (sort("m"), keep("m", "eq", "x")):
        assert "'m'" in shop.fails("t.parquet", data, step).message
