"""Reads off the machine what a process and all it has started cost: CPU seconds, peak memory."""

import contextlib
import itertools
import os
import statistics
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import psutil

SAMPLE_SECONDS = 0.05
SPENT_SECONDS = 0.25
SUM_EVERY = 4
"""Only so many looks for one sum of memory: that makes the kernel walk through all of it."""

_RESET_PEAK = "5"


def load() -> float:
    """How many processes wanted a core in the last minute, on average."""
    return os.getloadavg()[0]


def tree(pid: int) -> list[psutil.Process]:
    """A process and all that descend from it; none where it has ended."""
    try:
        root = psutil.Process(pid)
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def cpu_seconds(pid: int) -> float:
    """User and system time of a process tree so far, in seconds, those that have ended included."""
    seconds = 0.0
    for each in tree(pid):
        with contextlib.suppress(psutil.NoSuchProcess):
            used = each.cpu_times()
            seconds += used.user + used.system + used.children_user + used.children_system
    return seconds


def peak_mb(pid: int) -> float:
    """The most memory a process was resident with since it began, or since its peak was reset, in MiB."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1024
    return 0.0


def pss_mb(pid: int) -> float:
    """What a process is resident with, in MiB: what it shares counts by its share, so that a tree's sum is true."""
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) / 1024
    return 0.0


class Cost(msgspec.Struct):
    """What processes cost: `cpu` in seconds, `megabytes` the most memory they were seen with, in MiB."""

    cpu: float = 0.0
    megabytes: float = 0.0


@contextlib.contextmanager
def spent(pids: Callable[[], Iterable[int]]) -> Iterator[Cost]:
    """What processes cost while the block runs, also those that begin or are killed in it; `pids` says which.

    The memory is the most they had together. The figures are true once the block is over.
    """
    cost = Cost()
    used: dict[tuple[int, float], float] = {}
    looks = itertools.count(1)

    def look() -> None:
        # Each process is remembered with what it has used, as of one that is killed nobody is told.
        for pid in pids():
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                times = process.cpu_times()
                used[pid, process.create_time()] = times.user + times.system

    def sample() -> None:
        look()
        if next(looks) % SUM_EVERY == 0:
            cost.megabytes = max(cost.megabytes, sum(map(pss_mb, pids())))

    look()
    before = sum(used.values())
    with _again_and_again(sample, SPENT_SECONDS):
        yield cost
    look()
    cost.cpu = sum(used.values()) - before


@contextlib.contextmanager
def peak(pids: Callable[[], Iterable[int]]) -> Iterator[Cost]:
    """The highest peak of memory among processes while the block runs; `pids` says which, also of new ones."""
    cost = Cost()

    def sample() -> None:
        # The kernel keeps the peak itself: only what happens in a process's last moments can be missed.
        cost.megabytes = max((cost.megabytes, *(peak_mb(pid) for pid in pids())))

    for pid in pids():
        with contextlib.suppress(OSError):
            Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK)
    with _again_and_again(sample, SAMPLE_SECONDS):
        yield cost


@contextlib.contextmanager
def _again_and_again(look: Callable[[], None], seconds: float) -> Iterator[None]:
    """Calls `look` while the block runs, in a thread beside it: at once, and whenever so many seconds are over."""
    over = threading.Event()

    def go() -> None:
        look()
        while not over.wait(seconds):
            look()

    thread = threading.Thread(target=go, daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share (0 to 1) of all values does not exceed."""
    ranked = sorted(values)
    return ranked[max(0, min(len(ranked) - 1, round(share * len(ranked)) - 1))]


def median(values: Iterable[float]) -> float:
    """The middle value."""
    return statistics.median(values)
