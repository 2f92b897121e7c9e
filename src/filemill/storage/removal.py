"""Takes the bytes of leaving objects away, by exact key: open uploads first, then the objects, then their rows."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from filemill import logs
from filemill.errors import StoreAway
from filemill.storage import queries
from filemill.storage.queries import ObjectRow
from filemill.storage.s3 import Store

T = TypeVar("T")

TOGETHER = 250
"""So many objects go with one request. Whoever is killed in between leaves rows without objects, never the reverse."""

ASKED_AT_ONCE = 4
"""Half of the store's threads: nobody else who wants something of it meanwhile waits behind hundreds."""


async def remove(store: Store, rows: Sequence[ObjectRow]) -> bool:
    """Removes these objects; a row goes once nobody can write under its key -> False if the store is away.

    May be called for the same object any number of times, by any number of processes, and be cancelled anywhere.
    """
    for some in _parts(rows, TOGETHER):
        try:
            await take_away(store, {row.key: row.upload_id for row in some})
        except StoreAway as error:
            logs.warn("filemill.storage.removal", "the store is away; objects stay for now", cause=error)
            return False
        await queries.removed(some)
    return True


async def take_away(store: Store, places: Mapping[str, str | None]) -> None:
    """Takes away what lies under these keys: open uploads, those named here included, and objects. Raises StoreAway."""
    for some in _parts(list(places.items()), ASKED_AT_ONCE):
        await asyncio.gather(*(_abort(store, key, upload_id) for key, upload_id in some))
    await store.remove_all(list(places))


async def _abort(store: Store, key: str, upload_id: str | None) -> None:
    uploads = set(await store.open_uploads(key))
    if upload_id is not None:
        uploads.add(upload_id)
    for each in uploads:
        await store.abort_upload(key, each)


def _parts(of: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    for at in range(0, len(of), size):
        yield of[at : at + size]
