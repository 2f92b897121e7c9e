"""The one place that starts server processes and other programs, and sees to it that they end.

A server gets a session of its own (so its whole group can be killed), a log file, and a death signal: should we be
killed with SIGKILL, the kernel ends it for us. PostgreSQL's own children each make a session again, so a kill goes to
every descendant, not to the group alone.
"""

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import msgspec
import psutil

from filemill.errors import FilemillError
from filemill.local import rotation
from filemill.local.parallel import Parallel

LOOPBACK = "127.0.0.1"
POLL_SECONDS = 0.01
KILLED_SECONDS = 5.0
"""How long the kernel may take to bury what was killed: it waits for what is on its way to the disk."""

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)
_spawner = ThreadPoolExecutor(1, thread_name_prefix="filemill-spawner")
"""A death signal is sent when the *thread* that forked ends; this thread lives as long as we do."""


class NotStarted(FilemillError):
    """A server did not start."""


class User(msgspec.Struct, frozen=True):
    """Whom a program runs as."""

    uid: int
    gid: int


class Program(msgspec.Struct, frozen=True, kw_only=True):
    """How one server is started and ended. `grace` is in seconds: how long it may take to end by itself."""

    name: str
    argv: tuple[str, ...]
    log: Path
    environ: dict[str, str] = {}
    folder: Path = Path("/")
    user: User | None = None
    kept_fds: tuple[int, ...] = ()
    stop_signal: signal.Signals = signal.SIGTERM
    death_signal: signal.Signals = signal.SIGKILL
    grace: float = 5.0


class Process:
    """One server: started, watched, stopped; it may be started again."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self._child: subprocess.Popen[bytes] | None = None
        self._buried: subprocess.Popen[bytes] | None = None
        self._log_start = 0
        self._heard: set[bytes] = set()

    @property
    def pid(self) -> int | None:
        """Its process id, which is its group's too; None when it was never started."""
        return self._child.pid if self._child else None

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._child is not None and self._child.poll() is None

    @property
    def exit_code(self) -> int | None:
        """What it ended with; None while it runs."""
        return self._child.poll() if self._child else None

    def start(self) -> None:
        """Starts it; does not wait until it answers. Raises NotStarted where the program itself is missing."""
        self._child = _spawner.submit(self._spawn).result()

    def wait_until(self, ready: Callable[[], bool], seconds: float) -> None:
        """Waits until `ready` says True. Raises NotStarted, with its log's last line, when it ends or is too slow."""
        deadline = time.monotonic() + seconds
        while not ready():
            if not self.alive:
                raise NotStarted(f"{self.program.name} ended with code {self.exit_code}{self._last_words()}")
            if time.monotonic() > deadline:
                self.kill()
                raise NotStarted(f"{self.program.name} was not ready after {seconds:g} s{self._last_words()}")
            time.sleep(POLL_SECONDS)

    def said(self, words: bytes) -> bool:
        """Whether these words stand in its log since its last start, or stood there when somebody asked before."""
        if words not in self._heard:
            with open(self.program.log, "rb") as log:
                log.seek(self._log_start)
                if words in log.read():
                    self._heard.add(words)
        return words in self._heard

    def turn_log_over(self) -> None:
        """Puts a log aside that has grown too long, while the server goes on writing."""
        if rotation.turn_over_open(self.program.log):
            self._log_start = 0

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the leader alone; a process that is gone is no error."""
        if self._child is not None and self._child.poll() is None:
            self._child.send_signal(number)

    def stop(self, grace: float | None = None) -> None:
        """Asks the leader to end, gives it `grace` seconds, then kills whatever of it is left."""
        if self._child is None or self._child is self._buried:
            return
        # Those in sessions of their own are not to be found any more once the leader has ended.
        family = _family(self._child.pid)
        self.signal(self.program.stop_signal)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._child.wait(self.program.grace if grace is None else grace)
        self._kill(family)

    def kill(self) -> None:
        """Kills it and all its descendants at once, what a crashed leader's group holds included; waits for them."""
        self._kill([])

    def _kill(self, known: list[psutil.Process]) -> None:
        child = self._child
        if child is None or child is self._buried:
            return
        family = {*known, *_family(child.pid)}
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(child.pid, signal.SIGKILL)
        for one in family:
            with contextlib.suppress(psutil.Error):
                one.kill()
        child.wait()
        deadline = time.monotonic() + KILLED_SECONDS
        while not all(map(_is_gone, family)) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        self._buried = child  # from here on the number may belong to somebody else

    def _spawn(self) -> subprocess.Popen[bytes]:
        program = self.program
        program.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        rotation.turn_over(program.log)
        self._heard.clear()
        with open(program.log, "ab", opener=rotation.private) as log:
            self._log_start = log.tell()
            try:
                return subprocess.Popen(
                    program.argv,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    env=program.environ,
                    cwd=program.folder,
                    start_new_session=True,
                    pass_fds=program.kept_fds,
                    preexec_fn=_dying_with_us(program.death_signal),  # noqa: PLW1509 -- one C call, nothing is imported
                    user=program.user.uid if program.user else None,
                    group=program.user.gid if program.user else None,
                    extra_groups=[] if program.user else None,
                )
            except OSError as error:
                raise NotStarted(f"{program.name} cannot be started: {error.strerror}: {error.filename}") from error

    def _last_words(self) -> str:
        line = rotation.last_line(self.program.log, self._log_start)
        return f": {line}" if line else "."


def _family(pid: int) -> list[psutil.Process]:
    """All below a process, and all in its group; of one that has ended only these are to be found."""
    found = [one for one in psutil.process_iter() if one.pid != pid and _group_of(one) == pid]
    with contextlib.suppress(psutil.Error):
        found += psutil.Process(pid).children(recursive=True)
    return found


def _group_of(process: psutil.Process) -> int | None:
    try:
        return os.getpgid(process.pid)
    except ProcessLookupError:
        return None


def _is_gone(process: psutil.Process) -> bool:
    """Whether it has ended; it may be that nobody has asked how."""
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return True


def run(
    name: str,
    argv: Sequence[str],
    *,
    environ: Mapping[str, str] | None = None,
    user: User | None = None,
    kept_fds: Sequence[int] = (),
    seconds: float = 60,
) -> str:
    """Runs a program to its end -> what it printed. Raises NotStarted with its last line when it fails."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            env=None if environ is None else dict(environ),
            cwd="/",
            pass_fds=tuple(kept_fds),
            timeout=seconds,
            check=False,
            preexec_fn=_dying_with_us(signal.SIGKILL),
            user=user.uid if user else None,
            group=user.gid if user else None,
            extra_groups=[] if user else None,
        )
    except OSError as error:
        raise NotStarted(f"{name} cannot be started: {error.strerror}: {error.filename}") from error
    except subprocess.TimeoutExpired as error:
        raise NotStarted(f"{name} took longer than {seconds:g} s.") from error
    if done.returncode:
        lines = [line.strip() for line in done.stdout.splitlines() if line.strip()]
        raise NotStarted(f"{name} ended with code {done.returncode}: {lines[-1] if lines else 'it said nothing'}")
    return done.stdout


def run_visibly(argv: Sequence[str]) -> int:
    """Runs a program that shares our terminal -> its exit code; 127 where it is missing."""
    try:
        return subprocess.run(argv, check=False).returncode
    except OSError:
        return 127


def plain_environ(**more: str) -> dict[str, str]:
    """An environment that holds nothing of ours but what a program needs to run at all."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "TMPDIR", "TZ") if name in os.environ}
    return {"PATH": os.defpath, "LANG": "C.UTF-8", **kept, **more}


def in_parallel(*actions: Callable[[], object]) -> None:
    """Runs all actions at once, each in its thread, and waits for all; raises the first one's error."""
    all_of_them = Parallel(*actions)
    all_of_them.start()
    all_of_them.wait()


def _dying_with_us(number: signal.Signals) -> Callable[[], None]:
    # It is called after setuid, which would clear the death signal again.
    return partial(_dying_with, os.getpid(), number)


def _dying_with(parent: int, number: signal.Signals) -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # a core file would keep what callers have sent
    if os.getppid() != parent:  # it was gone before we asked
        os._exit(1)
