"""How contenders are run and counted: a rival in a process of its own, a job on a running stack."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from benchmarks import measure
from benchmarks.visitor import Uploaded
from filemill.local.stack import Stack

Task = TypeVar("Task", bound=msgspec.Struct)


class Outcome(msgspec.Struct, frozen=True):
    """What the work took, imports left out: seconds, CPU seconds, MiB at most; and how many rows came out."""

    seconds: float
    cpu: float
    peak_mb: float
    rows: int


def in_its_own_process(module: str, task: msgspec.Struct) -> Outcome:
    """Runs `python -m module` with a task on its stdin -> what it wrote to its stdout."""
    argv = [sys.executable, "-m", module]
    done = subprocess.run(argv, input=msgspec.json.encode(task), stdout=subprocess.PIPE, check=True)
    return msgspec.json.decode(done.stdout, type=Outcome)


def serve_one(kind: type[Task], work: Callable[[Task], Callable[[], int]]) -> None:
    """The other side: does the task from stdin. `work` does it and gives what counts the rows afterwards."""
    task = msgspec.json.decode(sys.stdin.buffer.read(), type=kind)
    began, cpu = time.perf_counter(), time.process_time()
    count = work(task)
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    # Taken before the rows are counted: the peak is that of the work.
    peak = measure.peak_mb(os.getpid())
    sys.stdout.buffer.write(msgspec.json.encode(Outcome(seconds, cpu, peak, count())))


def job(running: Stack, uploaded: Uploaded, count: Callable[[str], int]) -> Outcome:
    """Takes an uploaded job through -> what it cost the worker and its children; `count` gives a job's rows."""
    worker = running.workers["tables"].pid
    assert worker is not None
    with measure.peak(lambda: children(worker)) as peak:
        cpu, began = measure.cpu_seconds(worker), time.perf_counter()
        uploaded.mark()
        uploaded.wait()
        seconds, cpu = time.perf_counter() - began, measure.cpu_seconds(worker) - cpu
    return Outcome(seconds, cpu, peak.megabytes, count(uploaded.job))


def children(worker: int) -> Sequence[int]:
    """The processes below a worker that jobs run in."""
    return [each.pid for each in measure.tree(worker) if _is_child(each.pid)]


def _is_child(pid: int) -> bool:
    try:
        return b"workers.child" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
