"""The bytes of a file as they come: counted, hashed, quick enough, and not one more than allowed."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable

from filemill.errors import BodyTooSlow, TooLarge
from filemill.storage.patience import Patience

FIRST_SECONDS = 10
"""How long a sender may take to reach the pace that is asked of him."""

STANDING_SECONDS = 30
"""How long he may stand still at most, however quick he was before."""


class Incoming:
    """Reads from `chunks`; `size` and `sha256` are those of what was read so far."""

    def __init__(self, chunks: AsyncIterator[bytes], *, most_bytes: int, least_per_second: int) -> None:
        self.size = 0
        self._chunks = chunks
        self._most = most_bytes
        self._least = least_per_second
        self._patience = Patience(first=FIRST_SECONDS, most=STANDING_SECONDS, least_per_second=least_per_second)
        self._hash = hashlib.sha256()
        self._marks: list[tuple[int, Callable[[], None]]] = []

    @property
    def sha256(self) -> str:
        """In hexadecimal digits."""
        return self._hash.hexdigest()

    def beyond(self, size: int, act: Callable[[], None]) -> None:
        """Calls `act` once, as soon as more than so many bytes have come."""
        self._marks.append((size, act))

    async def piece(self) -> bytes:
        """The next bytes, none at the end. Raises TooLarge, BodyTooSlow, and what `chunks` raises."""
        chunk = await self._next()
        self.size += len(chunk)
        if self.size > self._most:
            raise TooLarge.than(self._most)
        self._hash.update(chunk)
        if self._marks and self.size > self._marks[0][0]:
            self._marks.pop(0)[1]()
        return chunk

    async def _next(self) -> bytes:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            async with asyncio.timeout(self._patience.seconds):
                async for chunk in self._chunks:
                    if chunk:
                        self._patience.spend(clock() - began, len(chunk))
                        return chunk
        except TimeoutError as error:
            raise BodyTooSlow(
                f"The file comes too slowly: after the first {FIRST_SECONDS} seconds at least {self._least >> 10} KiB a"
                " second must come. Send it over a faster line."
            ) from error
        return b""

    async def head(self, length: int) -> bytes:
        """At least the first `length` bytes, or all there are. Raises TooLarge, BodyTooSlow."""
        head = bytearray()
        while len(head) < length and (chunk := await self.piece()):
            head += chunk
        return bytes(head)
