"""Removes folders that strangers' programs have filled, of any depth, count, names and modes, with few descriptors.

A program may make folders in one another until no path is short enough for them and no recursion deep enough. So each
folder inside is first moved to the top, under a short name, and is then cleared like all others: nothing recurs, and no
path is longer than one name. Everything goes by descriptors and follows no link. The kernel moves no folder that a file
system is mounted on, so the files of a mount stay.
"""

import contextlib
import os
import secrets
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path

MOST_SECONDS = 60.0
"""Seconds of one removal. A million files take about ten."""

_PASSES = 5
"""How often one folder is read: a file system may keep entries back while others are taken away."""

IsKept = Callable[[str], bool]
"""Whether an entry of this name stays."""

_PLACE = os.O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LISTED = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def nothing(_: str) -> bool:
    """Keeps no entry."""
    return False


def remove(path: Path, *, seconds: float = MOST_SECONDS) -> None:
    """Removes a file, or a folder with all that is in it; a path that is not there is no error.

    Raises OSError for what cannot be removed, once all else is removed; TimeoutError after `seconds`.
    """
    try:
        is_folder = stat.S_ISDIR(os.lstat(path).st_mode)
    except FileNotFoundError:
        return
    if is_folder:
        empty(path, seconds=seconds)
        os.rmdir(path)
    else:
        os.unlink(path)


def empty(path: Path, *, is_kept: IsKept = nothing, seconds: float = MOST_SECONDS) -> None:
    """Removes everything in a folder but the entries whose names `is_kept` is true of. The folder itself stays.

    Raises OSError for what cannot be removed, once all else is removed; TimeoutError after `seconds`.
    """
    with _place(str(path), None) as top:
        _Clearing(top, is_kept, time.monotonic() + seconds).carry_out()


def make_writable(path: Path) -> None:
    """Gives the owner of a folder all rights; a folder of another owner stays. Raises OSError where none is there."""
    with _place(str(path), None) as place:
        _make_writable(place)


class _Clearing:
    """The clearing of one folder. Folders that wait at the top have names that nobody can foresee."""

    def __init__(self, top: int, is_kept: IsKept, until: float) -> None:
        self._top = top
        self._until = until
        self._beginning = secrets.token_hex(8)
        self._is_kept = is_kept
        self._moved = 0
        self._trouble: OSError | None = None

    def carry_out(self) -> None:
        """Removes everything. Raises the first error once the rest is gone."""
        self._clear(self._top, lambda name: name.startswith(self._beginning) or self._is_kept(name))
        done = 0
        while done < self._moved:
            self._remove(f"{self._beginning}-{done}")
            done += 1
        if self._trouble is not None:
            raise self._trouble

    def _remove(self, name: str) -> None:
        """Removes a folder that waits at the top."""
        with self._noting(), _place(name, self._top) as place:
            self._clear(place, nothing)
            os.rmdir(name, dir_fd=self._top)

    def _clear(self, place: int, is_kept: IsKept) -> None:
        """Removes the files of a folder and moves its folders to the top."""
        for _ in range(_PASSES):
            with _entries(place) as entries:
                if not sum(self._take(place, entry) for entry in entries if not is_kept(entry.name)):
                    return

    def _take(self, place: int, entry: "os.DirEntry[str]") -> bool:
        """Takes one entry out of a folder -> whether the entry went."""
        if time.monotonic() > self._until:
            raise TimeoutError("the time for a removal was over")
        with self._noting():
            if entry.is_dir(follow_symlinks=False):
                self._move(place, entry.name)
            else:
                os.unlink(entry.name, dir_fd=place)
            return True
        return False

    def _move(self, place: int, name: str) -> None:
        with _place(name, place) as folder:
            _make_writable(folder)  # without this, its owner may not move the folder
        os.rename(name, f"{self._beginning}-{self._moved}", src_dir_fd=place, dst_dir_fd=self._top)
        self._moved += 1

    @contextlib.contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError:
            raise
        except FileNotFoundError:  # somebody else was quicker
            return
        except OSError as error:
            self._trouble = self._trouble or error


@contextlib.contextmanager
def _place(name: str, within: int | None) -> Iterator[int]:
    """A descriptor of a folder, of whatever mode the folder is; a link raises OSError."""
    opened = os.open(name, _PLACE, dir_fd=within)
    try:
        yield opened
    finally:
        os.close(opened)


@contextlib.contextmanager
def _entries(place: int) -> Iterator[Iterator["os.DirEntry[str]"]]:
    _make_writable(place)
    opened = os.open(".", _LISTED, dir_fd=place)
    try:
        with os.scandir(opened) as entries:
            yield entries
    finally:
        os.close(opened)


def _make_writable(place: int) -> None:
    """Gives the owner of a folder all rights; a folder of another owner stays as it is."""
    if os.fstat(place).st_mode & stat.S_IRWXU != stat.S_IRWXU:
        with contextlib.suppress(PermissionError):
            os.chmod(f"/proc/self/fd/{place}", stat.S_IRWXU)  # the folder of the descriptor, whatever its name is now
