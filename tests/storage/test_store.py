"""What every object store must do for us: one suite, run on each kind that is installed."""

import asyncio
import gzip
import uuid
from pathlib import Path

import httpx
import msgspec
import pytest

from filemill.errors import BadRequest, NotFound, StoreAway
from filemill.local.ports import free_port
from filemill.settings import Settings
from filemill.storage.objects import Part
from filemill.storage.s3 import Store

pytestmark = pytest.mark.anyio

PART = 5 * 2**20
ODD_NAMES = ["plain.csv", "two words.csv", "ünïcödé.csv", "a+b&c=d%20#?.csv", "[x]*.csv", "quo'te\".csv"]
ODD_NAMES += ["x" * 251 + ".csv"]


def new_key(name: str = "data.csv") -> str:
    return f"input/{uuid.uuid4()}/{name}"


@pytest.mark.parametrize("name", ODD_NAMES)
async def test_a_file_goes_in_by_one_url_and_comes_out_by_another(store: Store, name: str) -> None:
    # given a URL for a key with any legal name
    key = new_key(name)
    async with httpx.AsyncClient() as client:
        # when somebody without credentials puts a file there
        put = await client.put(store.presign_put(key, 60), content=b"a,b\n1,2\n")
        assert put.status_code == 200, put.text
        # then the store knows its size and etag, and the other URL hands it out under its name
        stat = await store.stat(key)
        assert stat is not None
        assert stat.size == 8
        got = await client.get(store.presign_get(key, 60, name))
    assert got.content == b"a,b\n1,2\n"
    assert got.headers["content-disposition"].startswith("attachment; filename*=UTF-8''")
    assert await store.get(key) == b"a,b\n1,2\n"
    assert await store.look(key, 3) == (stat, b"a,b")
    assert await store.look(key, 100) == (stat, b"a,b\n1,2\n")
    assert key in await store.keys()
    await store.remove(key)
    assert await store.stat(key) is None
    assert await store.look(key, 3) is None


async def test_only_the_object_that_was_recorded_is_handed_out(store: Store) -> None:
    # given an object, and what was recorded of it
    key = new_key()
    await store.put(key, b"the result")
    recorded = await store.stat(key)
    assert recorded is not None
    assert b"".join([piece async for piece in await store.open(key, recorded.etag)]) == b"the result"
    # when somebody has written another one there
    await store.put(key, b"another one")
    # then the recorded one is gone
    with pytest.raises(NotFound):
        await store.open(key, recorded.etag)
    await store.remove(key)
    with pytest.raises(NotFound):
        await store.open(key, recorded.etag)


async def test_an_empty_object_is_an_object(store: Store) -> None:
    key = new_key()
    await store.put(key, b"")
    looked = await store.look(key, 100)
    assert looked is not None
    assert (looked[0].size, looked[1]) == (0, b"")
    assert looked[0] == await store.stat(key)
    await store.remove(key)


async def test_a_url_opens_one_key_for_one_verb(store: Store) -> None:
    # given a URL for writing one key
    mine, other = new_key(), new_key()
    url = store.presign_put(mine, 60)
    async with httpx.AsyncClient() as client:
        # when it is used for another key, or for reading, or nobody signed at all
        answers = [
            await client.put(url.replace(mine.split("/")[1], other.split("/")[1]), content=b"x"),
            await client.get(url),
            await client.get(url.split("?")[0]),
        ]
    # then the store refuses
    assert [a.status_code for a in answers] == [403, 403, 403]
    assert await store.stat(mine) is None


@pytest.mark.parametrize("is_part", [False, True])
async def test_a_url_for_writing_copies_nobodys_object(store: Store, is_part: bool) -> None:
    # given somebody's object, and a URL to write another key
    theirs, mine = new_key(), new_key()
    await store.put(theirs, b"theirs")
    url = store.presign_put(mine, 60)
    if is_part:
        url = store.presign_part(mine, await store.create_upload(mine), 1, 60)
    async with httpx.AsyncClient() as client:
        # when it is used with a header that nobody signed, to copy that object
        source = {"x-amz-copy-source": f"/{store.bucket}/{theirs}"}
        copied = await client.put(url, headers=source)
    # then nothing is copied
    assert copied.status_code == 403, copied.text
    assert await store.stat(mine) is None


@pytest.mark.parametrize("data", [b"plain text", gzip.compress(b"packed text")])
async def test_what_an_upload_says_of_its_encoding_changes_no_byte(store: Store, data: bytes) -> None:
    # given an object that was uploaded as gzip, whether it is or not
    key = new_key()
    async with httpx.AsyncClient() as client:
        put = await client.put(store.presign_put(key, 60), content=data, headers={"Content-Encoding": "gzip"})
    assert put.status_code == 200
    # when it is looked at and read
    looked, read, fed = await store.look(key, 6), await store.get(key), bytearray()
    assert looked is not None
    assert await store.feed(key, looked[0].etag, 0, len(data), fed.extend)
    # then the bytes are those that came
    assert looked[1] == data[:6]
    assert read == fed == data


async def test_an_expired_url_is_refused(store: Store) -> None:
    key = new_key()
    url = store.presign_put(key, 1)
    await asyncio.sleep(2.1)
    async with httpx.AsyncClient() as client:
        assert (await client.put(url, content=b"x")).status_code in (400, 403)


async def test_removing_twice_is_no_error(store: Store) -> None:
    key = new_key()
    await store.put(key, b"x")
    await store.remove(key)
    await store.remove(key)


async def test_many_go_at_once_whatever_they_are_called_and_nobody_elses(store: Store) -> None:
    # given objects of odd names, one that XML cannot hold, one that is not there, and one that stays
    gone, stays = [new_key(name) for name in [*ODD_NAMES, "a\uffffb.csv"]], new_key()
    for key in (*gone, stays):
        await store.put(key, b"x")
    # when
    await store.remove_all([new_key(), *gone])
    # then
    assert [await store.stat(key) for key in gone] == [None] * len(gone)
    assert not set(gone) & set(await store.keys())
    assert await store.stat(stays) is not None
    # and a second time does no harm
    await store.remove_all(gone)
    await store.remove_all([stays])
    await store.remove_all([])


async def test_parts_out_of_order_become_one_object(store: Store) -> None:
    # given an open upload
    key = new_key()
    upload = await store.create_upload(key)
    bodies = {2: b"end", 1: b"a" * PART}
    etags = {}
    async with httpx.AsyncClient() as client:
        for number, body in bodies.items():
            put = await client.put(store.presign_part(key, upload, number, 60), content=body)
            assert put.status_code == 200, put.text
            etags[number] = put.headers["etag"].strip('"')
    # when it is resumed: the parts that have arrived are listed
    assert [(p.part_number, p.etag, p.size) for p in await store.list_parts(key, upload)] == [
        (1, etags[1], PART),
        (2, etags[2], 3),
    ]
    assert await store.open_uploads(key) == [upload]
    # then completing makes the object, and completing again is no error
    parts = [Part(n, etags[n]) for n in (1, 2)]
    await store.complete_upload(key, upload, parts)
    await store.complete_upload(key, upload, parts)
    stat = await store.stat(key)
    assert stat is not None
    assert stat.size == PART + 3
    assert await store.open_uploads(key) == []
    await store.remove(key)


async def test_wrong_parts_are_refused_in_words(store: Store) -> None:
    key = new_key()
    upload = await store.create_upload(key)
    async with httpx.AsyncClient() as client:
        put = await client.put(store.presign_part(key, upload, 1, 60), content=b"x")
    assert put.status_code == 200
    with pytest.raises(BadRequest, match="part"):
        await store.complete_upload(key, upload, [Part(1, "0" * 32)])
    with pytest.raises(BadRequest, match="no open upload"):
        await store.complete_upload(new_key(), "no-such-upload", [Part(1, "0" * 32)])
    await store.abort_upload(key, upload)


async def _send(store: Store, key: str, upload: str, number: int, body: bytes) -> Part:
    async with httpx.AsyncClient() as client:
        put = await client.put(store.presign_part(key, upload, number, 60), content=body)
    assert put.status_code == 200, put.text
    return Part(number, put.headers["etag"].strip('"'), len(body))


async def test_of_a_part_sent_twice_the_newest_counts(store: Store) -> None:
    # given an upload whose first part was sent again, with other bytes
    key = new_key()
    upload = await store.create_upload(key)
    former = await _send(store, key, upload, 1, b"a" * PART)
    await asyncio.sleep(1.1)  # SeaweedFS tells the time in seconds
    newest = await _send(store, key, upload, 1, b"b" * PART)
    end = await _send(store, key, upload, 2, b"end")
    # then the list shows the newest alone
    assert await store.list_parts(key, upload) == [newest, end]
    # and the former cannot be completed
    with pytest.raises(BadRequest, match=r"Part 1: the etag is not .* newest"):
        await store.complete_upload(key, upload, [former, end])
    assert await store.stat(key) is None
    # when the newest is named, in the quotes of its header
    await store.complete_upload(key, upload, [Part(1, f'"{newest.etag}"'), end])
    # then the object is made of it
    looked = await store.look(key, 1)
    assert looked is not None
    assert (looked[0].size, looked[1]) == (PART + 3, b"b")
    await store.remove(key)


async def test_a_part_sent_twice_with_the_same_bytes_is_one(store: Store) -> None:
    key = new_key()
    upload = await store.create_upload(key)
    await _send(store, key, upload, 1, b"once")
    again = await _send(store, key, upload, 1, b"once")
    assert await store.list_parts(key, upload) == [again]
    await store.complete_upload(key, upload, [again])
    stat = await store.stat(key)
    assert stat is not None
    assert stat.size == 4
    await store.remove(key)


async def test_parts_with_a_gap_are_refused(store: Store) -> None:
    # given three parts
    key = new_key()
    upload = await store.create_upload(key)
    one, two, three = [await _send(store, key, upload, n, bytes([n]) * PART) for n in (1, 2, 3)]
    # then none of them may be left out, and none be named that is not there
    refusals = {
        "Part 2 has arrived and is not named": [one, three],
        "Part 3 has arrived and is not named": [one, two],
        "Part 1 has arrived and is not named": [two, three],
        "Part 4 has not arrived": [one, two, three, Part(4, three.etag)],
    }
    for sentence, named in refusals.items():
        with pytest.raises(BadRequest, match=sentence):
            await store.complete_upload(key, upload, named)
    # and where one was never sent, it is asked for
    other = new_key()
    begun = await store.create_upload(other)
    late = await _send(store, other, begun, 2, b"late")
    with pytest.raises(BadRequest, match="Part 1 has not arrived"):
        await store.complete_upload(other, begun, [late])
    # and the upload stays open
    assert await store.open_uploads(key) == [upload]
    await store.complete_upload(key, upload, [one, two, three])
    await store.remove(key)
    await store.abort_upload(other, begun)


async def test_an_aborted_upload_leaves_nothing(store: Store) -> None:
    # given an upload with a part
    key = new_key("ünï 1+2.csv")
    upload = await store.create_upload(key)
    async with httpx.AsyncClient() as client:
        await client.put(store.presign_part(key, upload, 1, 60), content=b"x" * 100)
    assert await store.open_uploads(key) == [upload]
    # when it is thrown away, twice
    await store.abort_upload(key, upload)
    await store.abort_upload(key, upload)
    # then nothing is listed, and no part can be added
    assert await store.open_uploads(key) == []
    assert await store.list_parts(key, upload) == []
    async with httpx.AsyncClient() as client:
        late = await client.put(store.presign_part(key, upload, 2, 60), content=b"x")
    assert late.status_code == 404


async def test_uploads_of_a_longer_key_are_somebody_elses(store: Store) -> None:
    key = new_key("a.csv")
    other = await store.create_upload(key + ".gz")
    assert await store.open_uploads(key) == []
    await store.abort_upload(key + ".gz", other)


async def test_an_absent_store_is_said_to_be_away(settings: Settings, tmp_path: Path) -> None:
    # given an address where nothing listens
    nowhere = Store(msgspec.structs.replace(settings, s3_url=f"http://127.0.0.1:{free_port()}"))
    # when anything is asked of it, then it is away, in a sentence that names no address
    for ask in (nowhere.probe(), nowhere.stat("x"), nowhere.remove_all(["x"]), nowhere.open_uploads("x")):
        with pytest.raises(StoreAway) as away:
            await ask
        assert "127.0.0.1" not in away.value.message
    nowhere.close()
