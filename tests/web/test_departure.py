"""Answers on their way out: through a real server to readers who do not read, and at the ASGI line itself."""

import http.client
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest

from filemill.web.departure import PIECE_BYTES, TakenInTime
from tests.fixtures.served import ServedProgram

SECONDS = 1
A_WHILE = 30


class Served(ServedProgram):
    """`tests.fixtures.answering`, which is asked here at the line."""

    def ask(self, path: str, *, buffer: int | None = None) -> socket.socket:
        """Asks, and reads nothing of the answer yet."""
        connection = socket.socket()
        connection.settimeout(A_WHILE)
        if buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        connection.connect(("127.0.0.1", self.port))
        connection.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        return connection


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served("answering", SECONDS, log=tmp_path_factory.mktemp("answering") / "log")
    served.wait()
    yield served
    served.stop()


def read(connection: socket.socket) -> tuple[int, bool]:
    """Reads to the end -> how many bytes came, and whether the connection was cut before the answer's end."""
    got = 0
    try:
        while piece := connection.recv(1 << 20):
            got += len(piece)
    except ConnectionResetError:
        return got, True
    return got, False


@pytest.mark.parametrize("path", ["/stream", "/whole"])
def test_a_reader_who_does_not_read_is_cut_off(served: Served, path: str) -> None:
    with served.ask(path, buffer=4096) as idle:
        time.sleep(2 * SECONDS)
        got, is_cut = read(idle)

    assert is_cut
    assert got < 32 << 20


@pytest.mark.parametrize("path", ["/stream", "/whole"])
def test_a_reader_who_takes_his_time_and_reads_on_is_not(served: Served, path: str) -> None:
    reader = http.client.HTTPConnection("127.0.0.1", served.port, timeout=A_WHILE)
    reader.request("GET", path)
    answer = reader.getresponse()
    got = 0
    while piece := answer.read(16 << 20):
        got += len(piece)
        time.sleep(SECONDS / 4)
    reader.close()

    assert got == 64 << 20


def test_an_answer_that_breaks_off_does_not_look_like_a_whole_one(served: Served) -> None:
    reader = http.client.HTTPConnection("127.0.0.1", served.port, timeout=A_WHILE)
    reader.request("GET", "/broken")
    with pytest.raises((http.client.IncompleteRead, ConnectionResetError)):
        reader.getresponse().read()
    reader.close()


def test_one_who_is_cut_off_leaves_the_others_alone(served: Served) -> None:
    with served.ask("/waiting") as other, served.ask("/stream", buffer=4096):
        time.sleep(SECONDS + 1)
        other.settimeout(A_WHILE)
        answer = http.client.HTTPResponse(other)
        answer.begin()
        assert answer.read() == b"at last"


@pytest.mark.anyio
async def test_a_small_answer_goes_out_as_it_is_and_a_large_one_in_pieces() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def answer(*bodies: bytes) -> list[tuple[int, bool]]:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            for body in bodies[:-1]:
                await send({"type": "http.response.body", "body": body, "more_body": True})
            await send({"type": "http.response.body", "body": bodies[-1]})

        sent.clear()
        scope: Any = {"type": "http", "path": "/", "headers": []}
        await TakenInTime(app, 1)(scope, None, send)  # type: ignore[arg-type]
        assert sent[0]["type"] == "http.response.start"
        return [(len(message["body"]), message.get("more_body", False)) for message in sent[1:]]

    assert await answer(b"") == [(0, False)]
    assert await answer(b"x" * PIECE_BYTES) == [(PIECE_BYTES, False)]
    assert await answer(b"x" * (PIECE_BYTES + 1)) == [(PIECE_BYTES, True), (1, False)]
    assert await answer(b"x", b"y" * 2 * PIECE_BYTES, b"") == [
        (1, True),
        (PIECE_BYTES, True),
        (PIECE_BYTES, True),
        (0, False),
    ]


@pytest.mark.anyio
async def test_an_error_before_the_answer_is_passed_on() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise ValueError("before")

    scope: Any = {"type": "http", "path": "/", "headers": [], "client": ("127.0.0.1", 1)}
    with pytest.raises(ValueError, match="before"):
        await TakenInTime(app, 1)(scope, None, None)  # type: ignore[arg-type]
