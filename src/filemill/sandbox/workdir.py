"""The folder of an isolated child, from outside: emptied, filled, read. Nothing in the folder is trusted.

A program in the sandbox may leave links to our files, or pipes that never end. So these functions follow no link, and
open only plain files below the folder itself.
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
    """Removes everything but the two empty folders for inputs and outputs. Raises OSError."""
    # The folder itself stays, as the sandbox has it mounted.
    with os.scandir(folder) as entries:
        for entry in list(entries):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)
    for name in ("in", "out"):
        (folder / name).mkdir(mode=0o700)
        _hand_over(folder / name, folder.stat())


def create(folder: Path, path: str) -> BinaryIO:
    """A new file of the child's user, open for writing: `in/input.docx`. Raises OSError."""
    made = _open(folder, path, _NEW)
    _hand_over(made, folder.stat())
    return os.fdopen(made, "wb")


def read(folder: Path, path: str) -> BinaryIO | None:
    """A file that the child has made, open for reading; None where there is no plain file to open."""
    try:
        opened = _open(folder, path, _OLD)
    except OSError:
        return None
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        return None
    return os.fdopen(opened, "rb")


def _hand_over(made: Path | int, to: os.stat_result) -> None:
    """Gives what was just made to whoever owns the folder: root's children are users of their own."""
    if to.st_uid == os.geteuid():
        return
    if isinstance(made, int):
        os.fchown(made, to.st_uid, to.st_gid)
    else:
        os.chown(made, to.st_uid, to.st_gid, follow_symlinks=False)


def _open(folder: Path, path: str, flags: int) -> int:
    inner, _, name = path.partition("/")
    with contextlib.ExitStack() as opened:
        outer = os.open(folder, _FOLDER)
        opened.callback(os.close, outer)
        middle = os.open(inner, _FOLDER, dir_fd=outer)
        opened.callback(os.close, middle)
        return os.open(name, flags, 0o600, dir_fd=middle)
