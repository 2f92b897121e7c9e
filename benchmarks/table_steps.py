"""Each table step as a job, beside bare Polars and bare DuckDB on local files: ratios of CPU, time and peak memory."""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from benchmarks import big_csv, contest, measure, report
from benchmarks.bare_steps import Task, count
from benchmarks.contest import Outcome
from benchmarks.report import Figure, Options
from benchmarks.step_cases import BY_NAME, CASES, Case
from benchmarks.visitor import Uploaded, Visitor, running_stack
from filemill.local.stack import Stack

ROUNDS = 3
GIGABYTES, BRIEF_GIGABYTES = 0.5, 0.02
MEMORY_MB = 2048
SMALL_MB = 1024
"""Two thirds of what the table takes in memory: sorting it means spilling. With 512 the job says that it needs more."""

JOB, POLARS, DUCK = "job", "polars", "duckdb"
_PRICES = 97 * 9_000


def run(options: Options) -> list[Figure]:
    """Every case by all three in turn; medians. A job that needs more memory than it may have is a line, too."""
    files = _files(options.data, BRIEF_GIGABYTES if options.is_brief else GIGABYTES)
    rows = _rows(options, files, CASES, MEMORY_MB)
    rows += _rows(options, files, [BY_NAME["sort"]], SMALL_MB, is_told=True)
    report.say("")
    ratios = ("CPU / Polars", "CPU / DuckDB", "MiB / Polars", "MiB / DuckDB", "time / DuckDB")
    report.table(("step", "job s", "CPU s", "MiB", *ratios), rows)
    return []


def _rows(
    options: Options, files: dict[str, Path], cases: Sequence[Case], memory_mb: int, *, is_told: bool = False
) -> list[tuple[str, ...]]:
    """A line for each case. `is_told`: DuckDB may have no more memory than the job; Polars knows no such limit."""
    rows = []
    with running_stack(options, JOB_MEMORY_MB=str(memory_mb)) as running, tempfile.TemporaryDirectory() as folder:
        contenders = _Contenders(running, files, Path(folder), memory_mb if is_told else 0)
        for case in cases:
            taken: dict[str, list[Outcome]] = {JOB: [], POLARS: [], DUCK: []}
            for number in range(1 if options.is_brief else ROUNDS):
                for name in taken if number % 2 == 0 else reversed(taken):
                    taken[name].append(contenders.take(case, name))
            _want_same_rows(case, taken)
            rows.append(_row(f"{case.name}, {memory_mb} MiB allowed" if is_told else case.name, taken))
            report.say(" | ".join(rows[-1]))
    return rows


class _Contenders:
    """One stack, the inputs, and what each contender does with them. `memory_mb`: what DuckDB may have, 0 for all."""

    def __init__(self, running: Stack, files: dict[str, Path], folder: Path, memory_mb: int) -> None:
        self._running = running
        self._files = files
        self._folder = folder
        self._memory_mb = memory_mb
        self._visitor = Visitor(running.url)

    def take(self, case: Case, name: str) -> Outcome:
        """One run -> what it took."""
        if name == JOB:
            uploaded = self._upload(case)
            outcome = contest.job(self._running, uploaded, lambda job: self._count(case, uploaded))
            uploaded.delete()
            return outcome
        target = self._folder / f"out.{case.target}"
        paths = (str(self._files[case.source]), str(self._files["other"]), str(target))
        return contest.in_its_own_process("benchmarks.bare_steps", Task(case.name, name, *paths, self._memory_mb))

    def _upload(self, case: Case) -> Uploaded:
        steps = [*case.steps, {"type": "convert_format", "params": {"to_format": case.target}}]
        others = {"prices": self._files["other"]} if case.other else {}
        return self._visitor.upload(self._files[case.source], steps, others)

    def _count(self, case: Case, uploaded: Uploaded) -> int:
        target = self._folder / f"job.{case.target}"
        uploaded.download(target)
        return count(str(target))


def _files(folder: Path, gigabytes: float) -> dict[str, Path]:
    """The table in every format, and the other one: made once, then found again."""
    csv = big_csv.make(folder, gigabytes)
    files = {"csv": csv, "parquet": csv.with_suffix(".parquet"), "ndjson": csv.with_suffix(".ndjson")}
    table = pl.scan_csv(csv, infer_schema_length=100_000)
    if not files["parquet"].exists():
        table.sink_parquet(files["parquet"], compression="zstd")
    if not files["ndjson"].exists():
        table.sink_ndjson(files["ndjson"])
    files["other"] = csv.with_name("prices.parquet")
    if not files["other"].exists():
        number = pl.int_range(_PRICES, eager=True).alias("number").to_frame().lazy()
        code = pl.format("SKU-{}-{}", pl.col("number") // 97 + 1_000, pl.col("number") % 97)
        number.select(code=code, price=pl.col("number") / 100).sink_parquet(files["other"])
    return files


def _want_same_rows(case: Case, taken: dict[str, list[Outcome]]) -> None:
    rows = {name: {each.rows for each in outcomes} for name, outcomes in taken.items()}
    if len(set.union(*rows.values())) != 1:
        raise RuntimeError(f"{case.name}: the contenders do not agree on the rows: {rows}")


def _row(name: str, taken: dict[str, list[Outcome]]) -> tuple[str, ...]:
    cpu = {name: measure.median(each.cpu for each in outcomes) for name, outcomes in taken.items()}
    seconds = {name: measure.median(each.seconds for each in outcomes) for name, outcomes in taken.items()}
    peak = {name: max(each.peak_mb for each in outcomes) for name, outcomes in taken.items()}
    return (
        name,
        f"{seconds[JOB]:.1f}",
        f"{cpu[JOB]:.1f}",
        f"{peak[JOB]:.0f}",
        *(f"{cpu[JOB] / cpu[rival]:.2f}" for rival in (POLARS, DUCK)),
        *(f"{peak[JOB] / peak[rival]:.2f}" for rival in (POLARS, DUCK)),
        f"{seconds[JOB] / seconds[DUCK]:.2f}",
    )
