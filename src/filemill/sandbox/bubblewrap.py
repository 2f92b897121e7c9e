"""Bubblewrap: the isolated sandbox as one argument list, and the probe that tells whether bubblewrap starts here.

A child inside sees: a loopback of its own and no other network; the processes of the sandbox alone; /usr, the files of
fonts and LibreOffice in /etc, and this interpreter with its packages, all read-only; a folder to work in, and one for
temporary files. A child sees no user's home, no /etc/passwd, no other job. All capabilities are dropped, root's too.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from filemill.sandbox.kinds import OWN, TMP, WORK, python

INSIDE = "/sandbox"
"""The child's folder, as the child sees it. No machine has programs of its own at this path: they would be hidden."""

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
"""A new /proc, or the container's own where the container lets nobody mount one.

The container's own /proc shows the ids of its processes and no more: every process of ours with a secret hides itself.
"""


class Bubblewrap:
    """The isolated sandbox.

    `readable`: paths that the children may read beside programs. `proc`: one of `PROCS`.
    """

    kind = "isolated"

    def __init__(self, program: str, *, readable: tuple[Path, ...] = (), proc: tuple[str, ...] = _FRESH_PROC) -> None:
        self._program = program
        self.readable = readable
        self._proc = proc

    def workdir(self, folder: Path) -> Path:
        """The child's folder for its job, without its folder for temporary files."""
        return folder / WORK

    def environment(self, folder: Path) -> dict[str, str]:
        """The variables that a program needs, and no others: a child can read bubblewrap's own environment."""
        del folder
        path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        return {"PATH": path, "LANG": "C.UTF-8", "TMPDIR": "/tmp", "HOME": "/tmp"} | OWN  # noqa: S108 -- its own /tmp

    def command(self, folder: Path, program: tuple[str, ...]) -> tuple[str, ...]:
        """The argument list: bubblewrap, and inside it the interpreter with `program`."""
        own = ("--bind", str(folder / TMP), "/tmp", "--bind", str(folder / WORK), INSIDE)  # noqa: S108
        places = tuple(argument for path in (*_interpreter(), *self.readable) for argument in _shown(path))
        # The interpreter may lie below /tmp: its mounts must come after the mount of /tmp.
        return (self._program, *_ALONE, *_system(), *self._proc, *own, *places, *_END, *python(program))


def find() -> str | None:
    """The path of bubblewrap, or None."""
    return shutil.which("bwrap")


def probe(program: str, proc: tuple[str, ...]) -> tuple[str, ...]:
    """An argument list that exits with 0 where bubblewrap can make an isolated sandbox."""
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
    yield from ("--dev", "/dev", "--remount-ro", "/dev")  # no limit counts shared memory in /dev/shm


def _interpreter() -> Iterator[Path]:
    """The folders of Python and its packages; of a checkout only the packages themselves."""
    yield from {Path(prefix) for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix)} - {Path("/usr")}
    for package in ("filemill", "workers"):
        spec = find_spec(package)
        yield from map(Path, spec.submodule_search_locations or () if spec else ())


def _shown(path: Path) -> tuple[str, ...]:
    return ("--ro-bind", str(path), str(path))
