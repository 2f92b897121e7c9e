"""The rivals of the table steps, each in a process of its own: bare Polars and DuckDB on local files.

`python -m benchmarks.bare_steps`, a Task as JSON on stdin, an Outcome as JSON on stdout.
"""

from collections.abc import Callable
from pathlib import Path

import duckdb
import msgspec
import polars as pl

from benchmarks import contest
from benchmarks.step_cases import BY_NAME, Frame

SAMPLE_ROWS = 10_000

_READ = {
    "csv": lambda path: pl.scan_csv(path, glob=False, infer_schema_length=SAMPLE_ROWS),
    "ndjson": lambda path: pl.scan_ndjson(path, infer_schema_length=SAMPLE_ROWS),
    "parquet": lambda path: pl.scan_parquet(path, glob=False),
}
_DUCK_READ = {"csv": "read_csv('{}')", "ndjson": "read_json('{}', format = 'newline_delimited')", "parquet": "'{}'"}


class Task(msgspec.Struct, frozen=True):
    """A case by its name, who does it, and where: paths of the table, of the other one, and of the result.

    `memory_mb` is what DuckDB may have, in MiB; 0 for as much as it takes.
    """

    case: str
    how: str
    source: str
    other: str
    target: str
    memory_mb: int = 0


def work(task: Task) -> Callable[[], int]:
    """One task -> what counts the rows it has written."""
    {"polars": _polars, "duckdb": _duck}[task.how](task)
    return lambda: count(task.target)


def count(path: str) -> int:
    """The rows of a file that was written."""
    rows: int = _READ[Path(path).suffix[1:]](path).select(pl.len()).collect(engine="streaming").item()
    return rows


def _polars(task: Task) -> None:
    case = BY_NAME[task.case]
    made: Frame = case.polars(_READ[case.source](task.source), pl.scan_parquet(task.other))
    if case.target == "csv":
        made.sink_csv(task.target)
    else:
        made.sink_parquet(task.target, compression="zstd")


def _duck(task: Task) -> None:
    case = BY_NAME[task.case]
    if task.memory_mb:
        duckdb.sql(f"SET memory_limit = '{task.memory_mb}MiB'")
        duckdb.sql(f"SET temp_directory = '{Path(task.target).parent}'")
    duckdb.sql(f"CREATE VIEW t AS SELECT * FROM {_DUCK_READ[case.source].format(task.source)}")
    duckdb.sql(f"CREATE VIEW o AS SELECT * FROM '{task.other}'")
    form = "csv" if case.target == "csv" else "parquet, COMPRESSION zstd"
    duckdb.sql(f"COPY ({case.duckdb}) TO '{task.target}' (FORMAT {form})")


if __name__ == "__main__":
    contest.serve_one(Task, work)
