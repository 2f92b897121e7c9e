"""nginx alone, before an API and a store that a test plays: what it says when they are away, and how bytes pass."""

import socket
import tempfile
from pathlib import Path

import httpx
import pytest

from filemill.local import process
from filemill.local.process import LOOPBACK
from tests.compose import outside

SIGNED = "/filemill/input/3f0c/a.csv?X-Amz-Signature=00ff"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


class Listener:
    """A server that answers only when a test says so."""

    def __init__(self) -> None:
        self._socket = socket.create_server((LOOPBACK, 0))
        self._socket.settimeout(10)
        self.port = self._socket.getsockname()[1]

    def accept(self) -> socket.socket:
        connection, _ = self._socket.accept()
        connection.settimeout(10)
        return connection

    def has_visitor(self, seconds: float) -> bool:
        self._socket.settimeout(seconds)
        try:
            self._socket.accept()[0].close()
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        self._socket.close()


class Front:
    """nginx, and the two it stands before."""

    def __init__(self, folder: Path) -> None:
        self.port = process.free_port()
        self.api, self.store = Listener(), Listener()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.nginx = outside.start_nginx(
            folder, listen=self.port, api=f"{LOOPBACK}:{self.api.port}", store=self.store.port
        )

    def connect(self) -> socket.socket:
        return socket.create_connection((LOOPBACK, self.port), timeout=10)

    def close(self) -> None:
        self.nginx.stop()
        self.api.close()
        self.store.close()


@pytest.fixture
def front():
    if outside.program() is None:
        pytest.skip("nginx is not installed (apt-get install nginx-light)")
    with tempfile.TemporaryDirectory(prefix="filemill-nginx-") as folder:
        Path(folder).chmod(0o711)
        running = Front(Path(folder))
        try:
            yield running
        finally:
            running.close()


def test_only_the_file_of_upstreams_is_another_one(front):
    """The configuration under test is the one that is delivered."""
    delivered, used = outside.ROOT / "nginx", Path(front.nginx.program.argv[-1]).parent

    assert (used / "nginx.conf").read_bytes() == (delivered / "nginx.conf").read_bytes()
    assert {entry.name for entry in delivered.iterdir()} == {"nginx.conf", "upstreams.conf"}


@pytest.mark.parametrize("path", ["/api/v1/jobs", "/health/live"])
def test_an_api_that_is_away_is_told_in_the_doors_dialect(front, path):
    front.api.close()

    answer = httpx.get(front.url + path, headers={"X-Request-ID": "mine"})

    assert answer.status_code == 503
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Retry-After"] == "5"
    assert answer.headers["X-Request-ID"] == "mine"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    sentence = "The service is out of reach for the moment; try again in a few seconds."
    if path.startswith("/api/v1"):
        assert answer.json() == {"detail": sentence}
    else:
        assert answer.json() == {"success": False, "data": {"error": "ServiceUnavailable", "message": sentence}}


def test_an_upload_reaches_the_store_while_it_is_still_being_sent(front):
    with front.connect() as client:
        client.sendall(f"PUT {SIGNED} HTTP/1.1\r\nHost: files.example:8000\r\nContent-Length: 8\r\n\r\nhalf".encode())

        with front.store.accept() as store:
            received = until(store, b"half")
            assert received.startswith(f"PUT {SIGNED} HTTP/1.1\r\n".encode()), "letter for letter as signed"
            assert b"\r\nHost: files.example:8000\r\n" in received
            client.sendall(b"rest")
            until(store, b"rest")
            store.sendall(OK)
        assert b"200 OK" in client.recv(4096)


def test_a_signed_path_is_passed_on_letter_for_letter(front):
    path = "/filemill/output/3f0c/St%C3%A4dte%20%2B%20a%2525%2Fb.csv?X-Amz-Signature=00ff&x=%20a+b"
    with front.connect() as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())

        with front.store.accept() as store:
            assert until(store, b"\r\n\r\n").startswith(f"GET {path} HTTP/1.1\r\n".encode())
            store.sendall(OK)


def test_a_slow_sender_does_not_keep_the_api_waiting(front):
    head = b"POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 8\r\n\r\n"
    with front.connect() as client:
        client.sendall(head + b"half")
        assert not front.api.has_visitor(0.5)

        client.sendall(b"rest")
        with front.api.accept() as api:
            until(api, b"halfrest")
            api.sendall(OK)
        assert b"200 OK" in client.recv(4096)


def test_the_callers_address_is_added_to_what_came_in(front):
    with front.connect() as client:
        client.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n")

        with front.api.accept() as api:
            received = until(api, b"\r\n\r\n").lower()
            api.sendall(OK)

    assert f"\r\nx-forwarded-for: 203.0.113.9, {LOOPBACK}\r\n".encode() in received
    assert b"\r\nx-forwarded-proto: http\r\n" in received


def until(connection, words):
    received = b""
    while words not in received:
        chunk = connection.recv(65536)
        assert chunk, received
        received += chunk
    return received
