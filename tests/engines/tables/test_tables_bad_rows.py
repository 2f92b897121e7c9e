"""The output for rows that could not be used."""

import csv
import io
from uuid import uuid4

import polars as pl
import pytest

from filemill.engines.tables import bad_rows
from filemill.engines.tables.bad_rows import COLUMNS, BadRows
from filemill.jobs.run import OutputFile

HEADER = list(COLUMNS)


@pytest.fixture
def output():
    return OutputFile("bad_rows", "people_bad_rows.csv", f"output/{uuid4().hex}/people_bad_rows.csv", "csv")


def written(shop, output):
    """The rows as they lie in the store."""
    response = shop.client.get_object(shop.bucket, output.key)
    try:
        return list(csv.reader(io.StringIO(response.read().decode(), newline="")))
    finally:
        response.close()
        response.release_conn()


def rows(*numbers):
    return pl.DataFrame(
        [("people.csv", n, "age", f"x{n}", 'is no "int"', f'Ada,"x{n}\n"') for n in numbers], COLUMNS, orient="row"
    )


def test_without_any_row_the_header_is_there(shop, output):
    made = BadRows(output, shop.access).close()

    assert made.rows == 0
    assert written(shop, output) == [HEADER]


def test_a_few_rows_stand_in_the_order_of_the_file(shop, output):
    collected = BadRows(output, shop.access)
    collected.take(rows(7, 9))
    collected.take(rows(2))

    made = collected.close()

    assert made.rows == 3
    assert [row[1] for row in written(shop, output)[1:]] == ["2", "7", "9"]
    assert written(shop, output)[1] == ["people.csv", "2", "age", "x2", 'is no "int"', 'Ada,"x2\n"']


def test_many_rows_go_off_as_they_come(shop, output, monkeypatch):
    monkeypatch.setattr(bad_rows, "MOST_HELD_BYTES", 1000)
    collected = BadRows(output, shop.access)
    for start in range(0, 10_000, 100):
        collected.take(rows(*range(start, start + 100)))

    made = collected.close()

    assert made.rows == 10_000
    assert written(shop, output)[0] == HEADER
    assert sorted(int(row[1]) for row in written(shop, output)[1:]) == list(range(10_000))


def test_what_is_abandoned_is_not_in_the_store(shop, output, monkeypatch):
    monkeypatch.setattr(bad_rows, "MOST_HELD_BYTES", 10)
    collected = BadRows(output, shop.access)
    collected.take(rows(1, 2, 3))

    collected.abandon()

    assert not list(shop.client.list_objects(shop.bucket, prefix=output.key))
