"""One run's hold on its job: renewed beside whatever the run does, and over by this process's own clock."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from filemill.errors import DatabaseAway
from filemill.jobs.job import Status
from filemill.jobs.rows import transitions
from filemill.jobs.rows.claims import Claimed

T = TypeVar("T")

TICK_SECONDS = 1.0
"""How often the row is read and the lease renewed; so a cancel arrives without Redis too."""

LOOK_SECONDS = 0.25
"""How often a run looks whether it is still to go on."""

LOST_AFTER_SECONDS = 8.0
"""A run that could not renew its lease of 10 s for so long ends itself, by its own clock."""

PARTING_SECONDS = 2.0
"""How long a run waits at its end for what is still being written to the database."""


class Ended(Exception):
    """The run was ended from outside: `how` is lost, cancelled, drained or killed."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class Drain:
    """Whether this worker process is on its way out."""

    asked = False


class Lease:
    """A claimed job while it is ours; `since` is when it was claimed, on the monotonic clock.

    A database that neither answers nor refuses must not hold up the run, which is to end without it: whatever is sent
    there is sent by a task of the lease's own, and nobody else waits for it.
    """

    def __init__(self, claimed: Claimed, drain: Drain, since: float) -> None:
        self.progress = 0.0
        self.phase: str | None = None
        self._claimed = claimed
        self._drain = drain
        self._renewed = since
        self._over: str | None = None
        self._notes: deque[tuple[str, dict[str, object]]] = deque()
        self._all_told = asyncio.Event()
        self._all_told.set()
        self._wake = asyncio.Event()
        self._is_left = False

    async def __aenter__(self) -> Self:
        self._keeper = asyncio.create_task(self._keep())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_left = True
        self._wake.set()
        await asyncio.wait({self._keeper}, timeout=PARTING_SECONDS)
        self._keeper.cancel()

    @property
    def over(self) -> str | None:
        """How the run has been ended from outside (lost, cancelled, drained), None while it is to go on."""
        # Also what a process sees first that had been paused.
        if self._over is None and time.monotonic() - self._renewed > LOST_AFTER_SECONDS:
            self._over = "lost"
        return self._over or ("drained" if self._drain.asked else None)

    def check(self) -> None:
        """Raises Ended unless the run is to go on."""
        if (over := self.over) is not None:
            raise Ended(over)

    async def beside(self, work: Coroutine[Any, Any, T]) -> T:
        """Waits for `work`, which may be abandoned at any await, as long as the run is to go on. Raises Ended."""
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({task}, timeout=LOOK_SECONDS))[0]:
                self.check()
            return task.result()
        finally:
            task.cancel()

    def note(self, kind: str, data: dict[str, object]) -> None:
        """Has an event written: a phase or a warning."""
        self._notes.append((kind, data))
        self._all_told.clear()
        self._wake.set()

    async def told(self) -> None:
        """Returns once every event is written, or after a moment: an event less is no reason to wait."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._all_told.wait(), PARTING_SECONDS)

    async def _keep(self) -> None:
        due = time.monotonic() + TICK_SECONDS
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), max(due - time.monotonic(), 0))
            self._wake.clear()
            await self._write_notes()
            if self._is_left:
                return
            if time.monotonic() >= due:
                due = time.monotonic() + TICK_SECONDS
                await self._renew()

    async def _write_notes(self) -> None:
        while self._notes:
            with contextlib.suppress(DatabaseAway):
                await transitions.note(self._claimed.id, self._claimed.fence, *self._notes[0])
            self._notes.popleft()
        self._all_told.set()

    async def _renew(self) -> None:
        asked = time.monotonic()
        with contextlib.suppress(DatabaseAway):
            status = await transitions.renew(self._claimed.id, self._claimed.fence, self.progress, self.phase)
            if status is None:
                self._over = "lost"
            elif status is Status.CANCELLATION_REQUESTED:
                self._over = self._over or "cancelled"
            else:
                self._renewed = asked
