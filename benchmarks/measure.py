"""Reads off the machine what a process and all it has started cost: CPU seconds, peak memory."""

import contextlib
import os
import statistics
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from types import TracebackType

import psutil

SAMPLE_SECONDS = 0.05
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
