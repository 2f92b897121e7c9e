"""The folder of a worker process: locked while the process lives; other processes remove a folder without a lock."""

import contextlib
import fcntl
import os
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

from filemill.sandbox import leftovers, trees

BOOT_SECONDS = 10.0
"""Seconds that a boot spends on the folders of dead processes. `tidy` removes the rest."""

_LISTED = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class WorkFolder:
    """A folder of this process below `root`. The constructor removes the folders of dead processes, within a time."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._root = root
        until = time.monotonic() + BOOT_SECONDS
        for left in list(root.iterdir()):
            _remove_if_free(left, until - time.monotonic())
        self.path = root / uuid.uuid4().hex
        self.path.mkdir(mode=0o700)
        self._lock = _lock(self.path)

    def tidy(self) -> None:
        """Removes the folders of processes that have died since, and those that could not be removed before."""
        for left in list(self._root.iterdir()):
            _remove_if_free(left, trees.MOST_SECONDS)
        leftovers.again(self.path)

    def close(self) -> None:
        """Removes the folder."""
        leftovers.remove(self.path)
        if self._lock is not None:
            os.close(self._lock)


def _remove_if_free(folder: Path, seconds: float) -> None:
    with _held(folder) as is_free:
        if is_free:
            leftovers.remove(folder, seconds=max(seconds, 0))


@contextlib.contextmanager
def _held(folder: Path) -> Iterator[bool]:
    """Locks a folder while the block lasts -> False where a process holds the folder already."""
    lock = None
    with contextlib.suppress(OSError):
        trees.make_writable(folder)  # a folder that nobody may read cannot be locked
        lock = _lock(folder)
    try:
        yield lock is not None
    finally:
        if lock is not None:
            os.close(lock)


def _lock(folder: Path) -> int | None:
    descriptor = os.open(folder, _LISTED)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor
