"""Progress: told in bytes that were read, never less than before, and all of them once the work is done."""

import gzip

import pytest

from filemill.pipelines.run import Progress
from tests.engines.tables.workshop import Workshop, convert, keep, sort

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
