"""Days and moments outside of the years 1 to 9999, down to those that no calendar has: infinity is not our fault."""

import io
from datetime import datetime
from typing import Any

import fastavro
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filemill.engines.tables.values import moments
from tests.engines.tables.others import arrow_stream, avro, duckdb_parquet
from tests.engines.tables.workshop import Workshop, add, cast, fill, keep, parquet_of, select, sort, unpivot

DAYS = [-719_529, 2_932_896, 2_932_897, 10_957, None]
TEXTS = ["-0001-12-31", "9999-12-31", "+10000-01-01", "2000-01-01", None]
FAR = {"d": pa.array(DAYS, pa.date32()), "s": pa.array([n and n * 86_400_000 for n in DAYS], pa.timestamp("ms"))}
ENDLESS = duckdb_parquet(
    "SELECT 1 AS n, TIMESTAMP '2024-01-01' AS t, DATE '2024-01-01' AS d"
    " UNION ALL SELECT 2, 'infinity'::TIMESTAMP, '-infinity'::DATE"
)


def stored(data: bytes, column: str) -> list[Any]:
    """The numbers that a file of ours has for days and moments."""
    table = pq.read_table(io.BytesIO(data))[column]
    return table.cast(pa.int32() if pa.types.is_date32(table.type) else pa.int64()).to_pylist()


# --- years that are written with a sign -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["t.parquet", "t.arrow"])
@pytest.mark.parametrize("to", ["csv", "tsv", "ndjson", "json"])
def test_far_years_are_text_with_a_sign(shop: Workshop, name: str, to: str) -> None:
    data = parquet_of(FAR) if name == "t.parquet" else arrow_stream(pa.table(FAR))
    records = shop.run(name, data, to=to).records
    assert [row["d"] or None for row in records] == TEXTS
    assert [row["s"] or None for row in records] == [one and f"{one}T00:00:00.000" for one in TEXTS]


def test_far_years_stay_what_they_are_in_typed_formats(shop: Workshop) -> None:
    for to in ("parquet", "arrow", "avro"):
        one = shop.run("t.parquet", parquet_of(FAR), to=to)
        last = shop.run(f"t.{to}", one.data, to="parquet")
        assert stored(last.data, "d") == DAYS
        assert stored(last.data, "s") == [n and n * 86_400_000 for n in DAYS]


def test_a_sheet_has_text_for_years_it_does_not_know_and_that_is_told(shop: Workshop) -> None:
    result = shop.run("t.parquet", parquet_of(FAR), to="xlsx")
    days = [row["d"] for row in result.records]
    assert (days[0], days[2]) == (TEXTS[0], TEXTS[2])
    assert [days[1].isoformat(), days[3].isoformat()] == ["9999-12-31T00:00:00", "2000-01-01T00:00:00"]
    assert [row["s"] for row in result.records][2] == "+10000-01-01T00:00:00.000"
    assert any("4 numbers or dates" in getattr(line, "message", "") for line in result.said)


AVRO = {
    "type": "record",
    "name": "r",
    "fields": [
        {"name": "ms", "type": {"type": "long", "logicalType": "timestamp-millis"}},
        {"name": "us", "type": ["null", {"type": "long", "logicalType": "local-timestamp-micros"}]},
        {"name": "ns", "type": {"type": "long", "logicalType": "timestamp-nanos"}},
        {"name": "d", "type": {"type": "int", "logicalType": "date"}},
        {"name": "l", "type": {"type": "array", "items": {"type": "int", "logicalType": "date"}}},
    ],
}


def test_avro_holds_far_years_and_nanoseconds(shop: Workshop) -> None:
    # given moments behind the last that Python knows
    rows = [{"ms": 253_402_300_800_000, "us": None, "ns": 1, "d": 2_932_897, "l": [2_932_897]}]
    data = avro(AVRO, rows)
    # then they are read, and the nanoseconds are moments
    result = shop.run("t.avro", data, to="ndjson")
    assert result.records == [
        {
            "ms": "+10000-01-01T00:00:00.000+00:00",
            "us": None,
            "ns": "1970-01-01T00:00:00.000000001+00:00",
            "d": "+10000-01-01",
            "l": ["+10000-01-01"],
        }
    ]
    assert result.types == {"ms": "datetime", "us": "datetime", "ns": "datetime", "d": "date", "l": "list"}
    assert stored(shop.run("t.avro", data, to="parquet").data, "ms") == [253_402_300_800_000]
    kept = shop.run("t.avro", data, keep("ms", "gt", "2024-01-01T00:00Z"), select("ms", "l"), to="avro")
    made = fastavro.reader(io.BytesIO(kept.data)).writer_schema
    assert made["fields"][0]["type"][1] == {"type": "long", "logicalType": "timestamp-millis"}


# --- what no calendar has ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("to", ["csv", "tsv", "ndjson", "json", "xlsx"])
def test_infinity_is_named(shop: Workshop, to: str) -> None:
    failure = shop.fails("t.parquet", ENDLESS, to=to)
    assert failure.code == "bad_value"
    assert "row 2, column 't': 'infinity' lies beyond the calendar" in failure.message
    assert "row 2, column 'd': '-infinity'" in shop.fails("t.parquet", ENDLESS, select("d"), to=to).message


@pytest.mark.parametrize("to", ["csv", "ndjson", "json", "xlsx"])
def test_infinity_is_collected(shop: Workshop, to: str) -> None:
    result = shop.run("t.parquet", ENDLESS, to=to, collects=True)
    assert len(result.rows) == 1
    assert result.done.made[1].rows == 1


@pytest.mark.parametrize("to", ["parquet", "arrow", "avro"])
def test_infinity_stays_where_it_has_a_number(shop: Workshop, to: str) -> None:
    one = shop.run("t.parquet", ENDLESS, to=to)
    last = shop.run(f"t.{to}", one.data, to="parquet")
    assert stored(last.data, "t")[1] == 2**63 - 1
    assert stored(last.data, "d")[1] == -(2**31) + 1


def test_infinity_is_compared_and_sorted(shop: Workshop) -> None:
    assert shop.run("t.parquet", ENDLESS, keep("t", "gt", "9999-12-31"), select("n"), to="csv").text == "n\n2\n"
    assert (
        shop.run("t.parquet", ENDLESS, sort({"column": "t", "descending": True}), select("n"), to="csv").text
        == "n\n2\n1\n"
    )
    assert shop.run("t.parquet", ENDLESS, keep("d", "is_null"), select("n"), to="csv").text == "n\n"


@pytest.mark.parametrize(
    "step",
    [add("x", "year(t)"), add("x", "date_add(d, 1, 'day')"), add("x", "text(t)"), cast(t="text"), cast(d="datetime"),
     cast(t="date"), add("x", "format_date(t, '%Y')"), add("x", "truncate(t, 'day')")],
)  # fmt: skip
def test_computing_with_infinity_is_a_misfit(shop: Workshop, step: dict[str, Any]) -> None:
    failure = shop.fails("t.parquet", ENDLESS, step, to="parquet")
    assert failure.code == "bad_value"
    assert "row 2" in failure.message
    assert "infinity" in failure.message


def test_infinity_makes_no_trouble_where_nobody_looks_at_it(shop: Workshop) -> None:
    assert shop.run("t.parquet", ENDLESS, fill("2024-01-01", "d"), select("n"), to="csv").text == "n\n1\n2\n"
    assert shop.run("t.parquet", ENDLESS, select("n", "t"), unpivot("t"), select("n"), to="csv").text == "n\n1\n2\n"


def test_infinity_within_lists_is_named(shop: Workshop) -> None:
    data = parquet_of({"l": pa.array([[1], [2**63 - 1]], pa.list_(pa.int64())).cast(pa.list_(pa.timestamp("us")))})
    assert "row 2, column 'l': '[\"infinity\"]'" in shop.fails("t.parquet", data, to="ndjson").message
    assert "row 2, column 'l': '[\"infinity\"]'" in shop.fails("t.parquet", data, to="json").message


def test_the_bounds_are_those_of_the_calendar() -> None:
    days = pl.Series([moments.FIRST_DAY, moments.LAST_DAY], dtype=pl.Int32).cast(pl.Date)
    assert days.cast(pl.String).to_list() == ["-262142-01-01", "+262141-12-31"]
    beyond = pl.Series([moments.FIRST_DAY - 1, moments.LAST_DAY + 1, None], dtype=pl.Int32).cast(pl.Date).to_frame("d")
    own = pl.col("d")
    assert beyond.select(moments.is_beyond(own, pl.Date())).to_series().to_list() == [True, True, None]
    told = beyond.select(moments.told(own, pl.Date())).to_series().to_list()
    assert told == ["-96464928 days after 1970-01-01", "95025872 days after 1970-01-01", None]


# --- offsets with seconds ---------------------------------------------------------------------------------------------


def test_a_moment_at_an_offset_with_seconds_is_written_in_utc(shop: Workshop) -> None:
    # given moments in zones that followed the sun, down to the second
    seconds = [-4_000_000_000, -62_135_596_800, 1_709_214_300, None]
    data = parquet_of({"t": pa.array(seconds, pa.timestamp("s", "Europe/Paris"))})
    # then their text says the same moments: with +00:09 for 0:09:21 it would not
    result = shop.run("t.parquet", data, to="ndjson")
    texts = [row["t"] for row in result.records]
    assert texts == [
        "1843-03-31T16:53:20.000+00:00", "0001-01-01T00:00:00.000+00:00", "2024-02-29T14:45:00.000+01:00", None
    ]  # fmt: skip
    assert [one and datetime.fromisoformat(one).timestamp() for one in texts] == seconds
