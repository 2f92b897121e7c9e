"""Bubblewrap: the isolated sandbox as one argument list, and the probe that tells whether bubblewrap starts here.

A child inside sees: a loopback of its own and no other network; the processes of the sandbox alone; /usr, the files of
fonts and LibreOffice in /etc, and this interpreter with its packages, all read-only; a folder to work in, and one for
temporary files. A child sees no user's home, no /etc/passwd, no other job. All capabilities are dropped, root's too.
"""

import os
import shutil
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from filemill.sandbox import readable
from filemill.sandbox.kinds import OWN, TMP, WORK, python
from filemill.sandbox.users import NUMBERS, User

INSIDE = "/sandbox"
"""The child's folder, as the child sees it. No machine has programs of its own at this path: they would be hidden."""

_SYSTEM = ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32")
"""Links into /usr on most machines, folders on some."""

_ALONE = ("--die-with-parent", "--new-session", "--cap-drop", "ALL")
_UNSHARED = ("--unshare-all",)

_UNSHARED_BY_ROOT = ("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try")
"""All namespaces but that of users: within one of root's, root could become no other user of the machine."""

_UNTIL_ANOTHER_USER = ("CAP_SETUID", "CAP_SETGID", "CAP_SETPCAP", "CAP_DAC_READ_SEARCH")
"""What it takes to enter the child's folder and to become the child's user; given up with that."""

_SETPRIV = "/usr/bin/setpriv"

_END = ("--remount-ro", "/", "--chdir", INSIDE)

_FRESH_PROC = ("--proc", "/proc")
_BOUND_PROC = ("--ro-bind", "/proc", "/proc")
PROCS = (_FRESH_PROC, _BOUND_PROC)
"""A new /proc, or the container's own where the container lets nobody mount one.

The container's own /proc shows the ids of its processes and no more: every process of ours with a secret hides itself.
"""


class Bubblewrap:
    """The isolated sandbox.

    `readable`: paths that the children may read beside programs. `proc`: one of `PROCS`. `changes_user`: whether root
    makes each sandbox without a namespace of users, and each child then becomes a user of its own.
    """

    kind = "isolated"

    def __init__(
        self,
        program: str,
        *,
        readable: tuple[Path, ...] = (),
        proc: tuple[str, ...] = _FRESH_PROC,
        changes_user: bool = False,
    ) -> None:
        self._program = program
        self.readable = readable
        self._proc = proc
        self.changes_user = changes_user

    def workdir(self, folder: Path) -> Path:
        """The child's folder for its job, without its folder for temporary files."""
        return folder / WORK

    def environment(self, folder: Path, user: User | None) -> dict[str, str]:
        """The variables that a program needs, and no others: a child can read bubblewrap's own environment."""
        del folder, user
        path = f"{Path(sys.executable).parent}:/usr/bin:/bin"
        return {"PATH": path, "LANG": "C.UTF-8", "TMPDIR": "/tmp", "HOME": "/tmp"} | OWN  # noqa: S108 -- its own /tmp

    def command(self, folder: Path, program: tuple[str, ...], user: User | None) -> tuple[str, ...]:
        """The argument list: bubblewrap, and inside it the interpreter with `program`."""
        own = ("--bind", str(folder / TMP), "/tmp", "--bind", str(folder / WORK), INSIDE)  # noqa: S108
        paths = (*readable.interpreter(), *self.readable)
        places = (*_above(paths, user), *(word for path in paths for word in ("--ro-bind", str(path), str(path))))
        # The interpreter may lie below /tmp: its mounts must come after the mount of /tmp.
        shown = (*_system(user), *self._proc, *own, *places, *_END)
        return (self._program, *_alone(user), *shown, *_become(user), *python(program), "--kind", self.kind)

    def begins_as(self, user: User | None) -> User | None:
        """This process's own user: bubblewrap makes the sandbox first."""
        del user
        return None


def find() -> str | None:
    """The path of bubblewrap, or None."""
    return shutil.which("bwrap")


def probe(program: str, proc: tuple[str, ...], *, changes_user: bool = False) -> tuple[str, ...]:
    """An argument list that exits with 0 where bubblewrap can make an isolated sandbox."""
    user = User(NUMBERS[0], NUMBERS[0]) if changes_user else None
    return (program, *_alone(user), *_system(user), *proc, *_become(user), "/usr/bin/true")


def _alone(user: User | None) -> tuple[str, ...]:
    if user is None:
        return (*_UNSHARED, *_ALONE)
    return (*_UNSHARED_BY_ROOT, *_ALONE, *(word for name in _UNTIL_ANOTHER_USER for word in ("--cap-add", name)))


def _become(user: User | None) -> tuple[str, ...]:
    """Starts a program as another user who has no rights and can get none."""
    if user is None:
        return ()
    who = ("--reuid", str(user.uid), "--regid", str(user.gid), "--clear-groups")
    return (_SETPRIV, *who, "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all")


def _system(user: User | None) -> Iterator[str]:
    yield from ("--ro-bind", "/usr", "/usr")
    for place in _SYSTEM:
        if os.path.islink(place):
            yield from ("--symlink", os.readlink(place), place)
        else:
            yield from ("--ro-bind-try", place, place)
    yield from _above(map(Path, readable.PROGRAMS), user)
    for place in readable.PROGRAMS:
        yield from ("--ro-bind-try", place, place)
    yield from ("--dev", "/dev", "--remount-ro", "/dev")  # no limit counts shared memory in /dev/shm


def _above(paths: Iterable[Path], user: User | None) -> Iterator[str]:
    """The folders above these paths, for every user; those that bubblewrap makes by itself let their owner through."""
    if user is None:
        return  # bubblewrap before 0.5 knows no --perms
    for folder in dict.fromkeys(folder for path in paths for folder in reversed(path.parents[:-1])):
        yield from ("--perms", "0755", "--dir", str(folder))
