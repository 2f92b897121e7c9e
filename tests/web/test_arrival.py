"""Bodies on their way in, at the ASGI line itself: who is waited for, and whose rest is read though he is refused."""

import asyncio
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


async def ask(client: Client, headers: list[tuple[bytes, bytes]], status: int, *, reads: int = 0) -> list[str]:
    """Asks an app that reads so many pieces and then answers -> the kinds of messages it sent."""
    sent: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        for _ in range(reads):
            await receive()
        await send({"type": "http.response.start", "status": status, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def send(message: Any) -> None:
        sent.append(message["type"])

    scope: Any = {"type": "http", "headers": headers}
    await asyncio.wait_for(InTime(app)(scope, client.receive, send), 20)  # type: ignore[arg-type]
    return sent


@pytest.mark.parametrize("reads", [0, 1, 3])
async def test_the_rest_of_a_refused_body_is_read(reads: int) -> None:
    client = Client(PIECE, PIECE, LAST)

    assert await ask(client, ANNOUNCED, 400, reads=reads) == ["http.response.start", "http.response.body"]

    assert client.read == 3


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (ANNOUNCED, 200),
        ([], 404),
        ([(b"content-length", b"0")], 404),
        ([*ANNOUNCED, (b"expect", b"100-continue")], 401),
    ],
    ids=["not refused", "no body", "empty body", "held back"],
)
async def test_where_nobody_waits_to_be_read_nothing_is(headers: list[tuple[bytes, bytes]], status: int) -> None:
    client = Client(PIECE, LAST)

    await ask(client, headers, status)

    assert client.read == 0


async def test_whoever_leaves_or_stands_still_is_not_read_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "SECONDS", 0.1)
    gone, still = Client(PIECE, LEFT), Client(PIECE)

    for client in (gone, still):
        assert len(await ask(client, ANNOUNCED, 400, reads=1)) == 2


async def test_only_so_much_is_read_for_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrival, "MOST_READ_OUT", 5000)
    client = Client(*[PIECE] * 100)

    await ask(client, [(b"transfer-encoding", b"chunked")], 400)

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
