"""The folder an isolated sandbox works in, from outside: emptied, filled, read. What is in there is never trusted.

Whatever worked there before may have left links to files of ours, or pipes that never end: nothing is followed, only
plain files are opened, and only below the folder itself.
"""

import contextlib
import os
import shutil
import stat
from pathlib import Path
from typing import BinaryIO

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_OLD = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def empty(folder: Path) -> None:
    """Leaves the two folders for files that come and go, and nothing else. Raises OSError."""
    # The folder itself stays: it is what the sandbox sees.
    with os.scandir(folder) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)
    for name in ("in", "out"):
        (folder / name).mkdir(mode=0o700)


def create(folder: Path, path: str) -> BinaryIO:
    """A new file, to be written: `in/input.docx`. Raises OSError."""
    return os.fdopen(_open(folder, path, _NEW), "wb")


def read(folder: Path, path: str) -> BinaryIO | None:
    """A file that was made there; None where there is no plain file of that name. Raises OSError."""
    try:
        opened = _open(folder, path, _OLD)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        return None
    return os.fdopen(opened, "rb")


def _open(folder: Path, path: str, flags: int) -> int:
    inner, _, name = path.partition("/")
    with contextlib.ExitStack() as opened:
        outer = os.open(folder, _FOLDER)
        opened.callback(os.close, outer)
        middle = os.open(inner, _FOLDER, dir_fd=outer)
        opened.callback(os.close, middle)
        return os.open(name, flags, 0o600, dir_fd=middle)
