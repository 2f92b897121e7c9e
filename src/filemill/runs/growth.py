"""How much of its owner's room a run may take: told to the run before it begins, and counted while it writes."""

import asyncio
import contextlib
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self
from uuid import UUID

import msgspec

from filemill.accounts import owner_queries as owners
from filemill.errors import DatabaseAway, JobFailed, StoreAway
from filemill.jobs import context
from filemill.jobs.job import CONVERSION
from filemill.jobs.rows.claims import Claimed
from filemill.runs.files import Output
from filemill.storage import landed_queries, queries

EVERY_SECONDS = 2.0
"""Between two looks at what a run has written. A run that is over before the first look pays nothing."""

KNOWN_SECONDS = 2.0
MOST_KNOWN = 1000


class Room(msgspec.Struct, frozen=True):
    """What an owner's files take in the store, and what they may take, in bytes."""

    used: int
    allowed: int

    @property
    def left(self) -> int:
        """How much more fits."""
        return max(self.allowed - self.used, 0)

    def refusal(self, what: str) -> JobFailed:
        """The failure of a job whose output does not fit."""
        return JobFailed(
            "quota",
            f"{what} does not fit: your files take {self.used} of the {self.allowed} bytes allowed. Delete jobs or"
            " files, then try the job again.",
        )


_known: dict[UUID, tuple[float, Room]] = {}


async def room_of(claimed: Claimed) -> Room:
    """The room of a job's owner; where there is plenty, not counted anew for each job. Raises JobFailed for none."""
    settings = context.get().settings
    at, room = _known.get(claimed.owner, (0.0, Room(0, 0)))
    if time.monotonic() - at > KNOWN_SECONDS or room.left < settings.output_bytes:
        allowed = settings.guest_stored_bytes if claimed.api == CONVERSION else settings.stored_bytes
        room = Room(await _used(claimed), allowed)
        if len(_known) >= MOST_KNOWN:
            _known.clear()
        _known[claimed.owner] = (time.monotonic(), room)
    if room.left == 0:
        raise room.refusal("The output")
    return room


async def _used(claimed: Claimed) -> int:
    return await queries.stored_bytes(await owners.owned(claimed.owner), but=claimed.id)


class Growth:
    """Counts what a run has written so far, with what its owner's other runs have, and says once it is too much."""

    def __init__(self, claimed: Claimed, outputs: Sequence[Output], room: Room) -> None:
        self._claimed = claimed
        self._outputs = outputs
        self._allowed = room.allowed
        self._failure: JobFailed | None = None

    async def __aenter__(self) -> Self:
        self._counting = asyncio.create_task(self._count())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._counting.cancel()

    def check(self) -> None:
        """Raises JobFailed once the owner's files and what its runs have written are more than allowed."""
        if self._failure is not None:
            raise self._failure

    async def _count(self) -> None:
        while self._failure is None:
            await asyncio.sleep(EVERY_SECONDS)
            with contextlib.suppress(StoreAway, DatabaseAway):  # whoever writes and renews finds out by itself
                await self._look()

    async def _look(self) -> None:
        store = context.get().store
        written = [(one.object_id, await store.arriving_bytes(one.file.key)) for one in self._outputs]
        await landed_queries.landed(written)
        room = Room(await _used(self._claimed), self._allowed)
        if room.used > room.allowed:
            self._failure = room.refusal("The output")
