"""What the server has marked is refused in the dialect of its path, before anything of the API is asked."""

from typing import Any

import msgspec
import pytest

from filemill import app
from filemill.server.connection import INTERNAL, REFUSED
from filemill.settings import Settings

pytestmark = pytest.mark.anyio

SENTENCE = "Too many connections are open from your address; close some, or try again in a few seconds."


async def ask(settings: Settings, path: str, *marks: str) -> tuple[int, dict[str, str], Any]:
    """Asks the whole app, none of whose connections are open -> status, headers and body of the answer."""
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    scope: Any = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(b"host", b"localhost")],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
        "state": dict.fromkeys(marks, True),
    }
    await app.create_app(settings)(scope, receive, send)
    start, *bodies = sent
    headers = {name.decode().lower(): value.decode() for name, value in start["headers"]}
    return start["status"], headers, msgspec.json.decode(b"".join(one["body"] for one in bodies))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/jobs", {"detail": SENTENCE}),
        ("/convert", {"success": False, "data": {"error": "ServiceUnavailable", "message": SENTENCE}}),
        ("/health/live", {"success": False, "data": {"error": "ServiceUnavailable", "message": SENTENCE}}),
    ],
)
async def test_an_address_with_too_many_connections_is_told_so(settings: Settings, path: str, body: Any) -> None:
    status, headers, said = await ask(settings, path, REFUSED)

    assert (status, said) == (503, body)
    assert headers["connection"] == "close"
    assert headers["retry-after"] == "5"
    assert headers["x-request-id"]


async def test_the_port_for_health_is_for_nothing_else(settings: Settings) -> None:
    assert (await ask(settings, "/health/live", INTERNAL))[0] == 200
    for path in ("/", "/api/v1/jobs", "/docs", "/healthy", "/metrics2"):
        status, headers, _ = await ask(settings, path, INTERNAL)
        assert (status, headers["connection"]) == (404, "close")


async def test_what_is_not_marked_is_answered_as_before(settings: Settings) -> None:
    assert (await ask(settings, "/health/live"))[0] == 200
