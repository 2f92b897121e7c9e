"""Bubblewrap: the walls of an isolated sandbox, as one argument list, and what tells whether it starts here.

Inside there are: no network but a loopback of its own; no process but the sandbox's; of the files /usr, what fonts and
LibreOffice have in /etc, this interpreter with its packages, all read-only; a folder to work in and one for what is
temporary. No user's home, no /etc/passwd, no other job. Capabilities are dropped, also root's.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from filemill.sandbox.kinds import OWN, TMP, WORK, python

INSIDE = "/sandbox"
"""Where a child finds the folder it works in. No machine has its own programs there: they would be hidden."""

_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
"""Links into /usr on most machines, folders on some."""

_READABLE = (
    "/etc/alternatives",
    "/etc/fonts",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/libreoffice",
    "/var/cache/fontconfig",
)

_ALONE = (
    "--unshare-all",
    "--die-with-parent",
    "--new-session",
    "--cap-drop",
    "ALL",
)

_END = ("--remount-ro", "/", "--chdir", INSIDE)

_FRESH_PROC = ("--proc", "/proc")
_BOUND_PROC = ("--ro-bind", "/proc", "/proc")
PROCS = (_FRESH_PROC, _BOUND_PROC)
"""Where a container lets nobody mount a /proc, its own is shown: with the numbers of the processes in it, but no more
of them than that, as each of ours that holds a secret hides itself."""


class Bubblewrap:
    """The walls of an isolated sandbox.

    `readable`: what its children may read beside programs. `proc`: one of `PROCS`.
    """

    kind = "isolated"

    def __init__(self, program: str, *, readable: tuple[Path, ...] = (), proc: tuple[str, ...] = _FRESH_PROC) -> None:
        self._program = program
        self.readable = readable
        self._proc = proc

    def workdir(self, folder: Path) -> Path:
        """The one of its folders that is emptied before every job."""
        return folder / WORK

    def environment(self, folder: Path) -> dict[str, str]:
        """What a program needs. Bubblewrap gets no more itself: its own environment can be read inside."""
        del folder
        path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        return {"PATH": path, "LANG": "C.UTF-8", "TMPDIR": "/tmp", "HOME": "/tmp"} | OWN  # noqa: S108 -- its own /tmp

    def command(self, folder: Path, program: tuple[str, ...]) -> tuple[str, ...]:
        """Bubblewrap, and in it the interpreter."""
        own = ("--bind", str(folder / TMP), "/tmp", "--bind", str(folder / WORK), INSIDE)  # noqa: S108
        places = tuple(argument for path in (*_interpreter(), *self.readable) for argument in _shown(path))
        # The interpreter may lie below /tmp, and then has to come after it.
        return (self._program, *_ALONE, *_system(), *self._proc, *own, *places, *_END, *python(program))


def find() -> str | None:
    """Where the program is, None where it is not."""
    return shutil.which("bwrap")


def probe(program: str, proc: tuple[str, ...]) -> tuple[str, ...]:
    """An argument list that ends well where an isolated sandbox can be made."""
    return (program, *_ALONE, *_system(), *proc, "/usr/bin/true")


def _system() -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for place in _SYSTEM:
        if os.path.islink(place):
            yield from ("--symlink", os.readlink(place), place)
        else:
            yield from ("--ro-bind-try", place, place)
    for place in _READABLE:
        yield from ("--ro-bind-try", place, place)
    yield from ("--dev", "/dev", "--remount-ro", "/dev")  # shared memory there would be nobody's


def _interpreter() -> Iterator[Path]:
    """Where Python and its packages lie; of a checkout only the packages themselves."""
    yield from {Path(prefix) for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix)} - {Path("/usr")}
    for package in ("filemill", "workers"):
        spec = find_spec(package)
        yield from map(Path, spec.submodule_search_locations or () if spec else ())


def _shown(path: Path) -> tuple[str, ...]:
    return ("--ro-bind", str(path), str(path))
