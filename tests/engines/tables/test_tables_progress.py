"""Progress: told in bytes that were read, never less than before, and all of them once the work is done."""

import gzip

import pyarrow as pa
import pytest

from filemill.engines.tables.writers import gathering
from filemill.pipelines.run import Progress
from tests.engines.tables.workshop import Workshop, convert, keep, parquet_of, sort

ROWS = 1_500_000
CSV = b"a,b\n" + b"".join(b"%d,%d\n" % (n * 7919 % ROWS, n) for n in range(ROWS))
NDJSON = b"".join(b'{"a":%d,"b":%d}\n' % (n * 7919 % ROWS, n) for n in range(ROWS // 2))
LONG = {"t.csv": CSV, "t.csv.gz": gzip.compress(CSV, 1), "t.ndjson": NDJSON}


@pytest.mark.parametrize(
    ("name", "pipeline"),
    [("t.csv", []), ("t.csv.gz", [keep("a", "ge", 0)]), ("t.ndjson", [keep("a", "ge", 0)]), ("t.ndjson", [sort("a")])],
    ids=["csv", "csv.gz", "ndjson", "ndjson in order"],
)
def test_progress_moves_with_the_bytes(shop: Workshop, name: str, pipeline: list[dict[str, object]]) -> None:
    # when a long text is carried through
    result = shop.run(name, LONG[name], *pipeline, convert("csv"))
    # then what is told of one and the same whole only grows, and ends with all of it
    told = [line for line in result.said if isinstance(line, Progress)]
    shares = [line.done / line.total for line in told]
    assert {line.unit for line in told} == {"bytes"}
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len(set(shares)) > 3
    assert len({line.total for line in told}) == 1


FEW = 60_000
SMALL_CSV = CSV[: CSV.index(b"\n", FEW * 12) + 1]
SMALL_PARQUET = parquet_of({"a": pa.array(range(FEW)), "b": pa.array(range(FEW))})


@pytest.mark.parametrize("target", ["xlsx", "avro"])
@pytest.mark.parametrize(("name", "unit"), [("t.csv", "bytes"), ("t.parquet", "rows")])
@pytest.mark.parametrize("pipeline", [[], [sort("b")]], ids=["as it is", "in order"])
def test_progress_counts_what_is_written_where_writing_is_slow(
    shop: Workshop, name: str, unit: str, target: str, pipeline: list[dict[str, object]]
) -> None:
    data = {"t.csv": SMALL_CSV, "t.parquet": SMALL_PARQUET}[name]
    # given a table that is read at once, and a format that is written slowly
    result = shop.run(name, data, *pipeline, to=target)
    # then what is told grows with the rows that are written, and ends with all of them
    told = [line for line in result.said if isinstance(line, Progress) and line.unit == unit]
    shares = [line.done / line.total for line in told]
    assert shares == sorted(shares)
    assert shares[-1] == 1
    assert len({line.total for line in told}) == 1
    # and most of it is told in steps, behind the reading
    assert len([share for share in shares if 0.15 < share < 1]) >= 3


def test_progress_is_told_of_a_sheet_whose_rows_nobody_knew_before(shop: Workshop) -> None:
    result = shop.run("t.parquet", SMALL_PARQUET, keep("a", "ge", 10_000), to="xlsx")
    told = [line for line in result.said if isinstance(line, Progress)]
    assert len(told) > 3
    assert told[-1].done == told[-1].total


def test_progress_of_a_wide_sheet_counts_cells(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a few rows of many columns, and so few cells that are written at once
    monkeypatch.setattr(gathering, "CELLS", 5_000)
    data = parquet_of({f"c{n}": pa.array(range(100)) for n in range(300)})
    # when they are written
    result = shop.run("t.parquet", data, to="xlsx")
    # then it is told after every few rows, and when the sheet is packed
    told = [line.done / line.total for line in result.said if isinstance(line, Progress)]
    assert len(told) >= 7
    assert told[-1] == 1
