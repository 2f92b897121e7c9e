"""A large csv filtered into parquet by a job, beside bare Polars and DuckDB; in the least memory a job should need."""

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from benchmarks import bare_tables, big_csv, contest, measure, report
from benchmarks.bare_tables import Task
from benchmarks.contest import Outcome
from benchmarks.report import Figure, Options
from benchmarks.visitor import Visitor, running_stack
from filemill.local.stack import Stack

ROUNDS = 5
MEMORY_MB = 700
STEPS: list[dict[str, Any]] = [
    {"type": "filter", "params": {"column": bare_tables.COLUMN, "operator": "gt", "value": bare_tables.LEAST}},
    {"type": "convert_format", "params": {"to_format": "parquet"}},
]
JOB, STORE, DISK, DUCK = "job", "Polars, store to store", "Polars, local disk", "DuckDB, local disk"
_NAMES = {
    JOB: f"filemill job, store to store, {MEMORY_MB} MB allowed",
    STORE: "bare Polars, store to store",
    DISK: "bare Polars, local disk",
    DUCK: "bare DuckDB, local disk",
}


class Cost(msgspec.Struct, frozen=True):
    """One run of one contender. `server_cpu` is what it made the object store spend."""

    outcome: Outcome
    server_cpu: float


def run(options: Options) -> list[Figure]:
    """All four in turn, the order turned round each time; medians."""
    file = big_csv.make(options.data, options.gigabytes)
    order = [JOB, STORE, DISK, DUCK]
    costs = take_turns(options, file, order, MEMORY_MB, 1 if options.is_brief else ROUNDS)
    return _figures(costs, file.stat().st_size / big_csv.GB)


def take_turns(options: Options, file: Path, order: list[str], memory_mb: int, rounds: int) -> dict[str, list[Cost]]:
    """What each contender's runs cost; all must write as many rows. A job may have `memory_mb` MB."""
    report.say(f"{file} has {file.stat().st_size / big_csv.GB:.2f} GB; {memory_mb} MB allowed for a job")
    with running_stack(options, JOB_MEMORY_MB=str(memory_mb)) as running, tempfile.TemporaryDirectory() as folder:
        contest = _Contest(running, file, Path(folder))
        costs: dict[str, list[Cost]] = {name: [] for name in order}
        for number in range(rounds):
            for name in order if number % 2 == 0 else reversed(order):
                costs[name].append(contest.take(name))
                _say(name, costs[name][-1])
        _want_same_rows(costs)
    return costs


class _Contest:
    """One stack, one input, and what each contender does with them."""

    def __init__(self, running: Stack, file: Path, folder: Path) -> None:
        self._running = running
        self._file = file
        self._folder = folder
        self._visitor = Visitor(running.url)
        self._source = self._visitor.upload(file, STEPS)
        settings = running.settings
        self._storage = {
            "aws_endpoint_url": settings.s3_url,
            "aws_access_key_id": settings.s3_key,
            "aws_secret_access_key": settings.s3_secret,
            "aws_region": settings.s3_region,
            "aws_allow_http": "true",
        }

    def take(self, name: str) -> Cost:
        """One run -> what it cost."""
        store = self._running.store.process
        assert store is not None
        assert store.pid is not None
        pid = store.pid
        if name == JOB:
            return self._job(lambda: measure.cpu_seconds(pid))
        bucket = f"s3://{self._running.settings.s3_bucket}"
        target = str(self._folder / "out.parquet")
        source = str(self._file)
        task = {
            STORE: Task("polars", f"{bucket}/{self._source.key}", f"{bucket}/output/bare/out.parquet", self._storage),
            DISK: Task("polars", source, target),
            DUCK: Task("duckdb", source, target),
        }[name]
        before = measure.cpu_seconds(pid)
        outcome = contest.in_its_own_process("benchmarks.bare_tables", task)
        return Cost(outcome, measure.cpu_seconds(pid) - before)

    def _job(self, server_cpu: Callable[[], float]) -> Cost:
        uploaded = self._visitor.upload(self._file, STEPS)
        before = server_cpu()
        outcome = contest.job(self._running, uploaded, self._count)
        server = server_cpu() - before
        uploaded.delete()
        return Cost(outcome, server)

    def _count(self, job: str) -> int:
        key = self._visitor.ask("GET", f"/jobs/{job}")["output_object_key"]
        return bare_tables.count(Task("", "", f"s3://{self._running.settings.s3_bucket}/{key}", self._storage))


def _want_same_rows(costs: dict[str, list[Cost]]) -> None:
    rows = {name: {each.outcome.rows for each in taken} for name, taken in costs.items()}
    if len(set.union(*rows.values())) != 1:
        raise RuntimeError(f"The contenders do not agree on the rows: {rows}")


def _say(name: str, cost: Cost) -> None:
    one = cost.outcome
    report.say(
        f"{name}: {one.seconds:.1f} s, CPU {one.cpu:.1f} s, store's CPU {cost.server_cpu:.1f} s, "
        f"{one.peak_mb:.0f} MiB, {one.rows:,} rows"
    )


def _figures(costs: dict[str, list[Cost]], gigabytes: float) -> list[Figure]:
    def middle(name: str, of: Callable[[Cost], float]) -> float:
        return measure.median(of(cost) for cost in costs[name])

    cpu = {name: middle(name, lambda cost: cost.outcome.cpu) for name in costs}
    seconds = {name: middle(name, lambda cost: cost.outcome.seconds) for name in costs}
    peak = {name: max(cost.outcome.peak_mb for cost in taken) for name, taken in costs.items()}
    rows = [
        (
            _NAMES[name],
            f"{seconds[name]:.1f}",
            f"{cpu[name]:.1f}",
            f"{middle(name, lambda cost: cost.server_cpu):.1f}",
            f"{peak[name]:.0f}",
            f"{cpu[JOB] / cpu[name]:.2f}",
            f"{seconds[JOB] / seconds[name]:.2f}",
        )
        for name in costs
    ]
    report.say("")
    head = (f"{gigabytes:.1f} GB csv -> parquet", "s", "CPU s", "store's CPU s", "peak MiB", "CPU ratio", "time ratio")
    report.table(head, rows)
    return [
        Figure(
            f"filter + csv -> parquet, {gigabytes:.1f} GB, job beside bare Polars store to store, CPU",
            f"{cpu[JOB] / cpu[STORE]:.2f} x ({cpu[JOB]:.1f} / {cpu[STORE]:.1f} s)",
            "1.2 x",
        ),
        *(
            Figure(
                f"the same beside {_NAMES[name]}, CPU",
                f"{cpu[JOB] / cpu[name]:.2f} x ({cpu[JOB]:.1f} / {cpu[name]:.1f} s)",
            )
            for name in (DISK, DUCK)
        ),
        Figure(
            f"its peak memory, job / bare Polars store to store ({MEMORY_MB} MB allowed)",
            f"{peak[JOB]:.0f} / {peak[STORE]:.0f} MiB",
            f"{MEMORY_MB} MB",
        ),
    ]
