"""Waiting for the end of a job, for so many requests of one account at once.

A request that waits holds a connection and a task of the API. Without a bound one account could hold all of them.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Iterator
from uuid import UUID

from filemill.errors import TooMany
from filemill.jobs import commands, context
from filemill.jobs.job import ENDED, Job

AGAIN_SECONDS = 2

_of: Counter[UUID] = Counter()
"""The requests that wait now in this process, by account."""


async def wait(job_id: UUID, owner: UUID, seconds: float) -> Job:
    """A job of this owner, as soon as the job has ended or after `seconds`; at once where too many of the owner wait.

    Raises NotFound, NotYours.
    """
    job = await commands.get(job_id, owner)
    if seconds <= 0 or job.status in ENDED or not _has_room(owner):
        return job
    with _counted(owner):
        return await until_ended(job_id, owner, seconds)


@contextlib.contextmanager
def place(owner: UUID) -> Iterator[None]:
    """The place of a request that cannot be answered without waiting. Raises TooMany where none is left."""
    if not _has_room(owner):
        most = context.get().settings.waiters
        raise TooMany(
            f"{most} of your requests wait already, and no more may; try again as soon as one of them is answered.",
            retry_after=AGAIN_SECONDS,
        )
    with _counted(owner):
        yield


async def until_ended(job_id: UUID, owner: UUID, seconds: float) -> Job:
    """A job of this owner, as soon as the job has ended or after `seconds`, whoever else waits.

    PostgreSQL tells the end; the listener's look once a second finds an end whose message was lost. Raises NotFound,
    NotYours.
    """
    listener = context.get().listener
    if listener is None:
        return await commands.get(job_id, owner)
    until = time.monotonic() + seconds
    async with listener.watch(job_id) as changed:
        while True:
            changed.clear()
            job = await commands.get(job_id, owner)
            left = until - time.monotonic()
            if job.status in ENDED or left <= 0:
                return job
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), left)


def _has_room(owner: UUID) -> bool:
    return _of[owner] < context.get().settings.waiters


@contextlib.contextmanager
def _counted(owner: UUID) -> Iterator[None]:
    _of[owner] += 1
    try:
        yield
    finally:
        _of[owner] -= 1
        if not _of[owner]:
            del _of[owner]
