"""What stands around a lane's children: how each is started, in which folder it works, what its environment holds.

A *networked* child is our own engine on typed steps. The child reaches the store with a key that comes with the run and
may only read inputs and write outputs. An *isolated* child runs other people's programs on other people's files: no
network, no secret, and of the machine's files only programs; its runner brings files in and out. A *weak* child is what
is left of an isolated one where bubblewrap cannot start and the operator accepts that: limits and folders of its own.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol

Kind = Literal["networked", "isolated"]

KINDS: Mapping[str, Kind] = {"tables": "networked", "documents": "isolated"}
"""Lane -> the kind of its sandbox: the one place where that is decided."""

_KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "VIRTUAL_ENV", "PYTHONPATH", "SSL_CERT_FILE")
OWN = {"PYTHONDONTWRITEBYTECODE": "1", "MALLOC_ARENA_MAX": "2"}
"""Few arenas: a child's memory limit counts what the C library sets aside for every thread, used or not."""

CHILD = ("-m", "workers.child")
"""What the interpreter runs in every sandbox."""

WORK, TMP = "work", "tmp"
"""The two folders of a child that gets its files brought: one emptied before every job, one for as long as it lives."""


class Sandbox(Protocol):
    """How the children of a lane are started, each with a folder of its own."""

    kind: str

    def workdir(self, folder: Path) -> Path:
        """The folder, as this process sees it, in which a child works."""
        ...

    def environment(self, folder: Path) -> dict[str, str]:
        """All that a child's environment holds."""
        ...

    def command(self, folder: Path, program: tuple[str, ...]) -> tuple[str, ...]:
        """The argument list that runs `program`, Python's own arguments, in there."""
        ...


class Networked:
    """Nothing around it but what it puts around itself."""

    kind = "networked"

    def workdir(self, folder: Path) -> Path:
        """Its folder."""
        return folder

    def environment(self, folder: Path) -> dict[str, str]:
        """What a program needs, and nothing else of ours."""
        return kept() | {"TMPDIR": str(folder), "HOME": str(folder)} | OWN

    def command(self, folder: Path, program: tuple[str, ...]) -> tuple[str, ...]:
        """The interpreter, bound to this process."""
        del folder
        return bound(program)


class Weak:
    """What is left of an isolated sandbox without bubblewrap."""

    kind = "weak"

    def workdir(self, folder: Path) -> Path:
        """The one of its folders that is emptied before every job."""
        return folder / WORK

    def environment(self, folder: Path) -> dict[str, str]:
        """What a program needs, and nothing else of ours."""
        return kept() | {"TMPDIR": str(folder / TMP), "HOME": str(folder / TMP)} | OWN

    def command(self, folder: Path, program: tuple[str, ...]) -> tuple[str, ...]:
        """The interpreter, bound to this process."""
        del folder
        return bound(program)


def kept() -> dict[str, str]:
    """What a child's environment keeps of ours."""
    return {name: os.environ[name] for name in _KEPT if name in os.environ}


def bound(program: tuple[str, ...]) -> tuple[str, ...]:
    """This interpreter with these arguments, for a child that ends with this process."""
    return (*python(program), "--parent", str(os.getpid()))


def python(program: tuple[str, ...]) -> tuple[str, ...]:
    """This interpreter with these arguments; nothing is imported from the folder it works in."""
    return (sys.executable, "-P", *program)
