"""One run's lease on its job: renewed beside the run's work, and ended by this process's own clock."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from filemill.errors import DatabaseAway
from filemill.jobs.job import Status
from filemill.jobs.rows import claims, transitions
from filemill.jobs.rows.claims import Claimed

T = TypeVar("T")

TICK_SECONDS = 1.0
"""Seconds between two renewals of the lease. A renewal reads the row, so a cancel arrives without Redis too."""

LOOK_SECONDS = 0.25
"""Seconds between two looks of a run at its lease."""

GIVES_WAY_AFTER_SECONDS = 20.0
"""Seconds after which a guest's run goes back into the queue where the same address holds another slot as well, and
somebody waits who holds none. Nearly every conversion is over by then."""

LOST_AFTER_SECONDS = 8.0
"""Seconds without a renewal after which a run ends itself, by its own clock. The lease in the row is 10 s."""

PARTING_SECONDS = 2.0
"""Seconds that a run waits at its end for its last writes to the database."""


class Ended(Exception):
    """Something outside ended the run: `how` is lost, cancelled, drained, gave way or killed."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class Drain:
    """Whether this worker process drains before its end."""

    asked = False


class Lease:
    """The lease on a claimed job. `since` is the time of the claim, on the monotonic clock.

    A database that neither answers nor refuses must not hold up the run. So the lease sends all its statements from a
    task of its own, and nothing else waits for the answers.
    """

    def __init__(self, claimed: Claimed, drain: Drain, since: float) -> None:
        self.progress = 0.0
        self.phase: str | None = None
        self._claimed = claimed
        self._drain = drain
        self._since = since
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
        """How the run was ended from outside (lost, cancelled, drained, gave way); None while the run goes on."""
        # A process that was paused sees the end of its lease here first.
        if self._over is None and time.monotonic() - self._renewed > LOST_AFTER_SECONDS:
            self._over = "lost"
        return self._over or ("drained" if self._drain.asked else None)

    def check(self) -> None:
        """Raises Ended unless the run goes on."""
        if (over := self.over) is not None:
            raise Ended(over)

    async def beside(self, work: Coroutine[Any, Any, T]) -> T:
        """Waits for `work` while the run goes on; abandons `work` at its next await otherwise. Raises Ended."""
        task = asyncio.ensure_future(work)
        try:
            while not (await asyncio.wait({task}, timeout=LOOK_SECONDS))[0]:
                self.check()
            return task.result()
        finally:
            task.cancel()

    def note(self, kind: str, data: dict[str, object]) -> None:
        """Queues an event, a phase or a warning, for the row."""
        self._notes.append((kind, data))
        self._all_told.clear()
        self._wake.set()

    async def told(self) -> None:
        """Returns once every event is written, or after `PARTING_SECONDS`: a lost event is no reason to wait longer."""
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
            if self._over is None and await self._must_give_way():
                self._over = "gave way"

    async def _must_give_way(self) -> bool:
        if not self._claimed.is_guests or time.monotonic() - self._since < GIVES_WAY_AFTER_SECONDS:
            return False
        return await claims.must_give_way(self._claimed.id)
