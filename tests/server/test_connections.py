"""Connections to a running server: who is waited for, who is refused, and who hears an answer."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator
from typing import Any

import pytest
import uvicorn

from filemill.local.ports import free_port
from filemill.server import connection, running, transport
from filemill.server.connection import INTERNAL, REFUSED
from filemill.server.connection_limits import ConnectionLimits

pytestmark = pytest.mark.anyio

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
ONE_OF_MANY = 3
LARGE = b"x" * 8_000_000


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Says what it was sent, and how the request was marked; refuses what comes to /refuse, and gives much at /much."""
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
        return
    body = b""
    if scope["path"] == "/refuse":
        headers = [(b"content-length", b"2"), (b"connection", b"close")]
        await send({"type": "http.response.start", "status": 413, "headers": headers})
        await send({"type": "http.response.body", "body": b"no"})
        return
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            break
    marks = [word for word in (REFUSED, INTERNAL) if word in scope["state"]]
    said = LARGE if scope["path"] == "/much" else f"{len(body)} {marks}".encode()
    await send(
        {"type": "http.response.start", "status": 200, "headers": [(b"content-length", str(len(said)).encode())]}
    )
    await send({"type": "http.response.body", "body": said})


class Served:
    """A server in a thread of this process."""

    def __init__(self) -> None:
        self.port, self.health_port = free_port(), free_port()
        self.callers: list[Caller] = []
        self.limits = ConnectionLimits(most=6, most_of_address=ONE_OF_MANY)

    async def connect(self, address: str = "127.0.0.1", *, port: int | None = None) -> "Caller":
        caller = Caller(*await asyncio.open_connection("127.0.0.1", port or self.port, local_addr=(address, 0)))
        self.callers.append(caller)
        return caller


class Caller:
    """Somebody at the other end."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    async def head(self) -> bytes:
        return await asyncio.wait_for(self._reader.readuntil(b"\r\n\r\n"), 10)

    async def answer(self) -> bytes:
        """The whole answer."""
        head = await self.head()
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        return head + await asyncio.wait_for(self._reader.readexactly(length), 10)

    async def seconds_until_closed(self) -> float:
        began = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while await asyncio.wait_for(self._reader.read(65536), 10):
                pass
        return time.monotonic() - began

    async def leave(self) -> None:
        self._writer.transport.abort()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


@pytest.fixture
async def served(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    """A server whose patience is short."""
    for name, seconds in (("HEAD_SECONDS", 0.5), ("REFUSED_SECONDS", 0.3), ("WRITE_SECONDS", 0.5)):
        monkeypatch.setattr(connection, name, seconds)
    monkeypatch.setattr(running, "IDLE_SECONDS", 1)
    monkeypatch.setattr(running.signal, "signal", lambda *_: None)
    monkeypatch.setattr(transport, "SECONDS", 1.0)
    one, servers = Served(), []
    make = uvicorn.Server

    def keep(config: uvicorn.Config) -> uvicorn.Server:
        servers.append(make(config))
        return servers[-1]

    monkeypatch.setattr(uvicorn, "Server", keep)
    ports = {"host": "127.0.0.1", "port": one.port, "health_port": one.health_port}
    thread = threading.Thread(target=running.run, args=(app, one.limits), kwargs=ports)
    thread.start()
    until = time.monotonic() + 20
    while not (servers and servers[0].started):
        assert time.monotonic() < until
        await asyncio.sleep(0.01)
    yield one
    for caller in one.callers:
        await caller.leave()
    servers[0].should_exit = True
    await asyncio.to_thread(thread.join, 20)
    assert not thread.is_alive()


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"\r\n", GET[:-2]], ids=["nothing", "a word", "a line", "half"])
async def test_whoever_asks_for_nothing_is_not_kept(served: Served, sent: bytes) -> None:
    caller = await served.connect()
    caller.send(sent)

    assert 0.3 < await caller.seconds_until_closed() < 3


@pytest.mark.parametrize("sent", [b"", b"G", b"\r\n"], ids=["nothing", "half", "a line"])
async def test_after_an_answer_the_next_question_is_awaited_for_a_while(served: Served, sent: bytes) -> None:
    # given somebody who asks three times over one connection
    caller = await served.connect()
    for _ in range(3):
        caller.send(GET)
        assert (await caller.answer()).endswith(b"0 []")
    # when no other question comes
    caller.send(sent)
    # then it is closed
    assert 0.5 < await caller.seconds_until_closed() < 4


async def test_a_head_that_comes_drop_by_drop_is_not_awaited_for_ever(served: Served) -> None:
    caller = await served.connect()

    async def drip() -> None:
        for at in range(len(GET)):
            caller.send(GET[at : at + 1])
            await asyncio.sleep(0.2)

    dripping = asyncio.create_task(drip())
    assert await caller.seconds_until_closed() < 3
    dripping.cancel()


async def test_an_address_with_its_share_is_told_and_others_and_health_are_served(served: Served) -> None:
    # given an address with as many connections as it may have
    held = [await served.connect() for _ in range(ONE_OF_MANY)]
    # when it opens another one, this is marked, and closed soon where nothing is asked
    told, silent = await served.connect(), await served.connect()
    told.send(GET)
    assert b"filemill.refused" in await told.answer()
    assert await silent.seconds_until_closed() < 1
    # then others are served, and so is health
    other, health = await served.connect("127.0.0.2"), await served.connect(port=served.health_port)
    for caller, marks in ((other, b"[]"), (health, b"['filemill.internal']")):
        caller.send(GET)
        assert (await caller.answer()).endswith(marks)
    # and where he closes one, so is he
    await held[0].leave()
    await asyncio.sleep(0.1)
    again = await served.connect()
    again.send(GET)
    assert (await again.answer()).endswith(b"[]")


async def test_where_all_places_are_taken_a_newcomer_gets_that_of_the_largest(served: Served) -> None:
    # given all places taken, by idle connections
    for address in ("127.0.0.1", "127.0.0.2"):
        for _ in range(ONE_OF_MANY):
            await served.connect(address)
    # when
    newcomer = await served.connect("127.0.0.3")
    newcomer.send(GET)
    # then
    assert (await newcomer.answer()).endswith(b"[]")
    assert len(served.limits) == 6


@pytest.mark.parametrize("length", [4_000_000, 400_000_000])
async def test_whoever_is_refused_while_he_sends_hears_why(served: Served, length: int) -> None:
    # given somebody who sends all before he reads anything, or as much as is taken off him
    caller = await served.connect()
    caller.send(b"POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % length)
    for _ in range(40):
        caller.send(bytes(100_000))
        await asyncio.sleep(0)
    # then he has his answer, and the connection ends soon, however much more he would send
    assert (await caller.head()).startswith(b"HTTP/1.1 413 ")
    assert await caller.seconds_until_closed() < 3


async def test_whoever_drips_after_his_answer_is_cut(served: Served) -> None:
    caller = await served.connect()
    caller.send(b"POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
    assert b" 413 " in await caller.head()

    began = time.monotonic()
    with contextlib.suppress(ConnectionError):
        while time.monotonic() - began < 5:
            caller.send(b"x")
            await asyncio.sleep(0.1)
            if caller._writer.is_closing():
                break
    assert time.monotonic() - began < 3


async def test_whoever_reads_nothing_is_cut(served: Served) -> None:
    # given somebody who asks for much and reads nothing of it
    caller = await served.connect()
    caller._reader._limit = 1
    caller.send(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
    await asyncio.sleep(0.1)
    assert len(served.limits) == 1
    # then his place is free again soon
    await asyncio.sleep(2)
    assert len(served.limits) == 0


async def test_a_body_with_an_offer_to_upgrade_arrives_whole(served: Served) -> None:
    caller = await served.connect()
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA\r\n"
    caller.send(b"POST / HTTP/1.1\r\nHost: x\r\n" + offer + b"Content-Length: 5\r\n\r\nhel")
    await asyncio.sleep(0.05)
    caller.send(b"lo")

    assert (await caller.answer()).endswith(b"5 []")


async def test_few_questions_may_wait_for_their_turn_and_not_thousands(served: Served) -> None:
    few, many = await served.connect(), await served.connect()
    few.send(GET * 5)
    many.send(GET * 5000)

    for _ in range(5):
        assert (await few.answer()).endswith(b"0 []")
    assert await many.seconds_until_closed() < 1
