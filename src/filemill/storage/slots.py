"""Who may send a file now: so many at once, so that memory is bounded, and not all of them from one address."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from filemill.errors import TooMany, Unavailable

WAIT_SECONDS = 20
"""How long an upload waits for a slot; nothing of it is read meanwhile, so its sender waits too."""

RETRY_SECONDS = 10


class Slots:
    """The slots of one process."""

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)
        self._most_of_one = max(1, most // 2)
        self._of: Counter[str] = Counter()

    @asynccontextmanager
    async def one(self, address: str) -> AsyncIterator[None]:
        """Holds a slot. Raises TooMany where this address has its share already, Unavailable where none gets free."""
        if self._of[address] >= self._most_of_one:
            raise TooMany(
                "So many files at once are being sent from your address; send them one after another.",
                retry_after=RETRY_SECONDS,
            )
        self._of[address] += 1
        try:
            await self._wait()
            try:
                yield
            finally:
                self._free.release()
        finally:
            self._of[address] -= 1
            if not self._of[address]:
                del self._of[address]

    async def _wait(self) -> None:
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await self._free.acquire()
        except TimeoutError:
            raise Unavailable("So many files are being sent at the moment; try again in a few seconds.") from None
