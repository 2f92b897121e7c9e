"""Taking many objects away: nothing is left, and nothing without a row however it is interrupted."""

import asyncio
import uuid

import pytest

from filemill import connections
from filemill.storage import queries, removal
from filemill.storage.s3 import Store

pytestmark = pytest.mark.anyio

COUNT = 24


@pytest.fixture
def in_fives(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request takes five objects away."""
    monkeypatch.setattr(removal, "TOGETHER", 5)


async def leaving_objects(store: Store, owner: uuid.UUID) -> list[str]:
    """The keys of objects that are to go; of each third an upload in parts is open as well."""
    keys = [f"input/{uuid.uuid4()}/upload.csv" for _ in range(COUNT)]
    for number, key in enumerate(keys):
        await store.put(key, b"x")
        upload = await store.create_upload(key) if number % 3 == 0 else None
        await connections.execute(
            "INSERT INTO object (id, owner, key, state, size, etag, upload_id, created_at)"
            " VALUES ($1, $2, $3, 'leaving', 1, 'e', $4, now())",
            uuid.uuid4(),
            owner,
            key,
            upload if number % 2 else None,  # of some the row does not know
        )
    return keys


async def left(store: Store, keys: list[str]) -> tuple[set[str], set[str], int]:
    """What of this is left: (objects, open uploads' keys, rows)."""
    objects = set(keys) & set(await store.keys())
    uploads = {key for key in keys if await store.open_uploads(key)}
    return objects, uploads, await connections.fetchval("SELECT count(*) FROM object")


@pytest.mark.usefixtures("in_fives")
async def test_all_of_many_go_with_their_rows(store: Store, owner: uuid.UUID) -> None:
    keys = await leaving_objects(store, owner)

    assert await removal.remove(store, await queries.leaving(100))

    assert await left(store, keys) == (set(), set(), 0)


@pytest.mark.usefixtures("in_fives")
async def test_what_is_interrupted_leaves_no_object_without_a_row(store: Store, owner: uuid.UUID) -> None:
    # given
    keys = await leaving_objects(store, owner)
    # when it is stopped in the middle, again and again, a little later each time
    seconds, stops = 0.005, 0
    while rows := await queries.leaving(100):
        try:
            async with asyncio.timeout(seconds):
                await removal.remove(store, rows)
        except TimeoutError:
            seconds, stops = seconds * 2, stops + 1
        # then there is a row for whatever is left
        objects, uploads, _ = await left(store, keys)
        assert await queries.unknown_of([*objects, *uploads]) == []
    assert stops > 1
    assert await left(store, keys) == (set(), set(), 0)


@pytest.mark.usefixtures("in_fives")
async def test_two_that_take_the_same_away_do_not_get_in_each_others_way(store: Store, owner: uuid.UUID) -> None:
    keys = await leaving_objects(store, owner)
    rows = await queries.leaving(100)

    assert await asyncio.gather(removal.remove(store, rows), removal.remove(store, rows)) == [True, True]

    assert await left(store, keys) == (set(), set(), 0)
