"""What the large table is measured against, each in a process of its own: Polars store to store, and on local disk.

`python -m benchmarks.bare_tables`, a Task as JSON on stdin, an Outcome as JSON on stdout.
"""

from collections.abc import Callable

import duckdb
import msgspec
import polars as pl

from benchmarks import contest

COLUMN, LEAST = "amount", 5000.0
SAMPLE_ROWS = 10_000


class Task(msgspec.Struct, frozen=True):
    """What to do: `how` from `source` to `target`, paths or s3:// addresses; `storage` is Polars' storage_options."""

    how: str
    source: str
    target: str
    storage: dict[str, str] | None = None


def polars(task: Task) -> None:
    """Types by Polars' own inference, and its own streaming."""
    read = pl.scan_csv(
        task.source, storage_options=task.storage, glob=False, infer_schema_length=SAMPLE_ROWS, credential_provider=None
    )
    read.filter(pl.col(COLUMN) > LEAST).sink_parquet(
        task.target, compression="zstd", storage_options=task.storage, credential_provider=None
    )


def duck(task: Task) -> None:
    """Types by DuckDB's own inference."""
    duckdb.sql(
        f"COPY (SELECT * FROM read_csv('{task.source}') WHERE {COLUMN} > {LEAST})"
        f" TO '{task.target}' (FORMAT parquet, COMPRESSION zstd)"
    )


def count(task: Task) -> int:
    """The rows of what was written."""
    found: int = (
        pl.scan_parquet(task.target, storage_options=task.storage, glob=False).select(pl.len()).collect().item()
    )
    return found


def work(task: Task) -> Callable[[], int]:
    """One task -> what counts the rows it has written."""
    {"polars": polars, "duckdb": duck}[task.how](task)
    return lambda: count(task)


if __name__ == "__main__":
    contest.serve_one(Task, work)
