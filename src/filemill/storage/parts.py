"""Writes one object as its bytes come: at once, or in parts, of which one is on its way while the next one fills."""

import asyncio
from collections.abc import Awaitable, Callable

from filemill.errors import BadRequest, NotFound
from filemill.storage.objects import Part
from filemill.storage.s3 import Store

PART = 5 * 2**20
"""Bytes of a part: the least that every store takes."""

REST_SECONDS = 10
"""How long a part that nobody needs any more is waited for."""


class Upload:
    """A file to write into. There is no object before `finish`.

    `note` hears of an upload in parts before its first byte.
    """

    def __init__(self, store: Store, key: str, media_type: str, note: Callable[[str], Awaitable[None]]) -> None:
        self.upload_id: str | None = None
        self._store = store
        self._key = key
        self._media_type = media_type
        self._note = note
        self._waiting: list[bytes] = []
        self._length = 0
        self._count = 0
        self._under_way: asyncio.Task[Part] | None = None
        self._done: list[Part] = []

    async def write(self, data: bytes) -> None:
        """Takes the next bytes; waits while a part is full and the one before still on its way. Raises StoreAway.

        Raises NotFound where somebody has ended the upload.
        """
        self._waiting.append(data)
        self._length += len(data)
        if self._length >= PART:
            await self._send()

    async def finish(self) -> None:
        """Makes the object; returns once the store has it. Raises StoreAway, NotFound."""
        if self.upload_id is None:
            await self._store.put(self._key, self._taken(), self._media_type)
            return
        if self._length:
            await self._send()
        await self._arrive()
        try:
            await self._store.complete_upload(self._key, self.upload_id, self._done)
        except BadRequest as error:
            raise NotFound(error.message) from error

    async def rest(self) -> None:
        """Waits, for a while, until nothing of it is on its way any more, however that ends."""
        self._waiting.clear()
        if self._under_way is not None:
            done, _ = await asyncio.wait({self._under_way}, timeout=REST_SECONDS)
            for part in done:
                part.exception()  # was heard, or nobody needs it any more

    async def _send(self) -> None:
        if self.upload_id is None:
            upload_id = await self._store.create_upload(self._key, self._media_type)
            self.upload_id = upload_id
            await self._note(upload_id)
        await self._arrive()
        self._count += 1
        part = self._store.put_part(self._key, self.upload_id, self._count, self._taken())
        self._under_way = asyncio.create_task(part)

    async def _arrive(self) -> None:
        if self._under_way is not None:
            self._done.append(await self._under_way)
            self._under_way = None

    def _taken(self) -> bytes:
        data = b"".join(self._waiting)
        self._waiting.clear()
        self._length = 0
        return data
