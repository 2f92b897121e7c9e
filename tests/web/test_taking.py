"""Files sent to a running API: what is kept, what it costs in memory, and what is left when anything of it dies."""

import asyncio
import hashlib
import os
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from filemill import connections
from filemill.settings import Settings
from filemill.storage import queries, removal
from filemill.storage.s3 import Store
from tests.fixtures.faulty import FaultyStack
from tests.fixtures.heads import EICAR
from tests.web.conftest import Taking

pytestmark = pytest.mark.anyio

MB = 2**20
TakingWith = Callable[..., Taking]
PEAK = 64 * MB
"""A file costs two parts of 5 MiB, one more while it is packed together, and what the sockets hold."""


@pytest.fixture(scope="module")
def running(taking_with: TakingWith, environ: dict[str, str]) -> Taking:
    """The API on the shared servers, once for this module."""
    return taking_with(environ)


@pytest.fixture
async def taking(running: Taking) -> Taking:
    """That API, for an account which has sent nothing yet."""
    await running.begin()
    return running


@pytest.fixture(scope="module")
def breakable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyStack]:
    """Servers of this module's own: no others may be broken."""
    stack = FaultyStack(tmp_path_factory.mktemp("taking"))
    stack.start_stores()
    yield stack
    stack.stop()


@pytest.fixture
async def broken(breakable: FaultyStack, taking_with: TakingWith) -> AsyncIterator[tuple[FaultyStack, Taking]]:
    """The API on servers that a test may break; they are mended after it."""
    one = taking_with(breakable.environ)
    await one.begin()
    yield breakable, one
    one.stop()
    for server in filter(None, (breakable.store, breakable.clamd)):
        assert server.process
        if not server.process.alive:
            await asyncio.to_thread(server.start)


def noise(size: int) -> bytes:
    return os.urandom(size // 2).hex().encode()


class HalfASender:
    """Somebody who sends the first half of a form and then nothing."""

    def __init__(self, taking: Taking, half: bytes, path: str = "/take") -> None:
        address = urlsplit(taking.url)
        self._socket = socket.create_connection((address.hostname, address.port), timeout=60)
        head = (
            f"POST {path} HTTP/1.1\r\nHost: localhost\r\nX-Owner: {taking.owner}\r\nContent-Length: {2 * len(half)}\r\n"
            "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
            '--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
        )
        self._socket.sendall(head.encode() + half)

    def go_on(self, more: bytes) -> bytes:
        """Sends more -> what he is answered."""
        self._socket.sendall(more)
        return self._socket.recv(4096)

    def leave(self) -> None:
        """Closes the connection."""
        self._socket.close()


async def until(holds: Callable[[], Awaitable[bool]], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not await holds():
        assert time.monotonic() < deadline, "it does not come to that"
        await asyncio.sleep(0.05)


async def in_parts(taking: Taking) -> bool:
    """Whether a part of the file is on its way to the store."""
    return any(row["upload_id"] for row in await taking.rows())


async def assert_nothing_is_left(taking: Taking, settings: Settings) -> None:
    """Rows that leave at most, and those go when sweep comes by after their time."""
    assert {row["state"] for row in await taking.rows()} <= {"leaving"}
    await taking.run("UPDATE object SET writable_until = now() - interval '1 s' WHERE owner = $1", taking.owner)
    keys = [row["key"] for row in await taking.rows()]
    store = Store(settings)
    await connections.open(taking.database_url)
    try:
        assert await removal.remove(store, await queries.leaving_of(keys))
        for key in keys:
            assert await store.stat(key) is None
            assert await store.open_uploads(key) == []
    finally:
        await connections.close()
        store.close()
    assert await taking.rows() == []


@pytest.mark.slow
async def test_a_hundred_megabytes_pass_through_little_memory(taking: Taking) -> None:
    # given a file as large as any may be, and an API that has taken one before
    data = noise(100 * MB)
    assert (await taking.send(b"hello")).status_code == 201
    before = taking.peak()
    # when it is sent
    answer = await taking.send(data, address="somewhere")
    # then it came in whole, and the process has grown by a few parts
    assert answer.status_code == 201, answer.text
    assert (answer.json()["size"], answer.json()["sha256"]) == (100 * MB, hashlib.sha256(data).hexdigest())
    assert answer.json()["fields"] == {"address": "somewhere"}
    assert taking.peak() - before < PEAK
    # and one byte more is too much
    refused = await taking.send(data + b"x")
    assert refused.status_code in (400, 413)
    assert "File size exceeds 100MB limit." in refused.text


async def test_whoever_is_refused_in_the_middle_hears_why(taking: Taking) -> None:
    """Given files that are refused by their first bytes, and senders who go on sending before they listen."""
    for path, status in (("/take", 400), ("/no/such/address", 404)):
        sender = HalfASender(taking, bytes(12 * MB), path)
        answer = await asyncio.to_thread(sender.go_on, bytes(12 * MB))
        sender.leave()

        assert answer.startswith(b"HTTP/1.1 %d " % status)


@pytest.mark.usefixtures("scanned")
async def test_a_virus_is_refused_and_not_named(taking: Taking, settings: Settings) -> None:
    answer = await taking.send(noise(6 * MB) + EICAR)

    assert answer.status_code == 400
    assert "virus scanner found something" in answer.text
    assert "Eicar" not in answer.text
    await assert_nothing_is_left(taking, settings)


async def test_of_somebody_who_leaves_in_the_middle_nothing_stays(taking: Taking, settings: Settings) -> None:
    # given somebody whose file is half in the store
    sender = HalfASender(taking, noise(12 * MB))
    await until(lambda: in_parts(taking))
    # when he is gone
    sender.leave()

    async def is_leaving() -> bool:
        return [row["state"] for row in await taking.rows()] == ["leaving"]

    # then so is his file
    await until(is_leaving)
    await assert_nothing_is_left(taking, settings)


async def test_what_a_killed_api_leaves_goes_after_its_time(broken: tuple[FaultyStack, Taking]) -> None:
    # given a file half in the store
    stack, taking = broken
    sender = HalfASender(taking, noise(12 * MB))
    await until(lambda: in_parts(taking))
    # when the API dies, nobody can say that the file will not come
    taking.kill()
    sender.leave()
    assert [row["state"] for row in await taking.rows()] == ["arriving"]
    # then it is sent away once its time is over
    await taking.run("UPDATE object SET expires_at = now() - interval '1 s'")
    await connections.open(taking.database_url)
    await queries.leave_expired()
    await connections.close()
    await assert_nothing_is_left(taking, stack.settings)


async def test_a_store_that_goes_in_the_middle(broken: tuple[FaultyStack, Taking]) -> None:
    # given a file half in the store
    stack, taking = broken
    sender = HalfASender(taking, noise(12 * MB))
    await until(lambda: in_parts(taking))
    # when the store dies and more of the file comes
    stack.store.kill()
    answer = await asyncio.to_thread(sender.go_on, noise(13 * MB))
    # then the sender is told, and may try again later
    assert b" 503 " in answer
    assert b"object store is out of reach" in answer
    assert b"retry-after" in answer.lower()
    sender.leave()
    refused = await taking.send(b"small")
    assert refused.status_code == 503
    # and afterwards it goes on, and sweep takes away what was left
    await asyncio.to_thread(stack.store.start)
    assert (await taking.send(b"small")).status_code == 201
    await taking.run("DELETE FROM object WHERE state = 'stored'")
    await assert_nothing_is_left(taking, stack.settings)


@pytest.mark.usefixtures("scanned")
async def test_a_scanner_that_goes_in_the_middle(broken: tuple[FaultyStack, Taking]) -> None:
    # given a file half on its way
    stack, taking = broken
    scanner: Any = stack.clamd
    sender = HalfASender(taking, noise(12 * MB))
    await until(lambda: in_parts(taking))
    # when the scanner dies and more of the file comes
    scanner.kill()
    answer = await asyncio.to_thread(sender.go_on, noise(13 * MB))
    # then it is refused, as every other file is: nothing is taken unscanned
    assert b" 503 " in answer
    assert b"virus scanner is out of reach" in answer
    sender.leave()
    refused = await taking.send(b"small")
    assert refused.status_code == 503
    assert int(refused.headers["Retry-After"]) > 0
    # until it is back
    await asyncio.to_thread(scanner.start)
    assert (await taking.send(b"small")).status_code == 201
    assert (await taking.send(EICAR)).status_code == 400
    await taking.run("DELETE FROM object WHERE state = 'stored'")
    await assert_nothing_is_left(taking, stack.settings)
