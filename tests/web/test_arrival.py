"""Bodies on their way in, at the ASGI line itself: who is waited for, and what is read of a body that nobody wants."""

import asyncio
import time
from typing import Any

import pytest

from filemill.errors import BodyTooSlow
from filemill.web import arrival
from filemill.web.arrival import InTime

pytestmark = pytest.mark.anyio

ANNOUNCED = [(b"content-length", b"3000")]
PIECE = {"type": "http.request", "body": b"x" * 1000, "more_body": True}
LAST = {"type": "http.request", "body": b"x" * 1000, "more_body": False}
LEFT = {"type": "http.disconnect"}


class Client:
    """Sends these messages, then nothing more; counts what was read of them."""

    def __init__(self, *messages: dict[str, Any]) -> None:
        self._messages = list(messages)
        self.read = 0

    async def receive(self) -> dict[str, Any]:
        if not self._messages:
            await asyncio.Event().wait()
        self.read += 1
        return self._messages.pop(0)


async def ask(client: Client, headers: list[tuple[bytes, bytes]], status: int = 400, *, reads: int = 0) -> bool:
    """Asks an app that reads so many pieces and then answers -> whether the connection goes on after the answer."""
    sent: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(reads):
            await receive()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {"type": "http", "headers": headers}
    await asyncio.wait_for(InTime(app)(scope, client.receive, send), 20)  # type: ignore[arg-type]
    assert [message["type"] for message in sent] == ["http.response.start", "http.response.body"]
    return (b"connection", b"close") not in sent[0]["headers"]


@pytest.mark.parametrize("reads", [0, 1, 3])
@pytest.mark.parametrize("status", [200, 400])
async def test_a_body_that_is_here_already_is_read_and_the_connection_goes_on(status: int, reads: int) -> None:
    client = Client(PIECE, PIECE, LAST)

    assert await ask(client, ANNOUNCED, status, reads=reads)

    assert client.read == 3


@pytest.mark.parametrize("headers", [[], [(b"content-length", b"0")]], ids=["no body", "empty body"])
async def test_where_no_body_comes_none_is_read(headers: list[tuple[bytes, bytes]]) -> None:
    client = Client(PIECE, LAST)

    assert await ask(client, headers, 404)

    assert client.read == 0


async def test_a_body_that_is_held_back_is_not_asked_for() -> None:
    client = Client(PIECE, LAST)

    assert not await ask(client, [*ANNOUNCED, (b"expect", b"100-continue")], 401)

    assert client.read == 0


async def test_whoever_leaves_or_stands_still_is_answered_at_once() -> None:
    gone, still = Client(PIECE, LEFT), Client(PIECE)

    for client in (gone, still):
        began = time.monotonic()
        assert not await ask(client, ANNOUNCED, reads=1)
        assert time.monotonic() - began < 1


async def test_whoever_was_too_slow_is_not_waited_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "SECONDS", 0.1)
    goes_on: list[bool] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        with pytest.raises(BodyTooSlow):
            await receive()
        await send({"type": "http.response.start", "status": 408, "headers": []})

    async def send(message: Any) -> None:
        goes_on.append((b"connection", b"close") not in message["headers"])

    scope: Any = {"type": "http", "headers": ANNOUNCED}
    await asyncio.wait_for(InTime(app)(scope, Client(PIECE).receive, send), 5)  # type: ignore[arg-type]
    assert goes_on == [False]


async def test_only_so_much_is_read_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "MOST_READ_OUT", 5000)
    client = Client(*[PIECE] * 100)

    assert not await ask(client, [(b"transfer-encoding", b"chunked")])

    assert client.read == 5


@pytest.mark.parametrize("headers", [ANNOUNCED, []], ids=["announced", "as HTTP/2 may send it"])
async def test_a_body_that_stands_still_is_too_slow(
    monkeypatch: pytest.MonkeyPatch, headers: list[tuple[bytes, bytes]]
) -> None:
    monkeypatch.setattr(arrival, "SECONDS", 0.1)

    with pytest.raises(BodyTooSlow):
        await ask(Client(PIECE), headers, 200, reads=2)


async def test_what_we_do_with_the_bytes_is_not_the_senders_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "SECONDS", 0.2)
    client = Client(PIECE, PIECE, LAST)

    async def slow_app(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(3):
            await receive()
            await asyncio.sleep(0.3)

    scope: Any = {"type": "http", "headers": ANNOUNCED}
    await InTime(slow_app)(scope, client.receive, None)  # type: ignore[arg-type]

    assert client.read == 3
