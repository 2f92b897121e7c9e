"""A csv of 10 GB filtered into parquet by a job that may have 2 GiB, once, beside bare Polars: what the peak is."""

from benchmarks import big_csv
from benchmarks.large_table import JOB, STORE, take_turns
from benchmarks.report import Figure, Options

GIGABYTES, BRIEF_GIGABYTES = 10.0, 0.1
MEMORY_MB = 2048


def run(options: Options) -> list[Figure]:
    """One run of each: at this size chance weighs little."""
    file = big_csv.make(options.data, BRIEF_GIGABYTES if options.is_brief else GIGABYTES)
    costs = take_turns(options, file, [JOB, STORE], MEMORY_MB, 1)
    job, bare = costs[JOB][0].outcome, costs[STORE][0].outcome
    size = file.stat().st_size / big_csv.GB
    return [
        Figure(
            f"filter + csv -> parquet, {size:.1f} GB, job / bare Polars store to store, seconds",
            f"{job.seconds:.0f} / {bare.seconds:.0f} s ({size * 1000 / job.seconds:.0f} MB/s; "
            f"CPU {job.cpu / bare.cpu:.2f} x)",
        ),
        Figure(
            f"its peak memory, job / bare Polars ({MEMORY_MB} MB allowed)",
            f"{job.peak_mb:.0f} / {bare.peak_mb:.0f} MiB",
            f"{MEMORY_MB} MB",
        ),
    ]
