"""The bytes of a file as they come: counted, hashed, and not one more than allowed."""

import hashlib
from collections.abc import AsyncIterator

from filemill.errors import TooLarge


class Incoming:
    """Reads from `chunks`; `size` and `sha256` are those of what was read so far."""

    def __init__(self, chunks: AsyncIterator[bytes], most_bytes: int) -> None:
        self.size = 0
        self._chunks = chunks
        self._most = most_bytes
        self._hash = hashlib.sha256()

    @property
    def sha256(self) -> str:
        """In hexadecimal digits."""
        return self._hash.hexdigest()

    async def piece(self) -> bytes:
        """The next bytes, none at the end. Raises TooLarge, and what `chunks` raises."""
        async for chunk in self._chunks:
            if chunk:
                self.size += len(chunk)
                if self.size > self._most:
                    raise TooLarge.than(self._most)
                self._hash.update(chunk)
                return chunk
        return b""

    async def head(self, length: int) -> bytes:
        """At least the first `length` bytes, or all there are. Raises TooLarge."""
        head = bytearray()
        while len(head) < length and (chunk := await self.piece()):
            head += chunk
        return bytes(head)
