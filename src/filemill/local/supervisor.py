"""Keeps the parts of a stack alive: what ends by itself is started again, ever later."""

import itertools
import time
from collections.abc import Callable, Sequence

from filemill.local.clamd import Clamd
from filemill.local.postgres import Postgres
from filemill.local.process import NotStarted, Process
from filemill.local.redis import Redis
from filemill.local.server import ObjectStore

_FIRST_DELAY, _LONGEST_DELAY, _STEADY_SECONDS = 0.5, 30.0, 30.0
_LOOK_SECONDS = 0.2
_LOOKS_A_SECOND = 5
"""Logs are looked at, and deleted bytes removed, once a second: a log may be longer than it may be for that long."""

Part = Process | Postgres | Redis | ObjectStore | Clamd


class Kept:
    """A process that is started again, ever later, when it ends by itself."""

    def __init__(self, part: Part) -> None:
        self._part = part
        self._started_at = time.monotonic()
        self._delay = 0.0
        self._due: float | None = None

    def look(self, say: Callable[[str], None]) -> None:
        """Starts it again if it has ended and its delay is over."""
        now = time.monotonic()
        process = self._part if isinstance(self._part, Process) else self._part.process
        if self._due is None:
            if process is None or process.alive:
                return
            process.kill()  # what it left of its group
            steady = now - self._started_at > _STEADY_SECONDS
            self._delay = min(self._delay * 2, _LONGEST_DELAY) if self._delay and not steady else _FIRST_DELAY
            self._due = now + self._delay
            say(f"{process.program.name} ended with code {process.exit_code}; starting it in {self._delay:g} s")
        elif now >= self._due:
            self._due, self._started_at = None, now
            try:
                self._part.start()
            except NotStarted as error:
                say(error.message)


def _turn_logs_over(parts: Sequence[Part]) -> None:
    for part in parts:
        if (process := part if isinstance(part, Process) else part.process) is not None:
            process.turn_log_over()


def _tidy(parts: Sequence[Part]) -> None:
    for part in parts:
        if isinstance(part, ObjectStore):
            part.tidy()


def watch(parts: Sequence[Part], say: Callable[[str], None], check: Callable[[], None]) -> None:
    """Starts again whichever of these ends by itself, and says so, until `check` raises something."""
    kept = [Kept(part) for part in parts]
    for look in itertools.count():
        check()
        for one in kept:
            one.look(say)
        if look % _LOOKS_A_SECOND == 0:
            _tidy(parts)
            _turn_logs_over(parts)
        time.sleep(_LOOK_SECONDS)
