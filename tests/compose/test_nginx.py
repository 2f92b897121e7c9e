"""nginx alone, before an API and a store that a test plays: what it says when they are away, and how bytes pass."""

import contextlib
import socket
import tempfile
import time
from pathlib import Path

import httpx
import pytest

from filemill.local.ports import free_port
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
        self.folder = folder
        self.port = free_port()
        self.api, self.store = Listener(), Listener()
        self.url = f"http://{LOOPBACK}:{self.port}"
        self.nginx = outside.start_nginx(
            folder, listen=self.port, api=f"{LOOPBACK}:{self.api.port}", store=self.store.port
        )

    def connect(self, address: str = LOOPBACK) -> socket.socket:
        return socket.create_connection((LOOPBACK, self.port), timeout=10, source_address=(address, 0))

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
def test_an_api_that_is_away_is_told_in_the_dialect_of_the_api(front, path):
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


def test_a_body_larger_than_the_buffer_is_put_aside_and_arrives_whole(front):
    body = bytes(range(256)) * 4096
    with front.connect() as client:
        client.sendall(b"POST /api/v1/jobs HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        with front.api.accept() as api:
            received = until(api, b"\r\n\r\n")
            while len(received.partition(b"\r\n\r\n")[2]) < len(body):
                received += api.recv(65536)
            assert received.endswith(b"\r\n\r\n" + body)
            api.sendall(OK)
        assert b"200 OK" in client.recv(4096)


def test_a_body_for_which_there_is_no_room_is_told_in_the_dialect_of_the_api(front):
    # given a folder in which nothing can be put aside
    (front.folder / "nginx-run/body").chmod(0)
    body = b" " * 2**20
    # when
    answer = httpx.post(f"{front.url}/api/v1/jobs", content=body)
    # then
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "5"
    assert answer.json() == {
        "detail": "The service is out of reach for the moment; try again in a few seconds.",
    }
    assert not front.api.has_visitor(0.3)


def test_the_callers_address_is_added_to_what_came_in(front):
    with front.connect() as client:
        client.sendall(b"GET /health/live HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n")

        with front.api.accept() as api:
            received = until(api, b"\r\n\r\n").lower()
            api.sendall(OK)

    assert f"\r\nx-forwarded-for: 203.0.113.9, {LOOPBACK}\r\n".encode() in received
    assert b"\r\nx-forwarded-proto: http\r\n" in received


def test_a_download_is_fetched_from_the_store_and_nothing_of_the_visitor_goes_there(front):
    # given
    head = b"GET /download?token=t HTTP/1.1\r\nHost: files.example\r\nCookie: session_id=secret\r\nRange: bytes=0-1\r\n"
    with front.connect() as client:
        client.sendall(head + b"Authorization: Bearer secret\r\nX-Request-ID: mine\r\n\r\n")
        # when the API says where the file lies
        with front.api.accept() as api:
            assert b"session_id=secret" in until(api, b"\r\n\r\n")
            api.sendall(
                b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nContent-Type: text/csv\r\nCache-Control: no-store\r\n"
                b"Content-Disposition: attachment; filename=a.csv\r\nX-Accel-Redirect: /stored\r\n"
                b"X-Filemill-Object: /filemill/output/3f/St%C3%A4dte%20%2B.csv?X-Amz-Signature=00ff&x=%20a\r\n"
                b'X-Filemill-Etag: "9b2c-3"\r\n\r\n'
            )
        # then nginx asks the store for exactly that, and for nothing of the visitor's
        with front.store.accept() as store:
            asked = until(store, b"\r\n\r\n")
            assert asked.startswith(
                b"GET /filemill/output/3f/St%C3%A4dte%20%2B.csv?X-Amz-Signature=00ff&x=%20a HTTP/1.1\r\n"
            )
            assert f"\r\nHost: {LOOPBACK}:{front.store.port}\r\n".encode() in asked
            assert b'\r\nIf-Match: "9b2c-3"\r\n' in asked
            for word in (b"secret", b"Range", b"Cookie", b"files.example", b"X-Forwarded"):
                assert word not in asked
            store.sendall(
                b'HTTP/1.1 200 OK\r\nContent-Length: 8\r\nContent-Type: text/csv\r\nETag: "x"\r\nx-amz-id-2: y\r\n'
                b"Accept-Ranges: bytes\r\nLast-Modified: Sat, 21 Nov 2026 20:00:00 GMT\r\n\r\nthe file"
            )
        # and the visitor gets the file, with the API's headers
        answer = until(client, b"the file").decode()
    assert answer.startswith("HTTP/1.1 200 OK\r\n")
    for line in (
        "Content-Disposition: attachment; filename=a.csv",
        "Content-Type: text/csv",
        "Content-Length: 8",
        "Cache-Control: no-store",
        "X-Request-ID: mine",
        "X-Content-Type-Options: nosniff",
    ):
        assert answer.count(f"\r\n{line}\r\n") == 1, line
    for word in ("ETag", "x-amz", "Last-Modified", "Accept-Ranges", "X-Accel", "X-Filemill", "00ff"):
        assert word.lower() not in answer.lower(), word


@pytest.mark.parametrize(
    ("said", "status", "name"),
    [(403, 404, "ResourceNotFound"), (412, 404, "ResourceNotFound"), (503, 503, "ServiceUnavailable")],
)
def test_what_the_store_says_of_a_file_it_does_not_give_stays_inside(front, said, status, name):
    with front.connect() as client:
        client.sendall(b"GET /download?token=t HTTP/1.1\r\nHost: x\r\n\r\n")
        with front.api.accept() as api:
            until(api, b"\r\n\r\n")
            where = b"X-Accel-Redirect: /stored\r\nX-Filemill-Object: /filemill/output/x?X-Amz-Signature=00ff\r\n"
            api.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n" + where + b"\r\n")
        with front.store.accept() as store:
            until(store, b"\r\n\r\n")
            store.sendall(f"HTTP/1.1 {said} No\r\nContent-Length: 12\r\n\r\n<Error>NoKey".encode())
        answer = until(client, b"}}").decode()

    assert answer.startswith(f"HTTP/1.1 {status} ")
    assert f'"error":"{name}"' in answer
    assert "<Error>" not in answer


@pytest.mark.parametrize("path", ["/stored", "/stored?x=1", "/stored/"])
def test_nobody_asks_for_the_store_through_the_back_door(front, path):
    """Whatever is at that address is the API's answer or none: the store hears nothing."""
    with front.connect() as client:
        head = f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Filemill-Object: /filemill/output/x\r\nConnection: close\r\n\r\n"
        client.sendall(head.encode())
        if path.endswith("/"):
            with front.api.accept() as api:
                until(api, b"\r\n\r\n")
                api.sendall(OK)
        else:
            assert b" 404 " in until(client, b"ResourceNotFound")
    assert not front.store.has_visitor(0.3)


def test_a_file_on_its_way_in_reaches_the_api_while_it_is_still_being_sent(front):
    with front.connect() as client:
        size = 500 * 2**20  # more than the API takes: it is the API that says so
        client.sendall(f"POST /upload HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\nhalf".encode())

        with front.api.accept() as api:
            until(api, b"half")
            api.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 9\r\n\r\ntoo large")
            assert b"too large" in until(client, b"too large")


@pytest.mark.parametrize(
    ("path", "most", "sentence"),
    [
        ("/api/v1/jobs/1?wait=30", 100, '{"detail":"Too many connections are open from your address;'),
        ("/job_status?wait=30", 100, '{"success":false,"data":{"error":"ServiceUnavailable","message":"Too many'),
        (SIGNED.replace("input", "output"), 32, '{"detail":"Too many connections are open from your address;'),
    ],
)
def test_one_address_has_so_many_requests_under_way(front, path, most, sentence):
    # given an address with as many requests under way as it may have
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode()
    with contextlib.ExitStack() as held:
        for _ in range(most):
            held.enter_context(front.connect("127.0.0.2")).sendall(head)
        time.sleep(0.5)
        # when one more comes from there, then it is told so in the words of its API
        one_more = held.enter_context(front.connect("127.0.0.2"))
        one_more.sendall(head)
        answer = until(one_more, b"}").decode()
        assert answer.startswith("HTTP/1.1 503 ")
        assert "\r\nRetry-After: 5\r\n" in answer
        assert sentence in answer
        # and others are not: their requests wait for the API as those before
        other = held.enter_context(front.connect("127.0.0.3"))
        other.sendall(head)
        other.settimeout(0.5)
        with pytest.raises(TimeoutError):
            other.recv(1)


@pytest.mark.parametrize(
    ("path", "error"), [("/api/v1/jobs", '{"detail":"Too many requests'), ("/convert", '"error":"RateLimitExceeded"')]
)
def test_one_address_asks_so_often(front, path, error):
    # given an API that is away, which is answered at once
    front.api.close()
    many = 900
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n"
    with front.connect("127.0.0.2") as client:
        # when one address asks more than a hundred times a second
        last = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        client.sendall((head * (many - 1) + last).encode())
        answers = b"".join(iter(lambda: client.recv(65536), b"")).decode()
    # then the first ones are served, and the others told so
    assert answers.startswith("HTTP/1.1 503 ")
    assert answers.count("HTTP/1.1 503 ") >= 200
    assert "HTTP/1.1 429 " in answers
    assert "\r\nRetry-After: 1\r\n" in answers
    assert error in answers


def until(connection, words):
    received = b""
    while words not in received:
        chunk = connection.recv(65536)
        assert chunk, received
        received += chunk
    return received
