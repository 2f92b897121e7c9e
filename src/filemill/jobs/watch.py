"""Watches over one run in its cage: listens to the child, renews the lease, and knows every way a run may end."""

import asyncio
import contextlib
import time

from filemill import logs
from filemill.errors import DatabaseAway, JobFailed, StoreAway
from filemill.jobs import context, moves
from filemill.jobs.cage import Child, Exit
from filemill.jobs.job import Status
from filemill.jobs.moves import Claimed
from filemill.jobs.run import Done, Line, Phase, Progress, Refused, Warned

TICK_SECONDS = 1.0
"""How often the row is read and the lease renewed; so a cancel arrives without Redis too."""

LOOK_SECONDS = 0.25
LOST_AFTER_SECONDS = 8.0
"""A run that could not renew its lease of 10 s for so long ends itself, by its own clock."""

RENEW_SECONDS = 2.0
MOST_SHOWN = 0.99
"""Progress of a run that has not finished."""


class Ended(Exception):
    """The run was ended from outside: `how` is lost, cancelled, drained or killed."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class Drain:
    """Whether this worker process is on its way out."""

    asked = False


class Watch:
    """One run being watched; `started` is its beginning on the monotonic clock."""

    def __init__(self, claimed: Claimed, child: Child, drain: Drain, started: float) -> None:
        self._claimed = claimed
        self._child = child
        self._drain = drain
        self._started = started
        self._renewed = started
        self._progress = 0.0
        self._phase: str | None = None

    async def until_done(self) -> Done:
        """Returns what the child has made. Raises JobFailed, StoreAway, Ended."""
        tick = self._started + TICK_SECONDS
        while True:
            said = await self._child.hear(min(tick - time.monotonic(), LOOK_SECONDS))
            if (
                time.monotonic() - self._renewed > LOST_AFTER_SECONDS
            ):  # also what a stopped process sees when it goes on
                raise Ended("lost")
            if isinstance(said, Done):
                return said
            if said is not None:
                await self._heed(said)
            if self._drain.asked:
                raise Ended("drained")
            if time.monotonic() >= tick:
                tick = time.monotonic() + TICK_SECONDS
                self._keep_limits()
                await self._renew()

    async def _heed(self, said: Line | Exit) -> None:
        match said:
            case Refused(code="store_away"):
                raise StoreAway
            case Refused(code, message, at_fault):
                raise JobFailed(code, message, at_fault=at_fault)
            case Exit() if said.is_out_of_memory:
                raise _too_much_memory()
            case Exit(code, stderr):
                logs.warn("filemill.jobs.watch", "a child died", code=code, stderr=stderr)
                raise Ended("killed")
            case Progress(done, total) if total > 0:
                self._progress = min(max(done / total, self._progress), MOST_SHOWN)
            case Phase(name, step):
                self._phase = name
                await self._note("phase", {"name": name, "step": step})
            case Warned(code, message, step):
                await self._note("warning", {"code": code, "message": message, "step": step})

    def _keep_limits(self) -> None:
        settings = context.get().settings
        if time.monotonic() - self._started > settings.job_seconds:
            raise JobFailed("too_slow", f"The job took longer than the {settings.job_seconds} seconds allowed.")
        if self._child.memory_mb > settings.job_memory_mb * 3 // 2:  # what the child's own limit does not count
            raise _too_much_memory()

    async def _renew(self) -> None:
        with contextlib.suppress(DatabaseAway, asyncio.TimeoutError):
            status = await asyncio.wait_for(
                moves.renew(self._claimed.id, self._claimed.fence, self._progress, self._phase), RENEW_SECONDS
            )
            if status is None:
                raise Ended("lost")
            if status is Status.CANCELLATION_REQUESTED:
                raise Ended("cancelled")
            self._renewed = time.monotonic()

    async def _note(self, kind: str, data: dict[str, object]) -> None:
        with contextlib.suppress(DatabaseAway, asyncio.TimeoutError):  # an event less is no reason to stop
            await asyncio.wait_for(moves.note(self._claimed.id, self._claimed.fence, kind, data), RENEW_SECONDS)


def _too_much_memory() -> JobFailed:
    megabytes = context.get().settings.job_memory_mb
    return JobFailed("too_much_memory", f"The job needs more than the {megabytes} MB of memory allowed.")
