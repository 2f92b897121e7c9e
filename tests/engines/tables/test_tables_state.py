"""Nothing of a job reaches the next one: jobs that fail, spill and bring their own categories, then a clean one."""

import contextlib
import io
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filemill.errors import JobFailed
from tests.engines.tables.workshop import Workshop, aggregate, keep, select, sort
from tests.fixtures import process_state

ROWS = "city,sold\nUlm,3\nRom,1\nBonn,2\n"


def categories(*names: str) -> bytes:
    """A Parquet file whose column is made of categories, in this order."""
    column = pa.DictionaryArray.from_arrays(pa.array(range(len(names)), pa.int32()), pa.array(names))
    out = io.BytesIO()
    pq.write_table(pa.table({"city": column, "sold": range(len(names))}), out)
    return out.getvalue()


def clean(shop: Workshop) -> list[object]:
    of_text = shop.run("t.csv", ROWS, sort("city"), to="ndjson").records
    of_parquet = shop.run("t.parquet", categories("Rom", "Bonn", "Ulm"), sort("city"), to="ndjson").records
    grouped = shop.run("t.parquet", categories("Rom", "Bonn", "Ulm"), aggregate(["city"], n="count"), to="csv").text
    return [of_text, of_parquet, grouped]


def test_a_table_that_went_wrong_or_wide_changes_nothing_for_the_next(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    process_state.move_temporary_files(tmp_path / "temporary", monkeypatch)
    before, state = clean(shop), process_state.look()

    # when
    for name, data, step in (
        ("t.parquet", categories("Ulm", "Rom", "Bonn", "Aalen"), sort("city")),
        ("t.parquet", categories("Zell", "Ulm")[:-9], sort("city")),
        ("t.csv", ROWS + '"open', sort("city")),
        ("t.csv", ROWS, select("nowhere")),
        ("t.csv", ROWS, keep("city", "gt", "1e400")),
        ("t.ndjson", '{"city": {"city": 1}}\n{"city": [1]}\n', sort("city")),
        ("t.xlsx", b"PK\x03\x04", sort("city")),
    ):
        with contextlib.suppress(JobFailed):
            shop.run(name, data, step, to="csv", memory_mb=512)

    # then
    assert clean(shop) == before
    assert process_state.look() == state
