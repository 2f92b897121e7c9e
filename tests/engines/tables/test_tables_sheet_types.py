"""Days, moments, times and durations on their way into a workbook and out of it; durations in the formats of text."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pyarrow as pa
import pytest

from filemill.pipelines.run import Warned
from tests.engines.tables.workshop import Result, Workshop, parquet_of

SECOND = 1_000_000_000


def told(result: Result) -> list[str]:
    """What was told beside the rows."""
    return [line.message for line in result.said if isinstance(line, Warned)]


def through_a_sheet(shop: Workshop, column: pa.Array) -> tuple[Result, list[Any]]:
    """A column written to a workbook, and its values when the workbook is read again."""
    one = shop.run("t.parquet", parquet_of({"c": column}), to="xlsx")
    return one, [row[0] for row in shop.run("t.xlsx", one.data, to="parquet").rows]


def test_times_are_times_in_a_sheet(shop: Workshop) -> None:
    times = [time(0), time(12, 34, 56, 789_000), time(23, 59, 59, 999_000), None, time(8)]
    one, again = through_a_sheet(shop, pa.array(times, pa.time64("us")))
    assert again == times
    assert one.rows[1] == (times[1],)
    assert told(one) == []


@pytest.mark.parametrize(("unit", "finest"), [("us", 1_000), ("ns", 1)])
def test_a_time_finer_than_milliseconds_is_text_and_told(shop: Workshop, unit: Any, finest: int) -> None:
    values = [SECOND // finest, SECOND // finest + 1]
    one, again = through_a_sheet(shop, pa.array(values, pa.time64(unit)))
    digits = "000001" if unit == "us" else "000000001"
    assert again == ["00:00:01", f"00:00:01.{digits}"]
    assert told(one) == ["1 numbers or dates that xlsx does not carry exactly are written as text."]


def test_moments_in_nanoseconds_are_moments_where_they_fit(shop: Workshop) -> None:
    # given moments as data frames hold them
    whole = [0, None, 1_577_934_245_678 * 1_000_000]
    # when all are of milliseconds, then nothing is lost
    one, again = through_a_sheet(shop, pa.array(whole, pa.timestamp("ns")))
    assert again == [datetime(1970, 1, 1), None, datetime(2020, 1, 2, 3, 4, 5, 678_000)]  # noqa: DTZ001
    assert told(one) == []
    # and when one is finer, it is text
    one, again = through_a_sheet(shop, pa.array([whole[2], 1], pa.timestamp("ns")))
    assert again == ["2020-01-02T03:04:05.678000", "1970-01-01T00:00:00.000000001"]
    assert told(one) == ["1 numbers or dates that xlsx does not carry exactly are written as text."]


def test_days_that_no_sheet_has_are_text_and_told(shop: Workshop) -> None:
    # given days before the first of a sheet, and outside of the years that it knows
    days = pa.array([-719_529, 2_932_896, 2_932_897, 10_957, None, -25_567], pa.date32())
    # when they are written
    one, again = through_a_sheet(shop, days)
    # then each is there
    assert again == ["-0001-12-31", "9999-12-31", "+10000-01-01", "2000-01-01", None, "1900-01-01"]
    assert one.rows[3] == (datetime(2000, 1, 1),)  # noqa: DTZ001
    assert told(one) == ["3 numbers or dates that xlsx does not carry exactly are written as text."]


LENGTHS = [
    timedelta(0),
    timedelta(hours=30),
    timedelta(minutes=1, seconds=23, milliseconds=456),
    -timedelta(hours=1, minutes=30),
    -timedelta(seconds=1),
    timedelta(microseconds=1),
    None,
    timedelta(days=4_000_000),
]
AS_TEXT = ["0:00:00", "30:00:00", "0:01:23.456", "-1:30:00", "-0:00:01", "0:00:00.000001", None, "96000000:00:00"]


def test_durations_are_durations_in_a_sheet(shop: Workshop) -> None:
    one, again = through_a_sheet(shop, pa.array(LENGTHS, pa.duration("us")))
    # those that a sheet shows are numbers in the form of a duration, and the others text
    assert [row[0] for row in one.rows] == [*LENGTHS[:3], *AS_TEXT[3:6], "", AS_TEXT[7]]
    assert told(one) == ["4 numbers or dates that xlsx does not carry exactly are written as text."]
    # and read again, all are the same text
    assert again == AS_TEXT


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("to", ["csv", "tsv.gz", "ndjson", "json"])
def test_durations_are_text_in_formats_of_text(shop: Workshop, to: str, unit: Any) -> None:
    lengths = [one for one in LENGTHS if one is None or (unit in ("us", "ns") or not one.microseconds)]
    lengths = [one for one in lengths if one is None or unit != "ns" or one.days < 100_000]
    result = shop.run(
        "t.parquet", parquet_of({"n": pa.array(range(len(lengths))), "c": pa.array(lengths, pa.duration(unit))}), to=to
    )
    expected = [text for one, text in zip(LENGTHS, AS_TEXT, strict=True) if one in lengths]
    assert [row[1] or None for row in result.rows] == expected
    assert "'c' (duration): written as text" in told(result)[0]


@pytest.mark.parametrize(("value", "text"), [(-(2**63) + 1, "-2562047:47:16.854775807"), (1, "0:00:00.000000001")])
def test_a_duration_keeps_its_last_digit(shop: Workshop, value: int, text: str) -> None:
    data = parquet_of({"c": pa.array([value], pa.duration("ns"))})
    assert shop.run("t.parquet", data, to="csv").rows == [(text,)]
    assert shop.run("t.parquet", data, to="xlsx").rows == [(text,)]


def test_a_duration_beyond_all_bounds_is_named(shop: Workshop) -> None:
    failure = shop.fails("t.parquet", parquet_of({"c": pa.array([0, 2**62], pa.duration("ms"))}), to="xlsx")
    assert failure.code == "bad_value"
    assert "row 2, column 'c'" in failure.message


def test_durations_within_lists_are_text_in_json(shop: Workshop) -> None:
    data = parquet_of({"c": pa.array([[timedelta(hours=30)], None], pa.list_(pa.duration("us")))})
    assert shop.run("t.parquet", data, to="ndjson").rows == [(["30:00:00"],), (None,)]


def test_a_day_is_still_a_day(shop: Workshop) -> None:
    _, again = through_a_sheet(shop, pa.array([date(2020, 2, 29), None, date(1900, 3, 1)], pa.date32()))
    assert again == [date(2020, 2, 29), None, date(1900, 3, 1)]
