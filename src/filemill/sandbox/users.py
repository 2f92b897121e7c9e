"""The user that a child is where root starts the child: one of its own, whom no other process of the machine is.

Such a user has no name and no entry anywhere, only a number. So a child reads nothing that one of the machine's users
keeps for himself, and children neither signal nor read one another, on every kernel.
"""

import contextlib
import os
import pwd
import random
from pathlib import Path

import msgspec

NUMBERS = range(70_000, 100_000)
"""Neither Debian nor systemd gives these numbers to anybody; the numbers for containers (/etc/subuid) begin behind."""

_chance = random.SystemRandom()


class User(msgspec.Struct, frozen=True):
    """Whom a process runs as."""

    uid: int
    gid: int


def may_change() -> bool:
    """Whether this process may start others as another user."""
    return os.geteuid() == 0


def free() -> User:
    """A user who has neither a name nor a process here."""
    busy = _busy()
    while True:
        number = _chance.choice(NUMBERS)
        if number not in busy and not is_named(number):
            return User(number, number)


def hand_over(folder: Path, user: User | None) -> None:
    """Makes a folder the user's; nobody's where there is none."""
    if user is not None:
        os.chown(folder, user.uid, user.gid, follow_symlinks=False)


def _busy() -> set[int]:
    found = set()
    with os.scandir("/proc") as entries:
        for entry in entries:
            if entry.name.isdigit():
                with contextlib.suppress(OSError):
                    found.add(entry.stat().st_uid)
    return found


def is_named(number: int) -> bool:
    """Whether a user of this machine has this number."""
    try:
        pwd.getpwuid(number)
    except KeyError:
        return False
    return True
