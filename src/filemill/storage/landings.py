"""What lands under addresses that strangers hold: counted as it lies there, and removed where it is too much.

An upload goes straight to the store, and its address says nothing of the size. So somebody has to look: see
docs/decisions/0015-what-lands-is-looked-at.md.
"""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from filemill import connections, logs
from filemill.accounts import owner_queries as owners
from filemill.storage import landed_queries, queries
from filemill.storage.landed_queries import Place
from filemill.storage.s3 import Store

EVERY_SECONDS = 20
LOCK = 70_460_004
"""The advisory lock of this look. No other lock of the service has this number."""

FEW = 200
"""So many places are asked for one by one. Of more, the store lists what it has, at a tenth of the cost for each."""

MOST_LISTED = 20_000
LISTED_FOR_ONE = 10
MOST_ASKED = 1000
"""At the most so many in one round, as many of each owner: who holds ever more addresses is looked at less often."""

ASKED_AT_ONCE = 4
MOST_EMPTIED = 5000
TOGETHER = 1000
INPUTS = "input/"


async def look(store: Store, most_bytes: int) -> None:
    """One round, unless another process looks: `most_bytes` is what an account may have in the store."""
    async with connections.only_one(LOCK) as is_ours:
        if not is_ours:
            return
        await _empty_again(store)
        measured = await _measure(store)
        seen = [(place, size + sent) for place, size, sent in measured]
        changed = [(place, size) for place, size in seen if size not in (place.landed_bytes or 0, place.size)]
        if changed:
            await landed_queries.landed([(place.id, size) for place, size in changed])
        for place, size, sent in measured:
            # Parts that were sent before, and the object that came instead of them, are two tries at one upload.
            if (larger := max(size, sent)) > place.most_bytes:
                await _take_away(store, place, size + sent, _larger(larger, place.most_bytes))
        for owner in sorted({place.owner for place, _ in changed if place.owner is not None}):
            await _fit(store, owner, most_bytes)


async def _measure(store: Store) -> list[tuple[Place, int, int]]:
    """Every place that is looked at in this round, the bytes that lie there, and those of parts that were sent."""
    watched, inputs = await landed_queries.count()
    if watched > FEW and inputs <= min(MOST_LISTED, watched * LISTED_FOR_ONE):
        places = await landed_queries.places()
        sizes = await store.sizes(INPUTS, frozenset(place.key for place in places))
        seen = [(place, sizes.get(place.key, 0)) for place in places]
    else:
        places = await landed_queries.places(MOST_ASKED)
        seen = await _ask(store, places)
    parts = await _ask(store, [place for place in places if place.upload_id is not None], parts=True)
    sent = {place.id: size for place, size in parts}
    return [(place, size, sent.get(place.id, 0)) for place, size in seen]


async def _ask(store: Store, places: Sequence[Place], *, parts: bool = False) -> list[tuple[Place, int]]:
    turn = asyncio.Semaphore(ASKED_AT_ONCE)

    async def one(place: Place) -> tuple[Place, int]:
        async with turn:
            return place, await (_parts(store, place) if parts else _size(store, place))

    return list(await asyncio.gather(*map(one, places)))


async def _size(store: Store, place: Place) -> int:
    stat = await store.stat(place.key)
    return 0 if stat is None else stat.size


async def _parts(store: Store, place: Place) -> int:
    return 0 if place.upload_id is None else await store.parts_bytes(place.key, place.upload_id)


@connections.in_transaction
async def _take_away(store: Store, place: Place, seen: int, why: str, *, may_be_marked: bool = True) -> None:
    """Removes what lies in a place, unless less than was seen lies there by now, or a marked input lies there
    and `may_be_marked` is false.

    The row is locked while the store is asked. Nothing else is locked here, so nobody can wait for this transaction
    while it waits.
    """
    now = await landed_queries.lock(place.id)
    if now is None or await _size(store, now) + await _parts(store, now) < seen:
        return
    if now.state == "stored" and not may_be_marked:
        return
    await landed_queries.refuse(now.id, why)
    if now.state == "stored":  # a marked input: the job that reads it finds it gone, and says why
        await queries.leave([now.id])
    if now.upload_id is not None:
        await store.abort_upload(now.key, now.upload_id)
    await store.remove(now.key)
    logs.say("filemill.storage.landings", "an upload was removed", key=place.key, bytes=seen, most=place.most_bytes)


async def _fit(store: Store, owner: UUID, most_bytes: int) -> None:
    """Removes what has landed last of an account that has more in the store than it may, and was not marked."""
    accounts = await owners.owned(owner)
    for place in await landed_queries.unmarked(accounts):
        others = await queries.stored_bytes(accounts, but=place.id)
        size = place.landed_bytes or 0
        if others + size <= most_bytes:
            return
        await _take_away(store, place, size, _beyond(others, most_bytes, size), may_be_marked=False)


async def _empty_again(store: Store) -> None:
    """Removes what has landed under the address of an upload that was removed before: nobody may want it any more."""
    due = await landed_queries.to_empty_again(MOST_EMPTIED, EVERY_SECONDS // 2)
    for at in range(0, len(due), TOGETHER):
        some = due[at : at + TOGETHER]
        await store.remove_all([key for _, key in some])
        await landed_queries.emptied([place for place, _ in some])


def _larger(size: int, announced: int) -> str:
    return (
        f"The uploaded file has {size} bytes, more than the {announced} bytes announced; the file was removed."
        " Upload a smaller one, or make another job and announce the size."
    )


def _beyond(used: int, allowed: int, size: int) -> str:
    return (
        f"Your files take {used} of the {allowed} bytes allowed; the uploaded file of {size} bytes did not fit and was"
        " removed."
    )
