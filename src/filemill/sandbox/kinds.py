"""The kinds of sandboxes: how a lane's children start, in which folder they work, what their environment holds.

A *networked* child is our own engine on typed steps. The child reaches the store with a key that comes with the run and
may only read inputs and write outputs. An *isolated* child runs other people's programs on other people's files: no
network, no secret, and of the machine's files only programs; its runner stages the files. A *weak* child has only the
limits and folders of an isolated one: for machines where bubblewrap cannot start and the operator accepts the risk.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol

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

STAYING = ("office-", "OSL_PIPE_")
"""How names in `TMP` begin that stay from job to job: the folder of the warm LibreOffice, and its sockets."""


class Sandbox(Protocol):
    """How the children of a lane start, each with a folder of its own."""

    kind: str

    def workdir(self, folder: Path) -> Path:
        """The folder in which a child works, as this process sees the folder."""
        ...

    def environment(self, folder: Path) -> dict[str, str]:
        """The whole environment of a child."""
        ...

    def command(self, folder: Path, program: tuple[str, ...]) -> tuple[str, ...]:
        """The argument list that runs Python with the arguments `program` inside the sandbox."""
        ...


class Networked:
    """No sandbox from outside: the child restricts itself with Landlock."""

    kind = "networked"

    def workdir(self, folder: Path) -> Path:
        """The child's folder itself."""
        return folder

    def environment(self, folder: Path) -> dict[str, str]:
        """The variables that a program needs, and no other variable of this process."""
        return kept() | {"TMPDIR": str(folder), "HOME": str(folder)} | OWN

    def command(self, folder: Path, program: tuple[str, ...]) -> tuple[str, ...]:
        """The interpreter, which ends with this process."""
        del folder
        return bound(program)


class Weak:
    """The limits and folders of an isolated sandbox, without bubblewrap."""

    kind = "weak"

    def workdir(self, folder: Path) -> Path:
        """The child's folder for its job, without its folder for temporary files."""
        return folder / WORK

    def environment(self, folder: Path) -> dict[str, str]:
        """The variables that a program needs, and no other variable of this process."""
        return kept() | {"TMPDIR": str(folder / TMP), "HOME": str(folder / TMP)} | OWN

    def command(self, folder: Path, program: tuple[str, ...]) -> tuple[str, ...]:
        """The interpreter, which ends with this process."""
        del folder
        return bound(program)


def kept() -> dict[str, str]:
    """The variables of this process that a child gets too."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


def bound(program: tuple[str, ...]) -> tuple[str, ...]:
    """This interpreter with these arguments, for a child that ends with this process."""
    return (*python(program), "--parent", str(os.getpid()))


def python(program: tuple[str, ...]) -> tuple[str, ...]:
    """This interpreter with these arguments; Python imports nothing from the child's folder."""
    return (sys.executable, "-P", *program)
