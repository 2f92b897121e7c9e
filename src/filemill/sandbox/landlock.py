"""Confines a job's process by Landlock: to programs and its own folder, to ports of the store, to its own processes.

Beside files, the kernel then refuses everything that needs `ptrace`: the environment, memory and descriptors of all
processes outside. Landlock needs no rights, and holds for root too.
"""

import ctypes
import os
import stat
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

from filemill.sandbox import readable

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""System calls, with the same numbers on every kind of machine."""

_ASK_VERSION = 1
_PATH_BENEATH, _PORT = 1, 2

_EXECUTE, _WRITE, _READ, _LIST, _TRUNCATE = 1, 1 << 1, 1 << 2, 1 << 3, 1 << 14
_REMOVE_FILE, _MAKE_SOCKET = 1 << 5, 1 << 9
_ON_PLAIN_FILES = _EXECUTE | _WRITE | _READ | _TRUNCATE
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1}
_MOST_RIGHTS = (1 << 16) - 1
"""All rights on files in Landlock's version 5; later versions know these rights too."""

PORTS_SINCE, SCOPED_SINCE = 4, 6
_BIND, _CONNECT = 1, 1 << 1
_ABSTRACT_SOCKETS, _SIGNALS = 1, 1 << 1

_SYSTEM = (
    *("/usr", "/lib", "/lib64", "/bin", "/proc", "/sys"),
    *("/var/lib/libreoffice", "/var/spool/libreoffice"),
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")

_libc = ctypes.CDLL(None, use_errno=True)


def version() -> int:
    """The version of the kernel's Landlock; less than 1 where the kernel has none."""
    return int(_libc.syscall(_CREATE_RULESET, None, 0, _ASK_VERSION))


def shut(*folders: Path, ports: tuple[int, ...] | None = None, sockets: bool = False) -> bool:
    """Confines this thread and all its future threads and processes -> False where the kernel has no Landlock.

    They may write in `folders` alone, and connect to TCP `ports` alone (None: to all). `sockets` allows to make and
    remove sockets below /tmp, where LibreOffice has its own sockets in spite of all settings. The thread must have
    given up new privileges before.
    """
    known = version()
    if known < 1:
        return False
    rights = _RIGHTS.get(known, _MOST_RIGHTS)
    rules = _ruleset(known, rights, has_ports=ports is not None)
    if rules < 0:
        return False
    try:
        for path in _readable():
            _allow(rules, path, _EXECUTE | _READ | _LIST)
        for device in _DEVICES:
            _allow(rules, Path(device), (_READ | _WRITE | _TRUNCATE) & rights)
        for folder in folders:
            _allow(rules, folder, rights)
        if sockets:
            _allow(rules, Path("/tmp"), _MAKE_SOCKET | _REMOVE_FILE)  # noqa: S108
        for port in ports or () if known >= PORTS_SINCE else ():
            _libc.syscall(_ADD_RULE, rules, _PORT, struct.pack("=QQ", _CONNECT, port), 0)
        return bool(_libc.syscall(_RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)


def _ruleset(known: int, rights: int, *, has_ports: bool) -> int:
    """An empty set of rules, open: whatever the rights name is refused unless a rule allows it."""
    words = [rights]
    if known >= PORTS_SINCE:
        words.append(_BIND | _CONNECT if has_ports else 0)
    if known >= SCOPED_SINCE:
        words.append(_ABSTRACT_SOCKETS | _SIGNALS)
    refused = struct.pack(f"={len(words)}Q", *words)
    return int(_libc.syscall(_CREATE_RULESET, refused, len(refused), 0))


def _readable() -> Iterator[Path]:
    """The paths of Python, its packages and the system's libraries."""
    yield from map(Path, (*_SYSTEM, *readable.PROGRAMS, *readable.NETWORK))
    yield from readable.interpreter()
    yield from (Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages"))
    yield from readable.certificates()


def _allow(rules: int, path: Path, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # a missing path needs no rule, nor does one that only root can reach
    try:
        if not stat.S_ISDIR(os.fstat(opened).st_mode):
            rights &= _ON_PLAIN_FILES  # the kernel refuses a rule with rights that a file cannot have
        _libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", rights, opened), 0)
    finally:
        os.close(opened)
