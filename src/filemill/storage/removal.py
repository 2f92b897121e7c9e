"""Takes the bytes of leaving objects away, by exact key: open uploads first, then the object, then the row."""

from filemill import logs
from filemill.errors import StoreAway
from filemill.storage import queries
from filemill.storage.queries import ObjectRow
from filemill.storage.s3 import Store


async def remove(store: Store, rows: list[ObjectRow]) -> bool:
    """Removes these objects; a row goes once nobody can write under its key -> False if the store is away.

    May be called for the same object any number of times, by any number of processes.
    """
    for row in rows:
        try:
            await take_away(store, row.key, row.upload_id)
        except StoreAway as error:
            logs.warn("filemill.storage.removal", "the store is away; objects stay for now", cause=error)
            return False
        await queries.removed(row)
    return True


async def take_away(store: Store, key: str, upload_id: str | None = None) -> None:
    """Takes away what lies under a key, open uploads included. Raises StoreAway."""
    uploads = set(await store.open_uploads(key))
    if upload_id is not None:
        uploads.add(upload_id)
    for each in uploads:
        await store.abort_upload(key, each)
    await store.remove(key)
