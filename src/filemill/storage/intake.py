"""Intake: an upload becomes an object. It is measured, sniffed, hashed, scanned and stored as it comes, never whole."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import UUID

import msgspec

from filemill import connections, logs
from filemill.accounts import owner_queries
from filemill.errors import BodyTooSlow, FilemillError, NotFound, NotSignedIn, StoreAway, Unavailable
from filemill.settings import Settings
from filemill.storage import intake_queries, queries, removal, sniffing
from filemill.storage.disk import Disks
from filemill.storage.incoming import Incoming
from filemill.storage.parts import Upload
from filemill.storage.s3 import Store
from filemill.storage.scan import Scan, Scanner
from filemill.storage.slots import Slots
from filemill.storage.sniffing import Kind

SMALL = 20 * 10**6
"""Up to so many bytes a file may hold its slot for `intake_seconds`, beyond that for `intake_large_seconds`."""

LATE_SECONDS = 60
"""How long after it was given up something that was sent may still land: two tries of the store's client, 23 s each."""

CLEAN, NOT_SCANNED = "clean", "not scanned"


class Taken(msgspec.Struct, frozen=True):
    """A file that was taken in. `scan` is `clean` or `not scanned`; `size` is in bytes."""

    object_id: UUID
    key: str
    size: int
    sha256: str
    media_type: str
    scan: str


Writes = Callable[[Taken], Awaitable[object]]
"""What an API writes down of a file, in the transaction in which the file becomes `stored`; it may refuse.

It is called again where that transaction is.
"""


class _Wanted(msgspec.Struct, frozen=True):
    """What shall become of the bytes."""

    owner: UUID
    key: str
    media_type: str
    seconds: int | None
    writes: Writes | None


class Intake:
    """Takes files in. One per process: it bounds how many come in at once."""

    def __init__(self, settings: Settings, store: Store, disks: Disks | None = None) -> None:
        self._store = store
        self._disks = disks
        self._scanner = Scanner(settings.clamd) if settings.clamd else None
        self._slots = Slots(settings.intake_slots)
        self._settings = settings

    @property
    def is_scanning(self) -> bool:
        """Whether files have to pass a virus scanner."""
        return self._scanner is not None

    async def probe(self) -> None:
        """Returns unless files have to be scanned and cannot be. Raises ScannerAway."""
        if self._scanner is not None:
            await self._scanner.probe()

    async def receive(
        self,
        chunks: AsyncIterator[bytes],
        *,
        owner: UUID,
        key: str,
        file_name: str,
        kind: Kind,
        most_bytes: int,
        address: str = "",
        seconds: int | None = None,
        writes: Writes | None = None,
    ) -> Taken:
        """Takes in one file under a key that no object has, for an owner whose row is there.

        `kind` is what the file's name says it is; `address` the sender's, whose uploads at once are bounded; `seconds`
        how long it is kept, if not for ever. `writes` runs in the transaction that keeps the file.

        Raises NoRoom, NotSignedIn where the owner has gone, FileRefused, TooLarge, VirusFound, ScannerAway, StoreAway,
        Unavailable, DatabaseAway, BodyTooSlow, TooMany, and whatever `chunks` and `writes` raise. In every case nothing
        is kept: the row is `leaving`, the bytes are taken away at once where the store answers, else by sweep.
        """
        if self._disks is not None:
            self._disks.want_room()
        wanted = _Wanted(owner, key, kind.media_type, seconds, writes)
        async with self._slots.one(address):
            incoming = Incoming(chunks, most_bytes=most_bytes, least_per_second=self._settings.intake_bytes_per_second)
            async with self._in_time(incoming):
                head = await incoming.head(sniffing.HEAD_BYTES)
                await sniffing.check(file_name, kind, head[: sniffing.HEAD_BYTES], len(head))
                return await self._take(incoming, head, wanted)

    @asynccontextmanager
    async def _in_time(self, incoming: Incoming) -> AsyncIterator[None]:
        """Bounds how long a slot is held, whoever is to blame. Raises BodyTooSlow."""
        began = asyncio.get_running_loop().time()
        most = self._settings.intake_seconds
        try:
            async with asyncio.timeout_at(began + most) as limit:

                def give_more() -> None:
                    limit.reschedule(began + self._settings.intake_large_seconds)

                incoming.beyond(SMALL, give_more)
                yield
        except TimeoutError as error:
            if incoming.size > SMALL:
                most = self._settings.intake_large_seconds
            raise BodyTooSlow(
                f"The file took longer to arrive than the {most} seconds that a file of its size may take."
            ) from error

    async def _take(self, incoming: Incoming, head: bytes, wanted: _Wanted) -> Taken:
        async with AsyncExitStack() as stack:
            scan = await stack.enter_async_context(self._scanner.scan()) if self._scanner else None
            object_id = await intake_queries.begin(
                wanted.key, wanted.owner, wanted.media_type, self._settings.intake_large_seconds
            )
            if object_id is None:
                raise NotSignedIn("The account that sends this file has ended meanwhile.")

            async def note(upload_id: str) -> None:
                await queries.note_upload(object_id, upload_id)

            upload = Upload(self._store, wanted.key, wanted.media_type, note)
            try:
                await _pour(incoming, head, scan, upload)
                etag = await self._etag(wanted.key, incoming.size)
                said = CLEAN if scan else NOT_SCANNED
                taken = Taken(object_id, wanted.key, incoming.size, incoming.sha256, wanted.media_type, said)
                await _keep(taken, etag, wanted)
            except BaseException as error:
                is_store_away = isinstance(error, StoreAway)
                await asyncio.shield(asyncio.create_task(self._give_up(object_id, upload, is_store_away)))
                raise
        return taken

    async def _etag(self, key: str, size: int) -> str:
        there = await self._store.stat(key)
        if there is None or there.size != size:
            raise StoreAway
        return there.etag

    async def _give_up(self, object_id: UUID, upload: Upload, is_store_away: bool) -> None:
        try:
            row = await intake_queries.leave(object_id, LATE_SECONDS)
            await upload.rest()
            if row is not None and not is_store_away:  # else the sender would wait once more for nothing
                await removal.remove(self._store, [row])
        except FilemillError as error:
            logs.warn(__name__, "what was not kept is left to sweep", cause=error)


async def _pour(incoming: Incoming, head: bytes, scan: Scan | None, upload: Upload) -> None:
    """Everything to the scanner and the store, side by side; there is no object before the scanner has spoken."""
    chunk = head
    try:
        while chunk:
            if scan:
                await scan.feed(chunk)
            await upload.write(chunk)
            chunk = await incoming.piece()
        if scan:
            await scan.verdict()
        await upload.finish()
    except NotFound as error:
        raise Unavailable("The upload was ended meanwhile; send the file again.") from error


@connections.in_transaction
async def _keep(taken: Taken, etag: str, wanted: _Wanted) -> None:
    await owner_queries.lock(wanted.owner)  # before its objects
    is_kept = await intake_queries.keep(
        taken.object_id, size=taken.size, etag=etag, sha256=taken.sha256, scan=taken.scan, seconds=wanted.seconds
    )
    if not is_kept:
        raise Unavailable("The upload was ended meanwhile; send the file again.")
    if wanted.writes is not None:
        await wanted.writes(taken)
