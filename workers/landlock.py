"""Confines a job's process by Landlock to Python, the system's files and its own folder.

Beside files, the kernel then refuses everything that needs `ptrace`: the environment, memory and descriptors of all
processes outside. Landlock needs no rights, and holds for root too.
"""

import ctypes
import os
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

import filemill
import workers

_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
"""System calls, with the same numbers on every kind of machine."""

_ASK_VERSION = 1
_PATH_BENEATH = 1
_PR_SET_NO_NEW_PRIVS = 38
_CAPABILITIES_VERSION = struct.pack("=Ii", 0x20080522, 0)

_EXECUTE, _WRITE, _READ, _LIST, _TRUNCATE = 1, 1 << 1, 1 << 2, 1 << 3, 1 << 14
_REMOVE_FILE, _MAKE_SOCKET = 1 << 5, 1 << 9
_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1}
_MOST_RIGHTS = (1 << 15) - 1
"""All rights on files in Landlock's version 3; later versions know these rights too."""

_SCOPED_SINCE = 6
_SIGNALS = 1 << 1

_SYSTEM = (
    *("/usr", "/lib", "/lib64", "/bin", "/etc", "/proc", "/sys", "/run/systemd/resolve"),
    *("/var/cache/fontconfig", "/var/lib/libreoffice", "/var/spool/libreoffice"),
)
_DEVICES = ("/dev/null", "/dev/zero", "/dev/random", "/dev/urandom")

_libc = ctypes.CDLL(None, use_errno=True)


def shut(*folders: Path, sockets: bool = False) -> bool:
    """Confines this thread and all its future threads and processes -> False where the kernel has no Landlock.

    They may write in `folders` alone, and give up every capability. `sockets` allows to make and remove sockets below
    /tmp, where LibreOffice has its own sockets in spite of all settings.
    """
    version = _libc.syscall(_CREATE_RULESET, None, 0, _ASK_VERSION)
    if version < 1:
        return False
    rights = _RIGHTS.get(version, _MOST_RIGHTS)
    scoped = (0, _SIGNALS) if version >= _SCOPED_SINCE else ()
    refused = struct.pack(f"={1 + len(scoped)}Q", rights, *scoped)
    rules = _libc.syscall(_CREATE_RULESET, refused, len(refused), 0)
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
        _libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        # Root may read some of what belongs to other processes by its capabilities alone.
        _libc.capset(_CAPABILITIES_VERSION, bytes(24))
        return bool(_libc.syscall(_RESTRICT_SELF, rules, 0) == 0)
    finally:
        os.close(rules)


def _readable() -> Iterator[Path]:
    """The paths of Python, its packages and the system's libraries; of a checkout only the packages themselves."""
    yield from map(Path, _SYSTEM)
    yield from {Path(prefix) for prefix in (sys.prefix, sys.base_prefix, sys.exec_prefix)}
    yield from (Path(entry) for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages"))
    yield from (Path(entry) for package in (filemill, workers) for entry in package.__path__)
    if certificates := os.environ.get("SSL_CERT_FILE"):
        yield Path(certificates).parent


def _allow(rules: int, path: Path, rights: int) -> None:
    try:
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # a missing path needs no rule
    try:
        _libc.syscall(_ADD_RULE, rules, _PATH_BENEATH, struct.pack("=Qi", rights, opened), 0)
    finally:
        os.close(opened)
