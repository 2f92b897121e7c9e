"""Intake: what comes in whole is kept, with its hash and its verdict; of anything else nothing is left."""

import asyncio
import hashlib
import os
import uuid
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from filemill import connections
from filemill.errors import (
    BadRequest,
    BodyTooSlow,
    DatabaseAway,
    FileRefused,
    ScannerAway,
    StoreAway,
    TooLarge,
    TooMany,
    Unavailable,
    VirusFound,
)
from filemill.local.ports import free_port
from filemill.pipelines.formats import FORMATS
from filemill.settings import Settings
from filemill.storage import intake as intakes
from filemill.storage import queries, removal, slots
from filemill.storage.intake import Intake, Taken
from filemill.storage.s3 import Store
from tests.fixtures.heads import EICAR, HEADS
from tests.fixtures.tidy import assert_tidy

pytestmark = pytest.mark.anyio

MB = 2**20
Receive = Callable[..., Any]


class ClientLeft(Exception):
    """What the web raises when the client is gone."""


async def in_pieces(data: bytes, size: int = 60_000) -> AsyncIterator[bytes]:
    for start in range(0, len(data), size):
        yield data[start : start + size]


async def broken_off(data: bytes) -> AsyncIterator[bytes]:
    async for piece in in_pieces(data):
        yield piece
    raise ClientLeft


@pytest.fixture
def intake(settings: Settings, store: Store, database: None) -> Intake:
    """An intake into the store under test."""
    return Intake(settings, store)


@pytest.fixture
def receive(intake: Intake, owner: uuid.UUID) -> Receive:
    """Takes a file in, for the owner, under a new key."""

    async def take(
        data: bytes | AsyncIterator[bytes],
        name: str = "txt",
        *,
        by: Intake | None = None,
        most: int = 100 * MB,
        **more: Any,
    ) -> Taken:
        chunks = in_pieces(data) if isinstance(data, bytes) else data
        key = f"input/{uuid.uuid4()}/file.{name}"
        wanted: dict[str, Any] = {"file_name": f"mine.{name}", "kind": FORMATS[name], "most_bytes": most, **more}
        return await (by or intake).receive(chunks, owner=owner, key=key, **wanted)

    return take


async def rows_of(owner: uuid.UUID) -> list[Any]:
    return await connections.fetch("SELECT * FROM object WHERE owner = $1", owner)


async def assert_nothing_is_left(store: Store, owner: uuid.UUID) -> None:
    """At most a row that leaves; and that goes with the next look after its time."""
    for row in await rows_of(owner):
        assert row["state"] == "leaving"
        assert await store.stat(row["key"]) is None
        assert await store.open_uploads(row["key"]) == []
    await connections.execute("UPDATE object SET writable_until = now() - interval '1 s' WHERE owner = $1", owner)
    assert await removal.remove(store, await queries.leaving(1000))
    assert await rows_of(owner) == []


def noise(size: int) -> bytes:
    return os.urandom(size // 2).hex().encode()


@pytest.mark.parametrize("size", [1, 60_000, 5 * MB - 2, 5 * MB, 12 * MB + 2], ids=lambda size: f"{size} bytes")
async def test_a_file_is_kept_as_it_came(receive: Receive, store: Store, owner: uuid.UUID, size: int) -> None:
    # given a file of any size
    data = noise(size) or b"x"
    # when it comes in
    taken = await receive(data, seconds=60)
    # then its row says what it is, and the store has it
    (row,) = await rows_of(owner)
    assert (row["id"], row["key"], row["state"]) == (taken.object_id, taken.key, "stored")
    assert taken.size == row["size"] == len(data)
    assert taken.sha256 == row["sha256"] == hashlib.sha256(data).hexdigest()
    assert taken.media_type == row["media_type"] == "text/plain"
    assert (row["upload_id"], row["writable_until"]) == (None, None)
    assert row["expires_at"] is not None
    stat = await store.stat(taken.key)
    assert stat is not None
    assert (stat.size, stat.etag, stat.media_type) == (len(data), row["etag"], "text/plain")
    assert await store.get(taken.key) == data
    await assert_tidy(store, connections.fetch, ignoring=frozenset(await store.keys()) - {taken.key})


async def test_what_was_scanned_is_noted_and_what_was_not_too(
    receive: Receive, settings: Settings, store: Store, owner: uuid.UUID
) -> None:
    unscanned = Intake(msgspec.structs.replace(settings, clamd=""), store)
    await unscanned.probe()
    assert not unscanned.is_scanning

    taken = [await receive(b"one"), await receive(b"two", by=unscanned)]

    assert [one.scan for one in taken] == ["clean" if settings.clamd else "not scanned", "not scanned"]
    assert {row["scan"] for row in await rows_of(owner)} == {one.scan for one in taken}


@pytest.mark.usefixtures("scanned")
@pytest.mark.parametrize("size", [0, 12 * MB], ids=["small", "in parts"])
async def test_of_a_virus_nothing_is_kept(receive: Receive, store: Store, owner: uuid.UUID, size: int) -> None:
    written: list[Taken] = []

    async def write(taken: Taken) -> None:
        written.append(taken)

    with pytest.raises(VirusFound):
        await receive(noise(size) + EICAR, writes=write)

    assert not written
    await assert_nothing_is_left(store, owner)


@pytest.mark.parametrize(
    ("name", "data"), [("docx", HEADS["pdf"]), ("png", b""), ("pdf", b"x" * 200_000), ("txt", bytes(200_000))]
)
async def test_what_is_not_what_its_name_says_is_refused_before_anything_is_written(
    receive: Receive, owner: uuid.UUID, name: str, data: bytes
) -> None:
    with pytest.raises(FileRefused, match=rf"'mine.{name}' (is|holds zero bytes)"):
        await receive(data, name)

    assert await rows_of(owner) == []


@pytest.mark.parametrize("size", [1000, 7 * MB], ids=["small", "in parts"])
async def test_one_byte_too_much_is_too_much(receive: Receive, store: Store, owner: uuid.UUID, size: int) -> None:
    data = noise(size)

    assert (await receive(data, most=len(data))).size == len(data)
    await connections.execute("UPDATE object SET state = 'leaving' WHERE owner = $1", owner)
    with pytest.raises(TooLarge, match="File size exceeds"):
        await receive(data + b"x", most=len(data))

    assert await removal.remove(store, await queries.leaving(1000))
    await assert_nothing_is_left(store, owner)


async def test_the_limit_is_told_in_megabytes(receive: Receive) -> None:
    with pytest.raises(TooLarge) as refused:
        await receive(noise(MB) + b"x", most=MB)

    assert refused.value.message == "File size exceeds 1MB limit."


async def test_nothing_is_read_beyond_the_limit(receive: Receive) -> None:
    """Given somebody who sends for ever."""
    read = 0

    async def without_end() -> AsyncIterator[bytes]:
        nonlocal read
        while True:
            read += 60_000
            yield b"x" * 60_000

    with pytest.raises(TooLarge):
        await receive(without_end(), most=2 * MB)

    assert read < 2 * MB + 200_000


@pytest.mark.parametrize("size", [100, 100_000, 13 * MB], ids=["at once", "small", "in parts"])
async def test_of_a_client_that_leaves_nothing_stays(
    receive: Receive, store: Store, owner: uuid.UUID, size: int
) -> None:
    with pytest.raises(ClientLeft):
        await receive(broken_off(noise(size)))

    await assert_nothing_is_left(store, owner)


async def test_of_one_that_is_cancelled_nothing_stays(receive: Receive, store: Store, owner: uuid.UUID) -> None:
    # given a file of which a part is in the store, and which then stands still
    reached = asyncio.Event()

    async def stuck() -> AsyncIterator[bytes]:
        async for piece in in_pieces(noise(11 * MB)):
            yield piece
        reached.set()
        await asyncio.Event().wait()

    task = asyncio.create_task(receive(stuck()))
    await reached.wait()
    # when its request is cancelled, as the API stops
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    # then
    await assert_nothing_is_left(store, owner)


async def test_what_the_api_writes_stands_or_falls_with_the_file(
    receive: Receive, store: Store, owner: uuid.UUID
) -> None:
    async def renames(taken: Taken) -> None:
        await connections.execute("UPDATE account SET username = $2 WHERE id = $1", owner, taken.key)

    async def refuses(taken: Taken) -> None:
        await connections.execute("UPDATE account SET username = 'refused' WHERE id = $1", owner)
        raise BadRequest("There is one already.")

    with pytest.raises(BadRequest, match="one already"):
        await receive(b"second", writes=refuses)
    await assert_nothing_is_left(store, owner)
    taken = await receive(b"first", writes=renames)

    assert await connections.fetchval("SELECT username FROM account WHERE id = $1", owner) == taken.key


async def test_a_store_that_is_away_refuses_and_the_row_is_left_to_sweep(
    receive: Receive, settings: Settings, owner: uuid.UUID
) -> None:
    nowhere = Store(msgspec.structs.replace(settings, s3_url=f"http://127.0.0.1:{free_port()}"))
    away = Intake(settings, nowhere)

    for size in (100, 12 * MB):
        with pytest.raises(StoreAway):
            await receive(noise(size), by=away)

    assert [row["state"] for row in await rows_of(owner)] == ["leaving"] * 2
    nowhere.close()


async def test_an_upload_that_sweep_has_ended_is_refused(receive: Receive, store: Store, owner: uuid.UUID) -> None:
    """Given a guest whose session ends while a file of his comes in."""

    async def with_an_end_in_it() -> AsyncIterator[bytes]:
        async for piece in in_pieces(noise(11 * MB)):
            yield piece
        await connections.execute("UPDATE object SET state = 'leaving' WHERE owner = $1", owner)
        await removal.remove(store, await queries.leaving(1000))
        yield b"x" * 11 * MB

    with pytest.raises(Unavailable, match="ended meanwhile"):
        await receive(with_an_end_in_it())
    await assert_nothing_is_left(store, owner)


async def test_without_its_scanner_nothing_is_taken(
    receive: Receive, settings: Settings, store: Store, owner: uuid.UUID
) -> None:
    blind = Intake(msgspec.structs.replace(settings, clamd=f"tcp://127.0.0.1:{free_port()}"), store)

    with pytest.raises(ScannerAway):
        await blind.probe()
    with pytest.raises(ScannerAway):
        await receive(b"x", by=blind)

    assert await rows_of(owner) == []


async def test_without_its_database_nothing_is_taken(receive: Receive, store: Store) -> None:
    before = set(await store.keys())
    await connections.close()

    with pytest.raises(DatabaseAway):
        await receive(b"x")

    assert set(await store.keys()) == before


async def test_a_row_whose_process_died_goes_after_its_time(receive: Receive, store: Store, owner: uuid.UUID) -> None:
    # given a row such as a killed process leaves, with a part in the store
    key = f"input/{uuid.uuid4()}/file.txt"
    object_id = await intakes.intake_queries.begin(key, owner, "text/plain", 3600)
    upload_id = await store.create_upload(key)
    await store.put_part(key, upload_id, 1, b"x" * 5 * MB)
    # when sweep comes by in time, then it may still be at it
    await queries.leave_expired()
    assert [row["state"] for row in await rows_of(owner)] == ["arriving"]
    # and when its time is over it goes
    await connections.execute(
        "UPDATE object SET writable_until = now(), expires_at = now() - interval '1 s' WHERE id = $1", object_id
    )
    await queries.leave_expired()
    assert await removal.remove(store, await queries.leaving(1000))
    await assert_nothing_is_left(store, owner)


async def test_more_than_there_are_slots_wait_and_too_many_are_told_so(
    settings: Settings, store: Store, receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an intake with two slots, and two senders who have begun and stand still
    small = Intake(msgspec.structs.replace(settings, intake_slots=2), store)
    begun: asyncio.Queue[None] = asyncio.Queue()
    go_on = asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        begun.put_nowait(None)
        yield b"begun"
        await go_on.wait()
        yield b"done"

    held = [asyncio.create_task(receive(slowly(), by=small, address=f"address {n}")) for n in range(2)]
    for _ in held:
        await begun.get()
    # when one of them sends another file at once, he is told so
    with pytest.raises(TooMany) as told:
        await receive(b"x", by=small, address="address 0")
    assert told.value.retry_after == slots.RETRY_SECONDS
    # and a third one, of whom nothing is read, has waited for too long
    with monkeypatch.context() as impatient:
        impatient.setattr(slots, "WAIT_SECONDS", 0.05)
        with pytest.raises(Unavailable, match="try again"):
            await receive(slowly(), by=small, address="address 2")
    waiting = asyncio.create_task(receive(slowly(), by=small, address="address 2"))
    assert begun.empty()
    # then, as the first ones end, the third comes in
    go_on.set()
    assert {taken.size for taken in await asyncio.gather(*held, waiting)} == {9}
    assert begun.qsize() == 1


async def test_many_at_once_are_each_what_they_were(receive: Receive) -> None:
    files = [noise(n * MB // 3) + b"%d" % n for n in range(16)]

    taken = await asyncio.gather(*(receive(file, address=str(n)) for n, file in enumerate(files)))

    assert [one.sha256 for one in taken] == [hashlib.sha256(file).hexdigest() for file in files]


async def test_a_slot_is_held_for_so_long_and_by_a_large_file_for_longer(
    settings: Settings, store: Store, receive: Receive, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an intake that gives a second, and three to what is larger than 100 kB
    monkeypatch.setattr(intakes, "SMALL", 100_000)
    short = Intake(msgspec.structs.replace(settings, intake_seconds=1, intake_large_seconds=3), store)

    async def for_two_seconds(piece: int) -> AsyncIterator[bytes]:
        for _ in range(20):
            yield b"x" * piece
            await asyncio.sleep(0.1)

    # when files come for two seconds
    small, large = await asyncio.gather(
        receive(for_two_seconds(1000), by=short),
        receive(for_two_seconds(20_000), by=short, address="another"),
        return_exceptions=True,
    )
    # then
    assert isinstance(small, BodyTooSlow)
    assert small.message == "The file took longer to arrive than the 1 seconds that a file of its size may take."
    assert isinstance(large, Taken)
    assert large.size == 400_000
