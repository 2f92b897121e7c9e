"""What lands under an address that a stranger holds: counted as it lies there, and gone where it is too much."""

import uuid

import httpx
import pytest

from filemill import connections
from filemill.storage import landings, queries, removal
from filemill.storage.s3 import Store

pytestmark = pytest.mark.anyio

ALLOWED = 10_000
MANY = landings.FEW + 20


async def expect(owner: uuid.UUID, most: int = 100) -> tuple[uuid.UUID, str]:
    """A row of an upload that was announced with `most` bytes -> its id and key."""
    key = f"input/{uuid.uuid4()}/a.csv"
    object_id = uuid.uuid4()
    await connections.execute(
        "INSERT INTO object (id, owner, key, state, most_bytes, writable_until, created_at)"
        " VALUES ($1, $2, $3, 'arriving', $4, now() + interval '1 h', clock_timestamp())",
        object_id,
        owner,
        key,
        most,
    )
    return object_id, key


async def row(object_id: uuid.UUID) -> tuple[str, int | None, str | None]:
    """State, landed bytes and refusal of an object."""
    found = await connections.fetchrow("SELECT state, landed_bytes, refused FROM object WHERE id = $1", object_id)
    return found["state"], found["landed_bytes"], found["refused"]


async def put(store: Store, key: str, content: bytes) -> None:
    """Puts bytes as a stranger does, under a signed address."""
    async with httpx.AsyncClient() as client:
        assert (await client.put(store.presign_put(key, 600), content=content)).status_code == 200


@pytest.fixture(autouse=True)
async def empty(store: Store) -> None:
    """Nothing lies in the bucket yet."""
    await store.remove_all(await store.keys())


async def test_what_is_as_small_as_announced_stays_and_counts(store: Store, owner: uuid.UUID) -> None:
    object_id, key = await expect(owner)
    await put(store, key, b"x" * 100)
    await landings.look(store, ALLOWED)
    assert await row(object_id) == ("arriving", 100, None)
    assert await queries.stored_bytes([owner], but=uuid.uuid4()) == 100
    assert await store.keys() == [key]


async def test_more_than_announced_goes_and_its_owner_may_upload_again(store: Store, owner: uuid.UUID) -> None:
    # given a byte more than was announced
    object_id, key = await expect(owner)
    await put(store, key, b"x" * 101)
    # when the service looks
    await landings.look(store, ALLOWED)
    # then nothing is left of it, and the row says why
    assert await store.keys() == []
    state, landed, refused = await row(object_id)
    assert (state, landed) == ("arriving", None)
    assert refused is not None
    assert "101 bytes, more than the 100 bytes announced" in refused
    assert await queries.stored_bytes([owner], but=uuid.uuid4()) == 0
    # and a smaller one under the same address stays
    await put(store, key, b"x" * 99)
    await landings.look(store, ALLOWED)
    assert (await row(object_id))[1] == 99


async def test_a_marked_input_that_grew_leaves(store: Store, owner: uuid.UUID) -> None:
    # given an input that was marked, whose address is still good
    object_id, key = await expect(owner)
    await put(store, key, b"x" * 10)
    assert await queries.store(object_id, size=10, etag="e", media_type=None)
    await landings.look(store, ALLOWED)
    assert await row(object_id) == ("stored", None, None)
    # when other bytes land over it, as many as may: they count
    await put(store, key, b"x" * 90)
    await landings.look(store, ALLOWED)
    assert await queries.stored_bytes([owner], but=uuid.uuid4()) == 90
    # and when more land
    await put(store, key, b"x" * 500)
    await landings.look(store, ALLOWED)
    # then nothing lies there
    state, _, refused = await row(object_id)
    assert state == "leaving"
    assert refused is not None
    assert "500 bytes" in refused
    assert await store.keys() == []


async def test_what_lands_after_a_deletion_goes_however_small(
    store: Store, owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    object_id, key = await expect(owner)
    await queries.leave([object_id])
    assert await removal.remove(store, await queries.leaving(10))
    await put(store, key, b"late")
    await landings.look(store, ALLOWED)
    assert await store.keys() == [key]  # it was looked at a moment ago
    # when some seconds have passed
    monkeypatch.setattr(landings, "EVERY_SECONDS", 0)
    await landings.look(store, ALLOWED)
    # then it is gone, and the row waits for more
    assert await store.keys() == []
    assert (await row(object_id))[0] == "leaving"


async def test_parts_that_are_never_completed_count_and_end(store: Store, owner: uuid.UUID) -> None:
    # given a part of an upload, announced with a part and a bit
    five = 5 << 20
    object_id, key = await expect(owner, five + 10)
    upload = await store.create_upload(key)
    await queries.note_upload(object_id, upload)
    await store.put_part(key, upload, 1, bytes(five))
    await landings.look(store, 2 * five)
    assert (await row(object_id))[1] == five
    # when another one makes it too much
    await store.put_part(key, upload, 2, bytes(11))
    await landings.look(store, 2 * five)
    # then the upload is over
    state, landed, refused = await row(object_id)
    assert (state, landed) == ("arriving", None)
    assert refused is not None
    assert f"{five + 11} bytes" in refused
    assert await store.open_uploads(key) == []


async def test_parts_and_the_file_that_came_instead_of_them_are_two_tries(store: Store, owner: uuid.UUID) -> None:
    # given an upload in parts that was begun, and then the whole file in one go
    object_id, key = await expect(owner)
    upload = await store.create_upload(key)
    await queries.note_upload(object_id, upload)
    await store.put_part(key, upload, 1, b"x" * 60)
    await put(store, key, b"x" * 100)
    # when the service looks, then the file stays, and both count
    await landings.look(store, ALLOWED)
    assert await row(object_id) == ("arriving", 160, None)
    assert await store.keys() == [key]


async def test_an_account_that_has_too_much_loses_what_landed_last(store: Store, owner: uuid.UUID) -> None:
    # given three uploads, each as announced, of which two fit
    places = [await expect(owner, 50) for _ in range(3)]
    for _, key in places:
        await put(store, key, b"x" * 40)
    # when the service looks
    await landings.look(store, 100)
    # then the last one is gone
    assert sorted(await store.keys()) == sorted(key for _, key in places[:2])
    refused = (await row(places[2][0]))[2]
    assert refused is not None
    assert "take 80 of the 100 bytes allowed" in refused


async def test_many_addresses_are_listed_and_not_asked_for(store: Store, owner: uuid.UUID) -> None:
    # given more addresses than are asked for one by one, and two of them with bytes
    places = [await expect(owner) for _ in range(MANY)]
    (small, small_key), (large, large_key) = places[7], places[-7]
    await put(store, small_key, b"x")
    await put(store, large_key, b"x" * 101)
    # when the service looks
    await landings.look(store, ALLOWED)
    # then both were found
    assert (await row(small))[1] == 1
    assert (await row(large))[2] is not None
    assert await store.keys() == [small_key]


async def test_who_holds_many_addresses_does_not_hide_anothers(
    store: Store, owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a round in which few may be looked at, an owner with many addresses, and one with one
    monkeypatch.setattr(landings, "FEW", 0)
    monkeypatch.setattr(landings, "MOST_LISTED", 0)
    monkeypatch.setattr(landings, "MOST_ASKED", 4)
    other = uuid.uuid4()
    await connections.execute(
        "INSERT INTO account (id, email, role, token_version, created_at) VALUES ($1, $2, 'user', 0, now())",
        other,
        f"{other}@example.com",
    )
    for _ in range(12):
        await expect(owner)
    object_id, key = await expect(other)
    await put(store, key, b"x" * 101)
    # when the service looks once
    await landings.look(store, ALLOWED)
    # then the other's was among them
    assert (await row(object_id))[2] is not None
