"""What /proc tells of a process and of all it has started: who they are, whether they live, what they hold and use."""

import contextlib
import os
import signal
from pathlib import Path

_PROC = Path("/proc")
_GONE = b"ZX"
"""The states of a process that has ended and only waits for somebody to ask how."""


def lives(pid: int) -> bool:
    """Whether a process is there and has not ended; seen at once, also before whoever started it has heard of it."""
    stat = _stat(pid)
    return bool(stat) and stat[0] not in _GONE


def family(pid: int) -> list[int]:
    """A process and all its descendants, whichever group, session or namespace they have moved to."""
    found = [pid]
    for one in found:
        with contextlib.suppress(OSError):
            for thread in (_PROC / str(one) / "task").iterdir():
                with contextlib.suppress(OSError):
                    found += map(int, (thread / "children").read_text().split())
    return found


def memory_mb(pids: list[int]) -> int:
    """What these processes hold in memory together, in MiB: what is theirs, not the programs that many share."""
    return sum(map(_kilobytes, pids)) >> 10


def _kilobytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_bytes().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith((b"RssAnon:", b"RssShmem:")))


def cpu_seconds(pids: list[int]) -> float:
    """What these processes have used of the processor so far; those that are gone count nothing."""
    return sum(map(_ticks, pids)) / os.sysconf("SC_CLK_TCK")


def _ticks(pid: int) -> int:
    return sum(map(int, _stat(pid)[11:13]))


def _stat(pid: int) -> list[bytes]:
    """What the kernel lists of a process, from its state on; nothing where it is gone."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
    except OSError:
        return []
    return stat.rpartition(b")")[2].split()


def kill(pids: list[int]) -> None:
    """Ends these processes; those that are gone already are no error."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signal.SIGKILL)
