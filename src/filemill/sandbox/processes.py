"""Reads /proc: the descendants of a process, whether processes live, their memory and processor use."""

import contextlib
import os
import signal
from pathlib import Path

_PROC = Path("/proc")
_GONE = b"ZX"
"""The states of a process that has ended and whose parent has not collected the exit status."""


def lives(pid: int) -> bool:
    """Whether a process exists and has not ended. /proc shows an end before the parent process hears of it."""
    stat = _stat(pid)
    return bool(stat) and stat[0] not in _GONE


def family(pid: int) -> list[int]:
    """A process and all its descendants, in whichever group, session or namespace they are."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            for thread in (_PROC / str(one) / "task").iterdir():
                with contextlib.suppress(OSError):
                    found += map(int, (thread / "children").read_text().split())
    return found


def memory_mb(pids: list[int]) -> int:
    """Memory of these processes together, in MiB. Program files that many processes share do not count."""
    return sum(map(_kilobytes, pids)) >> 10


def _kilobytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_bytes().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith((b"RssAnon:", b"RssShmem:")))


def cpu_seconds(pids: list[int]) -> float:
    """Processor seconds of these processes so far; a process that is gone counts as 0."""
    return sum(map(_ticks, pids)) / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int:
    return sum(map(int, _stat(pid)[11:13]))


def _stat(pid: int) -> list[bytes]:
    """The fields of /proc/PID/stat from the state on; empty where the process is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return []
    return stat.rpartition(b")")[2].split()


def kill(pids: list[int]) -> None:
    """Kills these processes; a process that is gone already is no error."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
