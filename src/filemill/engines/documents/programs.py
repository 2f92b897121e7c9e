"""Starts the programs that convert: one that runs to its end, and one that stays and answers line by line.

What they are told stands with whoever knows them; nothing here knows a program. They stay in our process group and die
with the process that started them, so that whoever ends the sandbox ends them too. The sandbox limits their memory.
"""

import contextlib
import ctypes
import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from filemill.errors import FilemillError, ProcessKilled

MOST_SECONDS = 600
"""Of one program on one document. The job's own limit ends it earlier where that is shorter."""

KILLED = 72
"""What a program that stays ends with where a program of its own was killed."""

LONGEST_ANSWER = 1 << 20
_CHUNK = 1 << 16
_LAST_SECONDS = 5
_STDERR_TAIL = 4_000
_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


class ProgramFailed(FilemillError):
    """A program failed."""

    def __init__(self, program: str, code: int, stderr: str) -> None:
        super().__init__(f"{program} ended with code {code}: {stderr[-_STDERR_TAIL:].strip()}")
        self.code = code
        self.stderr = stderr


def was_killed(code: int | None) -> bool:
    """Whether a program that ended with this code was ended by somebody else, rather than by what it worked on."""
    return code in (-signal.SIGKILL, -signal.SIGTERM, KILLED)


class TooSlow(FilemillError):
    """A program took longer than it may."""


class Gone(FilemillError):
    """A program that should have stayed has ended; `code` is what with, None where that is not known."""

    def __init__(self, code: int | None = None) -> None:
        super().__init__()
        self.code = code


def environ(**more: str) -> dict[str, str]:
    """What a program finds in its environment: nothing of ours but what any program needs."""
    kept = {name: os.environ[name] for name in ("TMPDIR", "HOME") if name in os.environ}
    return {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", **kept, **more}


def run(argv: Sequence[str], folder: Path, *, seconds: float = MOST_SECONDS) -> bytes:
    """Runs a program to its end, in a folder -> what it printed. Raises ProgramFailed, ProcessKilled, TooSlow."""
    try:
        done = subprocess.run(
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=seconds,
            check=False,
            cwd=folder,
            env=environ(),
            preexec_fn=_die_with_us(),
        )
    except subprocess.TimeoutExpired as error:
        raise TooSlow from error
    if was_killed(done.returncode):
        raise ProcessKilled
    if done.returncode:
        raise ProgramFailed(argv[0], done.returncode, done.stderr.decode(errors="replace"))
    return done.stdout


class Talker:
    """A program that stays: a line in, a line out. Started at once; the first answer may be waited for later."""

    def __init__(self, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        self._process = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=None,  # it goes where ours goes: the log
            env=dict(environment),
            preexec_fn=_die_with_us(),  # noqa: PLW1509 -- one C call, and a child of a sandbox has one thread
        )
        self._heard = b""

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether it runs."""
        return self._process.poll() is None

    def say(self, line: bytes) -> None:
        """Tells it a line. Raises Gone."""
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line + b"\n")
            self._process.stdin.flush()
        except OSError as error:
            raise Gone(self._code()) from error

    def hear(self, seconds: float) -> bytes:
        """Its next line. Raises Gone when it ended instead, TooSlow when it said nothing for so long."""
        assert self._process.stdout is not None
        deadline = time.monotonic() + seconds
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            while b"\n" not in self._heard:
                if not selector.select(max(0.0, deadline - time.monotonic())):
                    raise TooSlow
                chunk = os.read(self._process.stdout.fileno(), _CHUNK)
                if not chunk or len(self._heard) > LONGEST_ANSWER:
                    raise Gone(self._code())
                self._heard += chunk
        line, _, self._heard = self._heard.partition(b"\n")
        return line

    def _code(self) -> int | None:
        """What it ended with; None where it has closed its mouth and goes on."""
        try:
            return self._process.wait(_LAST_SECONDS)
        except subprocess.TimeoutExpired:
            return None

    def end(self) -> None:
        """Kills it, and waits until it is gone."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                with contextlib.suppress(OSError):
                    pipe.close()


def _die_with_us() -> Callable[[], None]:
    return partial(die_with, os.getpid())


def die_with(parent: int) -> None:
    """Asks the kernel, in a new process, to kill that as soon as its parent is gone."""
    _libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)
