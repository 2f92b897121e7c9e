"""The kinds of sandboxes: how a lane's children start, in which folder they work, what their environment holds.

A *networked* child is our own engine on typed steps. The child reaches the store with a key that comes with the run and
may only read inputs and write outputs. An *isolated* child runs other people's programs on other people's files: no
network, no secret, and of the machine's files only programs; its runner stages the files. A *weak* child has only the
limits and folders of an isolated one: for machines where bubblewrap cannot start and the operator accepts the risk.
"""

import os
import sys
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import urlsplit

from filemill.sandbox import users
from filemill.sandbox.users import User

Kind = Literal["networked", "isolated"]

KINDS: Mapping[str, Kind] = {"tables": "networked", "documents": "isolated"}
"""Lane -> the kind of its sandbox. No other place decides the kind."""

_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "VIRTUAL_ENV", "PYTHONPATH", "SSL_CERT_FILE")
OWN = {"PYTHONDONTWRITEBYTECODE": "1", "MALLOC_ARENA_MAX": "2"}
"""Few arenas: a child's memory limit counts the memory that the C library reserves for every thread, used or not."""

CHILD = ("-m", "workers.child")
"""Python's arguments in every sandbox."""

WORK, TMP = "work", "tmp"
"""The two folders of an isolated child: for its job, and for temporary files."""

STAYING = "office-"
"""How the name in `TMP` begins that stays from job to job: that of the warm LibreOffice's folder."""


HERE = "/proc/self/cwd"
"""A child's folder to the child itself, whatever lies above: no other user gets through the home of one."""

_PORTS = {"http": 80, "https": 443}
_NAMES_PORT = 53
"""A long answer to a lookup of a name comes by TCP."""


class Sandbox(Protocol):
    """How the children of a lane start, each with a folder of its own.

    `changes_user`: whether each child gets a user of its own, which takes root.
    """

    kind: str
    changes_user: bool

    def workdir(self, folder: Path) -> Path:
        """The folder in which a child works, as this process sees the folder."""
        ...

    def environment(self, folder: Path, user: User | None) -> dict[str, str]:
        """The whole environment of a child."""
        ...

    def command(self, folder: Path, program: tuple[str, ...], user: User | None) -> tuple[str, ...]:
        """The argument list that runs Python with the arguments `program` inside the sandbox."""
        ...

    def begins_as(self, user: User | None) -> User | None:
        """Whom the first program of a child is started as; None for this process's own user."""
        ...


class Networked:
    """No sandbox from outside: the child shuts itself in. `store`: the store's address, the only one it connects to."""

    kind = "networked"

    def __init__(self, store: str = "") -> None:
        self.changes_user = users.may_change()
        self._reach = _reach(store)

    def workdir(self, folder: Path) -> Path:
        """The child's folder itself."""
        return folder

    def environment(self, folder: Path, user: User | None) -> dict[str, str]:
        """The variables that a program needs, and no other variable of this process."""
        here = HERE if user else str(folder)
        return kept() | {"TMPDIR": here, "HOME": here} | OWN

    def command(self, folder: Path, program: tuple[str, ...], user: User | None) -> tuple[str, ...]:
        """The interpreter, which ends with this process."""
        del folder, user
        return (*bound(program), "--kind", self.kind, *self._reach)

    def begins_as(self, user: User | None) -> User | None:
        """The child's own user."""
        return user


class Weak:
    """The limits and folders of an isolated sandbox, without bubblewrap; its children stay this process's user.

    LibreOffice wants whole paths, and no other user gets through the home of one.
    """

    kind = "weak"
    changes_user = False

    def workdir(self, folder: Path) -> Path:
        """The child's folder for its job, without its folder for temporary files."""
        return folder / WORK

    def environment(self, folder: Path, user: User | None) -> dict[str, str]:
        """The variables that a program needs, and no other variable of this process."""
        del user
        return kept() | {"TMPDIR": str(folder / TMP), "HOME": str(folder / TMP)} | OWN

    def command(self, folder: Path, program: tuple[str, ...], user: User | None) -> tuple[str, ...]:
        """The interpreter, which ends with this process."""
        del folder, user
        return (*bound(program), "--kind", self.kind)

    def begins_as(self, user: User | None) -> User | None:
        """This process's own user."""
        del user
        return None


def kept() -> dict[str, str]:
    """The variables of this process that a child gets too."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


def bound(program: tuple[str, ...]) -> tuple[str, ...]:
    """This interpreter with these arguments, for a child that ends with this process."""
    return (*python(program), "--parent", str(os.getpid()))


def python(program: tuple[str, ...]) -> tuple[str, ...]:
    """This interpreter with these arguments; Python imports nothing from the child's folder."""
    return (sys.executable, "-P", *program)


def _reach(store: str) -> tuple[str, ...]:
    """What a child is told of the network: the store's port, and whether it has names to look up."""
    if not store:
        return ()
    address = urlsplit(store)
    reach = ("--port", str(address.port or _PORTS[address.scheme]))
    try:
        ip_address(address.hostname or "")
    except ValueError:
        return (*reach, "--port", str(_NAMES_PORT))
    return (*reach, "--no-names")
