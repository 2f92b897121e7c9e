"""Files and folders handed to a program as open descriptors: its user finds them, whatever lies above them.

A home and the interpreter's packages may lie below folders that their owner alone may enter, as /root is. The kernel
looks at what lies above a path only while the path is walked: `/proc/self/fd/N` leads straight to what is open there.
"""

import os
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from filemill.local.process import User


class Descriptors:
    """What is open for one program, until it has started: `with Descriptors(user) as opened: ...`.

    Where `user` is None the program is whoever we are, and finds everything by its own path.
    """

    def __init__(self, user: User | None) -> None:
        self._user = user
        self._closing = ExitStack()
        self.fds: tuple[int, ...] = ()

    def __enter__(self) -> "Descriptors":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closing.close()

    def path(self, path: Path) -> Path:
        """Where the program finds this file or folder."""
        if self._user is None:
            return path
        descriptor = os.open(path, os.O_RDONLY)
        self._closing.callback(os.close, descriptor)
        self.fds += (descriptor,)
        return Path(f"/proc/self/fd/{descriptor}")

    def program(self, path: Path) -> Path:
        """Where the program itself is to be executed: at its own path where its user gets there."""
        return path if reachable(path.parent) else self.path(path)


def reachable(folder: Path) -> bool:
    """Whether every user may enter this folder."""
    return all(part.stat().st_mode & 0o001 for part in (folder, *folder.parents))
