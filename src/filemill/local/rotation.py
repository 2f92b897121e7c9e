"""The logs of servers: put aside where they grow too long, at a start or while a server writes; their last line."""

import contextlib
import os
import shutil
from pathlib import Path

LONGEST = 16 * 2**20
"""Bytes after which a log is put aside, and the one put aside before forgotten."""


def turn_over(log: Path) -> None:
    """Puts a log aside that nobody writes."""
    with contextlib.suppress(FileNotFoundError):
        if log.stat().st_size > LONGEST:
            log.replace(_before(log))


def turn_over_open(log: Path) -> bool:
    """Puts a log aside that a server goes on writing -> whether it was too long.

    The server has the file open and appends. So its end is copied and the file is emptied: what is written between
    the two is lost, and no server ever waits for a reader of its log.
    """
    try:
        if log.stat().st_size <= LONGEST:
            return False
        _copy_end(log, _before(log))
        os.truncate(log, 0)
    except OSError:  # a full disk: the copy waits for room, the log does not
        with contextlib.suppress(OSError):
            _before(log).unlink(missing_ok=True)
            os.truncate(log, 0)
    return True


def last_line(log: Path, start: int = 0) -> str:
    """The last line of a log that is not empty, from the byte `start` on; "" where there is none."""
    try:
        with open(log, "rb") as file:
            file.seek(start)
            lines = [line.strip() for line in file.read()[-8192:].decode(errors="replace").splitlines()]
    except OSError:
        return ""
    return next((line for line in reversed(lines) if line), "")


def private(path: str, flags: int) -> int:
    """Opens a file that its owner alone reads: an `opener`."""
    return os.open(path, flags, 0o600)


def _before(log: Path) -> Path:
    """Where the log is that was put aside last."""
    return log.with_suffix(".log.before")


def _copy_end(log: Path, copy: Path) -> None:
    """Copies as much of the end of a log as a log may have."""
    with open(log, "rb") as long, open(copy, "wb", opener=private) as end:
        long.seek(max(0, os.fstat(long.fileno()).st_size - LONGEST))
        shutil.copyfileobj(long, end)
