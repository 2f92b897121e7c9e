"""The folder of a worker process: locked while the process lives; the next process removes a folder without a lock."""

import contextlib
import fcntl
import os
import shutil
import uuid
from pathlib import Path


class WorkFolder:
    """A folder of this process below `root`. The constructor removes the folders of dead processes."""

    def __init__(self, root: Path) -> None:
        root.mkdir(parents=True, exist_ok=True, mode=0o700)
        for left in root.iterdir():
            _remove_if_free(left)
        self.path = root / uuid.uuid4().hex
        self.path.mkdir(mode=0o700)
        self._lock = _lock(self.path)

    def close(self) -> None:
        """Removes the folder."""
        shutil.rmtree(self.path, ignore_errors=True)
        if self._lock is not None:
            os.close(self._lock)


def _lock(folder: Path) -> int | None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _remove_if_free(folder: Path) -> None:
    with contextlib.suppress(OSError):
        descriptor = _lock(folder)
        if descriptor is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)
