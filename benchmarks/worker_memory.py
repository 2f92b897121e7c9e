"""Whether a worker's memory grows with the jobs it has done: after 50,000 small jobs beside after 5,000.

Takes half an hour to an hour. Each job is one row through the API, several callers side by side.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil

from benchmarks import measure, report
from benchmarks.overhead import ONE_ROW, STEPS
from benchmarks.report import Figure, Options
from benchmarks.visitor import Visitor, running_stack
from filemill.local.stack import Stack

CALLERS = 4
FEW, MANY = 5_000, 50_000
BRIEF_FEW, BRIEF_MANY = 400, 2_400
LOOKS = 10
"""Between the two figures: the growth on its way is printed too."""

MOST_GROWTH = "1.05"


def run(options: Options) -> list[Figure]:
    """The memory of the worker of tables, its children left out: those are replaced after so many jobs."""
    few, many = (BRIEF_FEW, BRIEF_MANY) if options.is_brief else (FEW, MANY)
    with running_stack(options) as running:
        callers = [Visitor(running.url) for _ in range(CALLERS)]
        before = _megabytes_after(few, running, callers)
        report.say("", f"after {few:,} jobs: {before:.0f} MiB")
        after = before
        for look in range(1, LOOKS + 1):
            after = _megabytes_after((many - few) // LOOKS, running, callers)
            report.say("", f"after {few + (many - few) * look // LOOKS:,} jobs: {after:.0f} MiB")
    return [
        Figure(
            f"Memory of a worker after {many:,} small jobs, beside after {few:,}",
            f"{after / before:.2f} x ({after:.0f} / {before:.0f} MiB)",
            f"<= {MOST_GROWTH} x",
        )
    ]


def _megabytes_after(jobs: int, running: Stack, callers: list[Visitor]) -> float:
    """Has so many jobs done -> MiB that the worker's own processes are resident with."""
    share = jobs // len(callers)
    with ThreadPoolExecutor(len(callers)) as threads:
        list(threads.map(lambda caller: _do(caller, share), callers))
    return sum(measure.pss_mb(each.pid) for each in _own(running))


def _do(caller: Visitor, jobs: int) -> None:
    for _ in range(jobs):
        uploaded = caller.upload(ONE_ROW, STEPS)
        uploaded.mark()
        uploaded.wait()
        uploaded.delete()


def _own(running: Stack) -> Iterator[psutil.Process]:
    """Dramatiq's master and its worker process; no child that a job runs in."""
    pid = running.workers["tables"].pid
    assert pid is not None
    for each in measure.tree(pid):
        if "workers.child" not in each.cmdline():
            yield each
