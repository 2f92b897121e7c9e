"""Shuts this process in, from inside, before it has seen a byte of anybody: rights, limits, Landlock, system calls."""

import ctypes
import os
import resource
import struct
import tempfile
from pathlib import Path

from filemill.sandbox import landlock, seccomp, users

PROCESSES = 1024
"""Most processes and threads of a child's own user; LibreOffice has some 40, an engine of tables 2.5 for every core."""

_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITIES_VERSION = struct.pack("=Ii", 0x20080522, 0)


def shut_in(kind: str, *, ports: tuple[int, ...] | None = None, datagrams: bool = True) -> tuple[str, ...]:
    """Shuts this process and all it starts into a sandbox of this kind -> the walls that this machine lacks.

    Ports and datagrams are those of a networked sandbox. To be called before there is a second thread.
    """
    limit()
    give_up_rights()
    held = {"Landlock": _shut_files(kind, ports)}
    held["seccomp"] = seccomp.refuse(networked=kind == "networked", datagrams=datagrams)
    return tuple(name for name, is_held in held.items() if not is_held)


def _shut_files(kind: str, ports: tuple[int, ...] | None) -> bool:
    match kind:
        case "networked":
            return landlock.shut(Path("."), ports=ports)
        case "weak":
            return landlock.shut(Path("."), Path(tempfile.gettempdir()), ports=(), sockets=True)
        case _:
            return True  # bubblewrap shows no other files


def limit() -> None:
    """No core files, no queues and no locked memory; few processes where no one else's count as this user's."""
    # A crash must leave nothing of a caller's files on disk.
    for what in (resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE):
        resource.setrlimit(what, (0, 0))
    if os.getuid() in users.NUMBERS:
        resource.setrlimit(resource.RLIMIT_NPROC, (PROCESSES, PROCESSES))


def give_up_rights() -> None:
    """No capability, no further group, and no program that would bring either back."""
    libc = ctypes.CDLL(None)
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if os.geteuid() == 0 and os.getgroups():
        _leave_groups()
    # Root may read some of what belongs to other processes by its capabilities alone.
    libc.capset(_CAPABILITIES_VERSION, bytes(24))


def _leave_groups() -> None:
    try:
        os.setgroups([])
    except PermissionError:
        return  # a root without capabilities, as in a container, keeps the groups the container gave
