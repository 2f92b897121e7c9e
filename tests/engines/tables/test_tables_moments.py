"""Moments in text as PostgreSQL, ISO and RFC 3339 write them: their offsets lead to UTC."""

import csv
import gzip
import io
import json
from datetime import UTC, datetime

import pytest

from tests.engines.tables.workshop import Workshop, add, cast, keep, parquet_of

MOMENTS = {
    "2024-02-29 13:45:00+00": "2024-02-29T13:45:00+00:00",
    "2024-02-29 13:45:00.5+00": "2024-02-29T13:45:00.500000+00:00",
    "2024-02-29 13:45:00+0100": "2024-02-29T12:45:00+00:00",
    "2024-02-29 13:45:00+01": "2024-02-29T12:45:00+00:00",
    "2024-02-29 13:45:00 UTC": "2024-02-29T13:45:00+00:00",
    "2024-02-29T13:45 GMT": "2024-02-29T13:45:00+00:00",
    "2024-02-29T13:45:00Z": "2024-02-29T13:45:00+00:00",
    "2024-02-29 13:45:00z": "2024-02-29T13:45:00+00:00",
    "2024-02-29T13:45:00.123456-08:00": "2024-02-29T21:45:00.123456+00:00",
    "2024-02-29 13:45:00 +0530": "2024-02-29T08:15:00+00:00",
    "1883-01-01 00:00:00-04:56:02": "1883-01-01T04:56:02+00:00",
    "0001-01-01 00:00:00+00": "0001-01-01T00:00:00+00:00",
    "9999-12-31 23:59:59.999999+00": "9999-12-31T23:59:59.999999+00:00",
}
WANTED = [datetime.fromisoformat(moment) for moment in MOMENTS.values()]


def written(name: str, texts: list[str]) -> bytes:
    """A file of one column `t`."""
    if name.startswith("t.parquet"):
        return parquet_of({"t": texts})
    if "json" in name:
        data = "".join(json.dumps({"t": text}) + "\n" for text in texts).encode()
    else:
        made = io.StringIO()
        csv.writer(made, lineterminator="\n").writerows([["t"], *([text] for text in texts)])
        data = made.getvalue().encode()
    return gzip.compress(data) if name.endswith(".gz") else data


@pytest.mark.parametrize("name", ["t.csv", "t.tsv", "t.csv.gz", "t.ndjson", "t.json", "t.ndjson.gz"])
def test_a_cast_takes_offsets_to_utc(shop: Workshop, name: str) -> None:
    # given moments with a zone each, when their column is cast
    result = shop.run(name, written(name, list(MOMENTS)), cast(t="datetime"), to="parquet")
    # then each is the same moment in UTC
    assert [row[0] for row in result.rows] == WANTED


@pytest.mark.parametrize("name", ["t.csv", "t.ndjson", "t.parquet"])
def test_an_expression_takes_them_too(shop: Workshop, name: str) -> None:
    data = written(name, list(MOMENTS))
    result = shop.run(name, data, add("u", "datetime(t, 'UTC')"), to="parquet")
    assert [row[1] for row in result.rows] == WANTED


def test_what_postgresql_copies_goes_out_as_iso(shop: Workshop) -> None:
    data = "t\n2024-02-29 13:45:00+00\n2024-02-29 13:45:00.5+00\n"
    result = shop.run("t.csv", data, cast(t="datetime"), keep("t", "gt", "2024-02-29T13:45:00Z"), to="ndjson")
    assert [datetime.fromisoformat(row[0]) for row in result.rows] == [datetime(2024, 2, 29, 13, 45, 0, 500_000, UTC)]


@pytest.mark.parametrize(
    "text",
    [
        "infinity",
        "2024-02-29 13:45:00+24",
        "2024-02-29 13:45:00+01:60",
        "2024-02-29 13:45:00 CET",
        "2024-02-30 13:45:00+00",
        "2024-02-29 24:00:00+00",
        "0001-01-01 00:00:00+01",
        "9999-12-31 23:59:59-01",
        "0044-03-15 12:00:00+00 BC",
        "2024-02-29 13:45:00.1234567+00",
        "2024-02-29+00",
    ],
)
@pytest.mark.parametrize("name", ["t.csv", "t.ndjson"])
def test_what_is_no_moment_is_a_misfit(shop: Workshop, name: str, text: str) -> None:
    data = written(name, ["2024-02-29 13:45:00+00", text])
    failure = shop.fails(name, data, cast(t="datetime"), to="parquet")
    assert f"{name}, row 2, column 't': {text!r} cannot become datetime without loss, in step 1." in failure.message


def test_a_zone_in_some_rows_alone_is_told(shop: Workshop) -> None:
    plain, zoned = "2024-02-29 13:45:00", "2024-02-29 13:45:00+00"
    failure = shop.fails("t.csv", written("t.csv", [zoned, plain]), cast(t="datetime"))
    assert f"{plain!r} cannot become datetime without loss, in step 1. It has no zone" in failure.message
    late = shop.fails("t.csv", written("t.csv", [plain] * 10_000 + [zoned]), cast(t="datetime"))
    assert f"row 10001, column 't': {zoned!r} cannot become datetime without loss, in step 1. It has a" in late.message
    stored = shop.fails("t.parquet", parquet_of({"t": [zoned]}), cast(t="datetime"))
    assert "datetime(…, 'UTC') in add_column takes zones" in stored.message


def test_dates_that_end_like_an_offset_have_none(shop: Workshop) -> None:
    result = shop.run("t.csv", "t\n2024-02-12\n2024-02-13 10:30\n", cast(t="datetime"), to="parquet")
    assert [row[0] for row in result.rows] == [
        datetime.fromisoformat(one) for one in ("2024-02-12", "2024-02-13T10:30")
    ]
