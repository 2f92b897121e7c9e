"""Reads off the machine what a process and all it has started cost: CPU seconds, peak memory."""

import contextlib
import itertools
import os
import statistics
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType

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


class Spent:
    """What processes cost while a `with` block runs, also those that begin or are killed in it; `pids` says which.

    `cpu` in seconds, `megabytes` the most they had together.
    """

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self.cpu = 0.0
        self.megabytes = 0.0
        self._pids = pids
        self._each: dict[tuple[int, float], float] = {}
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "Spent":
        self._look()
        self._before = sum(self._each.values())
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._look()
        self.cpu = sum(self._each.values()) - self._before

    def _look(self) -> None:
        """Remembers of each process what it has used, as of one that is killed nobody is told."""
        for pid in self._pids():
            with contextlib.suppress(psutil.NoSuchProcess):
                process = psutil.Process(pid)
                used = process.cpu_times()
                self._each[pid, process.create_time()] = used.user + used.system

    def _sample(self) -> None:
        for number in itertools.count():
            if self._over.wait(SPENT_SECONDS):
                return
            self._look()
            if number % SUM_EVERY == 0:
                self.megabytes = max(self.megabytes, sum(map(pss_mb, self._pids())))


class Peak:
    """The highest peak, in MiB, among processes while a `with` block runs; `pids` says which, also of new ones."""

    def __init__(self, pids: Callable[[], Iterable[int]]) -> None:
        self.megabytes = 0.0
        self._pids = pids
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> "Peak":
        for pid in self._pids():
            with contextlib.suppress(OSError):
                Path(f"/proc/{pid}/clear_refs").write_text(_RESET_PEAK)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()

    def _sample(self) -> None:
        while True:
            # The kernel keeps the peak itself: only what happens in a process's last moments can be missed.
            self.megabytes = max((self.megabytes, *(peak_mb(pid) for pid in self._pids())))
            if self._over.wait(SAMPLE_SECONDS):
                return


def percentile(values: Sequence[float], share: float) -> float:
    """The value that this share (0 to 1) of all values does not exceed."""
    ranked = sorted(values)
    return ranked[max(0, min(len(ranked) - 1, round(share * len(ranked)) - 1))]


def median(values: Iterable[float]) -> float:
    """The middle value."""
    return statistics.median(values)
