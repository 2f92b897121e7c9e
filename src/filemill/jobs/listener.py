"""Wakes the waiters of a job: one listening connection per process hears every transition of a job."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg

from filemill import logs
from filemill.errors import DatabaseAway
from filemill.jobs.rows import jobs
from filemill.jobs.rows.transitions import CHANNEL

AGAIN_SECONDS = 1.0
"""Seconds between two looks at the rows of awaited jobs, and between two tries to connect again."""


class Listener:
    """Listens for transitions of jobs. A look once a second finds transitions without a message.

    One statement looks at the jobs of all waiters: a statement for each waiter would cost as much as there are waiters,
    those included who have left meanwhile.
    """

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Starts listening. The listener connects, and connects again, in the background."""
        self._tasks = [
            asyncio.create_task(self._listen(), name="job events"),
            asyncio.create_task(self._look(), name="jobs waited for"),
        ]

    async def close(self) -> None:
        """Stops listening and wakes all waiters."""
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        self._wake_all()

    @contextlib.asynccontextmanager
    async def watch(self, job_id: UUID) -> AsyncIterator[asyncio.Event]:
        """An asyncio event that is set after every possible transition of the job; first watch, then read the row.

        Once the job has ended, or is deleted, the event is set again and again.
        """
        changed = asyncio.Event()
        waiting = self._waiting.setdefault(str(job_id), set())
        waiting.add(changed)
        try:
            yield changed
        finally:
            waiting.discard(changed)
            if not waiting:
                self._waiting.pop(str(job_id), None)

    async def _listen(self) -> None:
        while True:
            lost = asyncio.Event()
            connection: Any = None
            try:
                connection = await asyncpg.connect(self._url, timeout=5, server_settings={"application_name": "events"})
                connection.add_termination_listener(lambda _, lost=lost: lost.set())
                await connection.add_listener(CHANNEL, self._told)
                self._wake_all()
                await lost.wait()
            except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                logs.warn("filemill.jobs.listener", "the listening connection is away", cause=error)
            finally:
                if connection is not None:
                    connection.terminate()
            await asyncio.sleep(AGAIN_SECONDS)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(AGAIN_SECONDS)
            awaited = list(self._waiting)
            if not awaited:
                continue
            try:
                going_on = await jobs.open_ones([UUID(job_id) for job_id in awaited])
            except DatabaseAway:  # a waiter finds that out with its next statement
                continue
            for job_id in awaited:
                if UUID(job_id) not in going_on:
                    self._wake(job_id)

    def _told(self, _connection: object, _pid: int, _channel: str, job_id: object) -> None:
        self._wake(str(job_id))

    def _wake(self, job_id: str) -> None:
        for changed in self._waiting.get(job_id, ()):
            changed.set()

    def _wake_all(self) -> None:
        for waiting in self._waiting.values():
            for changed in waiting:
                changed.set()
