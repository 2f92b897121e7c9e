"""Which walls of a job's process this machine has: what `doctor` says of them, and `serve` where one is missing."""

import sys

from filemill.local import process
from filemill.local.finding import Finding
from filemill.local.process import NotStarted, User
from filemill.sandbox import bubblewrap, kinds, landlock, seccomp, users

_SECONDS = 20.0
_LATER = {
    landlock.PORTS_SINCE: "TCP ports (since Linux 6.7)",
    landlock.SCOPED_SINCE: "signals and abstract sockets (since Linux 6.12)",
}
"""What Landlock keeps from a process besides files, by the version that brought it."""


def look() -> list[Finding]:
    """What there is of Landlock and libseccomp, and whom jobs run as."""
    return [_landlock(), _seccomp(), _user()]


def why_root() -> str:
    """Why processes of jobs run as root, who starts `serve`; "" where they do not."""
    if not users.may_change():
        return ""
    number = users.NUMBERS[0]
    asked = (*kinds.python(("-c", "import workers.child")),)
    try:
        process.run(sys.executable, asked, environ=kinds.kept(), user=User(number, number), seconds=_SECONDS)
    except NotStarted as error:
        return f"processes of table jobs run as root, as no other user can run Python: {error.message.rstrip('.')}"
    program = bubblewrap.find()
    if program and not any(_makes_users(program, proc) for proc in bubblewrap.PROCS):
        return "processes of document jobs run as root in a namespace of users, as bubblewrap needs one here"
    return ""


def _makes_users(program: str, proc: tuple[str, ...]) -> bool:
    try:
        process.run("bwrap", bubblewrap.probe(program, proc, changes_user=True), environ={}, seconds=_SECONDS)
    except NotStarted:
        return False
    return True


def _landlock() -> Finding:
    known = landlock.version()
    if known < 1:
        advice = "a table job's process reads what its user can: take Linux 5.13 or newer, with lsm=landlock"
        return Finding("Landlock", trouble="this kernel has none", advice=advice, needed=False)
    missing = [what for since, what in _LATER.items() if since > known]
    advice = f"this kernel's version does not know {', '.join(missing)}" if missing else ""
    return Finding("Landlock", f"version {known}", advice=advice)


def _seccomp() -> Finding:
    if seccomp.is_there():
        return Finding("libseccomp", seccomp.LIBRARY)
    advice = "run filemill install (system package libseccomp2); jobs' processes make any system call without it"
    return Finding("libseccomp", trouble="missing", advice=advice, needed=False)


def _user() -> Finding:
    if not users.may_change():
        return Finding("Jobs' users", "jobs run as the user of serve; each has a user of its own where root starts it")
    if why := why_root():
        advice = "put Python and filemill where every user can read them, such as a venv in /opt of /usr/bin/python3"
        return Finding("Jobs' users", trouble=why, advice=advice, needed=False)
    return Finding("Jobs' users", "each process of a job is a user of its own")
