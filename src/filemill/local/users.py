"""Whom each server is where root starts it: a user of its own, so that one that is taken over reaches no other.

Debian's user is taken where Debian has made one, else a number that neither Debian nor systemd gives to anybody.
"""

import os
import pwd
import stat
from pathlib import Path
from typing import Literal

from filemill.local.process import NotStarted, User
from filemill.sandbox import users as children

ServerName = Literal["postgres", "redis", "clamd", "store"]

_KNOWN: dict[ServerName, tuple[str, int]] = {
    "postgres": ("postgres", 60_710),
    "redis": ("redis", 60_711),
    "clamd": ("clamav", 60_712),
    "store": ("minio-user", 60_713),
}
_BEHIND_LAST, _STEP = 61_184, 10
"""From 60706 up to there systemd's documentation calls numbers unused; above 65535 a container may have none."""

_MAP = Path("/proc/self/uid_map")


def user_of(server: ServerName, program: Path | None = None) -> User | None:
    """Whom this server runs as; None where every server is whoever we are.

    This is so where we are not root, and where the program's file lets its owner alone execute the program.
    """
    if os.geteuid() != 0 or (program is not None and program.stat().st_mode & 0o005 != 0o005):
        return None
    name, number = _KNOWN[server]
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        free = next(one for one in range(number, _BEHIND_LAST, _STEP) if not children.is_named(one))
        return User(free, free) if _is_mapped(free) else _nobody()
    return User(entry.pw_uid, entry.pw_gid)


def hand_over(folder: Path, user: User | None) -> None:
    """Makes a folder and all in it the user's, where it is not. Raises NotStarted where that cannot be done.

    The folder itself comes last: a hand-over that was killed begins again at the next start. No link is followed, and a
    file that has another name somewhere else changes hands only if it belonged to the folder's owner.
    """
    before = folder.stat()
    if user is None or (before.st_uid, before.st_gid) == (user.uid, user.gid):
        return
    top = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        waiting = ["."]
        while waiting:
            waiting += _hand_over_entries(top, waiting.pop(), user, before.st_uid)
        os.chown(folder, user.uid, user.gid)
    except OSError as error:
        raise NotStarted(f"The folder {folder} cannot become that of user {user.uid}: {error.strerror}.") from error
    finally:
        os.close(top)


def _hand_over_entries(top: int, path: str, user: User, owner: int) -> list[str]:
    """Makes what lies in one folder below `top` the user's -> the folders in it."""
    opened = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=top)
    folders = []
    try:
        with os.scandir(opened) as entries:
            for entry in entries:
                found = entry.stat(follow_symlinks=False)
                if stat.S_ISDIR(found.st_mode):
                    folders.append(f"{path}/{entry.name}")
                elif found.st_nlink > 1 and found.st_uid != owner:
                    continue
                os.chown(entry.name, user.uid, user.gid, dir_fd=opened, follow_symlinks=False)
    finally:
        os.close(opened)
    return folders


def give(path: Path, user: User | None) -> None:
    """Makes one file or folder of ours the user's."""
    if user is not None:
        os.chown(path, user.uid, user.gid, follow_symlinks=False)


def _nobody() -> User:
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        return User(65_534, 65_534)
    return User(entry.pw_uid, entry.pw_gid)


def _is_mapped(number: int) -> bool:
    """Whether this number is somebody here: a container may know a few users only."""
    try:
        lines = [[int(word) for word in line.split()] for line in _MAP.read_text().splitlines()]
    except OSError:
        return True
    return any(first <= number < first + count for first, _, count in lines)
