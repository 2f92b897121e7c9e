"""INT96, in which Hive, Impala and old Sparks hold moments, also those that nanoseconds do not reach."""

import struct
from datetime import datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from filemill.engines.tables.readers import parquet
from tests.engines.tables.others import int96
from tests.engines.tables.workshop import Workshop, add, keep, limit, parquet_of, rename, select, sort

NEVER, FIRST = "9999-12-31T00:00:00", "0001-01-01T00:00:00"
AN_HOUR = "2024-02-29T13:45:00.123456"


def moments(*texts: str | None, unit: str = "us") -> pa.Array:
    return pa.array([None if text is None else pa.scalar(text).cast(pa.timestamp(unit)) for text in texts])


SENTINELS = int96(ts=moments(NEVER, FIRST, AN_HOUR, None), n=pa.array([1, 2, 3, 4]))
FINE = int96(ts=moments("2024-02-29T13:45:00.123456789", unit="ns"), n=pa.array([1]))


@pytest.mark.parametrize("to", ["csv", "tsv", "ndjson", "json"])
def test_the_dates_that_say_never_are_what_they_are(shop: Workshop, to: str) -> None:
    rows = [row[0] for row in shop.run("t.parquet", SENTINELS, to=to).rows]
    assert [one[:26] for one in rows[:3]] == [f"{NEVER}.000000", f"{FIRST}.000000", AN_HOUR]


@pytest.mark.parametrize("to", ["parquet", "arrow", "avro"])
def test_the_dates_stay_dates_where_there_are_dates(shop: Workshop, to: str) -> None:
    rows = [row[0] for row in shop.run("t.parquet", SENTINELS, to=to).rows]
    assert rows == [datetime(9999, 12, 31), datetime(1, 1, 1), datetime.fromisoformat(AN_HOUR), None]  # noqa: DTZ001


def test_steps_see_the_dates_that_are_stored(shop: Workshop) -> None:
    def left(*steps: dict[str, object]) -> list[int]:
        return [int(row[0]) for row in shop.run("t.parquet", SENTINELS, *steps, select("n"), to="csv").rows]

    assert left(keep("ts", "gt", "2100-01-01")) == [1]
    assert left(keep("ts", "lt", "0002-01-01")) == [2]
    assert left(sort("ts")) == [2, 3, 1, 4]
    assert left(add("y", "year(ts)"), keep("y", "eq", 9999)) == [1]


def test_ordinary_moments_keep_their_nanoseconds(shop: Workshop) -> None:
    assert shop.run("t.parquet", FINE, to="csv").text == "ts,n\n2024-02-29T13:45:00.123456789,1\n"


def test_a_moment_that_is_too_fine_beside_a_far_one_is_named(shop: Workshop) -> None:
    # given a column with a date that nanoseconds do not reach, and with nanoseconds
    fine = moments("2024-02-29T13:45:00.123456789", "2024-02-29T13:45:00.5", "2000-01-01T00:00:00", unit="ns")
    both = far_instead(int96(ts=fine, **{"^n$": pa.array([1, 2, 3])}))
    # then nothing is cut without a word
    failure = shop.fails("t.parquet", both, rename({"ts": "at"}), to="csv")
    assert failure.code == "bad_value"
    assert "row 1, column 'at': '2024-02-29T13:45:00.123456789'" in failure.message
    assert "row 1, column 'ts'" in shop.fails("t.parquet", both, add("t", "text(ts)"), to="csv").message
    # and the others arrive
    rest = shop.run("t.parquet", both, to="csv", collects=True)
    assert rest.text == "ts,^n$\n2024-02-29T13:45:00.500000,2\n9999-12-31T00:00:00.000000,3\n"
    assert shop.run("t.parquet", both, select("^n$"), to="csv").text == "^n$\n1\n2\n3\n"


def far_instead(data: bytes) -> bytes:
    """The file with 31 December 9999 in the place of 1 January 2000: a day of INT96 is counted from 4713 BC."""
    some, far = struct.pack("<qI", 0, 2_451_545), struct.pack("<qI", 0, 5_373_484)
    assert some in data
    return data.replace(some, far)


def test_far_dates_within_lists_and_objects(shop: Workshop) -> None:
    kind = pa.timestamp("us")
    far = datetime(9999, 12, 31)  # noqa: DTZ001
    data = int96(
        l=pa.array([[far, None], None], pa.list_(kind)), o=pa.array([{"a": far}, None], pa.struct({"a": kind}))
    )
    text = f"{NEVER}.000000"
    assert shop.run("t.parquet", data, to="ndjson").records[0] == {"l": [text, None], "o": {"a": text}}


def test_far_dates_within_maps_are_named(shop: Workshop) -> None:
    kind = pa.map_(pa.string(), pa.timestamp("us"))
    data = int96(m=pa.array([[("k", datetime(2024, 1, 1))], [("k", datetime(9999, 12, 31))]], kind))  # noqa: DTZ001
    failure = shop.fails("t.parquet", data, to="ndjson")
    assert "row 2, column 'm': 'a moment beyond the years 1677 to 2262'" in failure.message
    assert shop.run("t.parquet", data, limit(1), to="ndjson").records == [{"m": {"k": "2024-01-01T00:00:00.000000000"}}]


def test_far_dates_beside_long_decimals(shop: Workshop) -> None:
    data = int96(d=pa.array([Decimal("1.5")], pa.decimal256(50, 1)), ts=moments(NEVER))
    assert shop.run("t.parquet", data, to="csv").text == f"d,ts\n1.5,{NEVER}.000000\n"


def test_a_large_file_is_looked_through_in_the_store(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "SMALL", 100)
    assert (
        shop.run("t.parquet", SENTINELS, keep("ts", "gt", "2100-01-01"), to="csv").text == f"ts,n\n{NEVER}.000000,1\n"
    )


def test_other_moments_are_read_as_ever(shop: Workshop) -> None:
    ordinary = parquet_of({"ts": moments(NEVER, AN_HOUR), "t": moments(AN_HOUR, None, unit="ns")})
    assert shop.run("t.parquet", ordinary, to="csv").text == (f"ts,t\n{NEVER}.000000,{AN_HOUR}000\n{AN_HOUR},\n")
