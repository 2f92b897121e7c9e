"""Who waits for a job is woken here: one listening connection per process, told by the transaction that moves a job."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import asyncpg

from filemill import logs
from filemill.jobs.moves import CHANNEL

AGAIN_SECONDS = 1.0


class Listener:
    """Listens for moved jobs. What is told while the connection is away is lost: whoever waits reads again."""

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._waiting: dict[str, set[asyncio.Event]] = {}
        self._task: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Starts listening; the connection is made, and made again, in the background."""
        self._task = asyncio.create_task(self._listen(), name="job events")

    async def close(self) -> None:
        """Stops listening and wakes everybody."""
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task
        self._wake_all()

    @contextlib.asynccontextmanager
    async def watch(self, job_id: UUID) -> AsyncIterator[asyncio.Event]:
        """An event that is set whenever the job may have moved; subscribe first, then read the row."""
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
                logs.warn("filemill.jobs.events", "the listening connection is away", cause=error)
            finally:
                if connection is not None:
                    connection.terminate()
            await asyncio.sleep(AGAIN_SECONDS)

    def _told(self, _connection: object, _pid: int, _channel: str, job_id: object) -> None:
        for changed in self._waiting.get(str(job_id), ()):
            changed.set()

    def _wake_all(self) -> None:
        for waiting in self._waiting.values():
            for changed in waiting:
                changed.set()
