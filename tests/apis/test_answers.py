"""What every answer has in common: dialects of errors, headers, and silence about the inside."""

import asyncio
import logging
import subprocess
import sys
from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest
from litestar import get
from redis.exceptions import ConnectionError as RedisAway

from filemill import connections
from filemill.app import create_app
from filemill.errors import BadSetting, DatabaseAway, FilemillError, Impossible, NotFound, StoreAway, TooMany
from filemill.web import arrival, metrics
from filemill.web.caller import ANYONE
from tests.fixtures.visitors import PASSWORD, an_address, an_email, visitor

pytestmark = pytest.mark.anyio

UNKNOWN = "There is nothing at this address."


async def test_unknown_addresses_answer_in_the_dialect_of_their_prefix(client):
    data = await client.get("/api/v1/nothing/here")
    elsewhere = await client.get("/nothing/here")
    lookalike = await client.get("/api/v10")

    assert [answer.status_code for answer in (data, elsewhere, lookalike)] == [404] * 3
    assert data.json() == {"detail": UNKNOWN}
    for answer in (elsewhere, lookalike):
        assert answer.json() == {"success": False, "data": {"error": "ResourceNotFound", "message": UNKNOWN}}


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize("path", ["/nothing/here", "/nothing/here/", "/api/v1/nothing", "/page/missing.html"])
async def test_an_unknown_address_shows_a_browser_a_page(client, path):
    shown = await client.get(path, headers={"Accept": BROWSER})
    head = await client.head(path, headers={"Accept": BROWSER})

    assert shown.status_code == head.status_code == 404
    assert shown.headers["content-type"].startswith("text/html")
    assert shown.headers["vary"] == "Accept"
    assert "default-src 'none'" in shown.headers["content-security-policy"]
    assert "Nothing is here." in shown.text
    assert head.content == b""


@pytest.mark.parametrize("accept", ["*/*", "application/json", "application/json, text/html;q=0.5", "", "text/plain"])
async def test_an_unknown_address_answers_a_program_in_json(client, accept):
    answer = await client.get("/nothing/here", headers={"Accept": accept})

    assert answer.status_code == 404
    assert answer.headers["vary"] == "Accept"
    assert answer.json()["data"]["message"] == UNKNOWN


async def test_wrong_methods_answer_in_the_dialect_of_their_prefix(client):
    data = await client.put("/api/v1/jobs")
    elsewhere = await client.post("/health/live")

    assert [answer.status_code for answer in (data, elsewhere)] == [405, 405]
    assert set(data.headers["allow"].split(", ")) >= {"GET", "POST"}
    assert set(data.json()) == {"detail"}
    assert elsewhere.json()["data"]["error"] == "MethodNotAllowed"


async def test_options_tell_every_method_of_an_address(client):
    answer = await client.options("/api/v1/jobs")

    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/docs/assets/swagger-ui.css", "/schema/openapi.json"])
async def test_head_is_answered_as_get_less_the_body(client, path):
    got, asked = await client.get(path), await client.head(path)

    assert asked.status_code == 200
    assert asked.content == b""
    assert asked.headers["content-length"] == got.headers["content-length"]
    assert asked.headers["content-type"] == got.headers["content-type"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/health/live", 200),
        ("GET", "/nothing", 404),
        ("GET", "/api/v1/jobs", 401),
        ("PUT", "/api/v1/jobs", 405),
        ("POST", "/api/v1/auth/register", 400),
        ("OPTIONS", "/api/v1/jobs", 204),
        ("GET", "/docs", 200),
        ("HEAD", "/health/live", 200),
        ("HEAD", "/api/v1/jobs", 401),
        ("HEAD", "/api/v1/auth/login", 405),
        ("GET", "/api/v1/jobs/%00", 404),
    ],
)
async def test_every_answer_has_a_request_id_and_nosniff(client, method, path, status):
    answer = await client.request(method, path)

    assert answer.status_code == status
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert len(answer.headers.get_list("x-request-id")) == 1
    assert len(answer.headers["x-request-id"]) == 32


@pytest.mark.parametrize("given", ["abc-123", "0af7651916cd43dd8448eb211c80319c", "a:b.c_d"])
async def test_a_plausible_request_id_is_kept(client, given):
    assert (await client.get("/health/live", headers={"X-Request-ID": given})).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "a b", "x" * 129, "é", "<script>", '"'])
async def test_any_other_is_replaced(client, given):
    answer = await client.get("/health/live", headers={"X-Request-ID": given.encode()})

    assert answer.headers["x-request-id"].encode() != given.encode()


async def test_a_body_that_does_not_arrive_is_not_waited_for(client, monkeypatch):
    monkeypatch.setattr(arrival, "SECONDS", 0.2)

    async def half_a_form():
        yield b"username=somebody"
        await asyncio.Event().wait()

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post("/api/v1/auth/login", content=half_a_form(), headers=form)

    assert answer.status_code == 408
    assert answer.json()["detail"].startswith("The body took too long to arrive")


async def test_a_slow_body_that_moves_is_waited_for(client, monkeypatch):
    # given half a second for a body that hardly moves
    monkeypatch.setattr(arrival, "SECONDS", 0.5)
    monkeypatch.setattr(arrival, "LEAST_PER_SECOND", 1_000)

    # when four pieces come, for each of which it may take a second more
    async def slow_form():
        yield b"username=somebody&password="
        for _ in range(4):
            yield b"a" * 1_000
            await asyncio.sleep(0.3)

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await client.post("/api/v1/auth/login", content=slow_form(), headers=form)

    # then the sign-in is answered
    assert "Invalid credentials" in answer.json()["detail"]


async def test_haste_at_first_buys_no_long_stand_later(client, monkeypatch):
    monkeypatch.setattr(arrival, "SECONDS", 0.3)
    monkeypatch.setattr(arrival, "LEAST_PER_SECOND", 10)

    # given a body of which so much came at once that it might take minutes more
    async def hasty():
        yield b"username=somebody&password=" + b"a" * 2_000
        await asyncio.Event().wait()

    form = {"Content-Type": "application/x-www-form-urlencoded"}
    answer = await asyncio.wait_for(client.post("/api/v1/auth/login", content=hasty(), headers=form), 10)

    # then it may stand still no longer than any other
    assert answer.status_code == 408


def failing(error: BaseException):
    """Two routes that fail in the same way, one per dialect."""

    async def fail() -> None:
        raise error

    return [
        get("/api/v1/failing", opt=ANYONE, name=uuid4().hex)(fail),
        get("/failing", opt=ANYONE, name=uuid4().hex)(fail),
    ]


@pytest.fixture
def app_that_fails(settings) -> Callable[[BaseException], httpx.AsyncClient]:
    """The app with routes that raise an error; no connection is open."""

    def make(error):
        app = create_app(settings)
        for route in failing(error):
            app.register(route)
        return visitor(app, an_address())

    return make


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (NotFound(), 404, "ResourceNotFound"),
        (Impossible(), 422, "ValidationError"),
        (TooMany(retry_after=7), 429, "RateLimitExceeded"),
        (StoreAway(), 503, "ServiceUnavailable"),
        (DatabaseAway(), 503, "ServiceUnavailable"),
        (RedisAway("redis://:secret@host"), 503, "ServiceUnavailable"),
        (FilemillError("secret inside"), 500, "ServerError"),
        (BadSetting("secret inside"), 500, "ServerError"),
        (RuntimeError("secret inside"), 500, "ServerError"),
        (UnicodeDecodeError("utf-8", b"secret", 0, 1, "secret"), 500, "ServerError"),
        (ExceptionGroup("secret", [RuntimeError("secret inside")]), 500, "ServerError"),
    ],
)
async def test_each_error_in_each_dialect(app_that_fails, caplog, error, status, name):
    caplog.set_level(logging.INFO)
    async with app_that_fails(error) as client:
        data, elsewhere = await client.get("/api/v1/failing"), await client.get("/failing")

    assert data.status_code == status
    assert elsewhere.status_code == (400 if status == 422 else status)  # conversion-sessions tells the two alike
    assert list(data.json()) == ["detail"]
    assert elsewhere.json() == {"success": False, "data": {"error": name, "message": data.json()["detail"]}}
    assert ("retry-after" in data.headers) == (status in (429, 503))
    assert "secret" not in data.text
    if status >= 500:
        assert any(record.exc_info for record in caplog.records), "the cause must be in the log"


async def test_a_client_that_leaves_in_the_middle_is_no_fault_of_ours(app, caplog):
    arriving = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])
    said = []

    async def receive():
        return next(arriving)

    async def send(message):
        said.append(message)

    headers = [(b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/api/v1/auth/register", "query_string": b"", "headers": headers}
    await app({**scope, "http_version": "1.1", "scheme": "http", "client": None, "server": None}, receive, send)

    assert said[0]["status"] == 400
    assert not [record for record in caplog.records if record.exc_info]


async def test_every_request_leaves_one_line_in_the_log(client, member, caplog):
    caplog.set_level(logging.INFO)

    await client.get("/health/live")
    await member.client.get(f"/api/v1/jobs/{uuid4()}?secret=1")

    first, second = [record.event for record in caplog.records if record.name == "access"]
    assert (first["method"], first["path"], first["status"], first["account"]) == ("GET", "/health/live", 200, None)
    assert (second["status"], second["account"]) == (404, member.account)
    assert "secret" not in str(second)
    assert second["ms"] >= 0


async def test_neither_passwords_nor_tokens_are_logged(client, caplog):
    caplog.set_level(logging.DEBUG)
    email = an_email()

    await client.post("/api/v1/auth/register", json={"email": email, "password": PASSWORD})
    token = (await client.post("/api/v1/auth/login", data={"username": email, "password": PASSWORD})).json()
    await client.get("/api/v1/users/me", headers={"Authorization": f"Bearer {token['access_token']}"})

    logged = str([(record.getMessage(), record.__dict__) for record in caplog.records])
    assert PASSWORD not in logged
    assert token["access_token"] not in logged


async def test_other_origins_are_let_in_only_where_set(settings, client):
    preflight = {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    closed = await client.options("/api/v1/jobs", headers=preflight)

    app = create_app(
        type(settings)(
            **{**{f: getattr(settings, f) for f in settings.__struct_fields__}, "cors_origins": ("https://a.example",)}
        )
    )
    async with visitor(app, an_address()) as visiting:
        opened = await visiting.options("/api/v1/jobs", headers=preflight)
        other = await visiting.options("/api/v1/jobs", headers=preflight | {"Origin": "https://b.example"})

    assert "access-control-allow-origin" not in closed.headers
    assert opened.headers["access-control-allow-origin"] == "https://a.example"
    assert "access-control-allow-credentials" not in opened.headers
    assert other.headers.get("access-control-allow-origin") != "https://b.example"


async def test_the_api_recovers_when_its_database_connections_are_cut(member, database_url):
    assert (await member.client.get("/api/v1/users/me")).status_code == 200

    await connections.fetch(
        """
        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
        WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
        """
    )

    for _ in range(100):
        answer = await member.client.get("/api/v1/users/me")
        if answer.status_code == 200:
            break
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        await asyncio.sleep(0.05)
    assert answer.status_code == 200


async def test_metrics_count_requests_by_template_and_jobs_by_lane(member, client):
    body = {"file_name": "a.csv", "original_file_size_bytes": 1, "processing_steps": []}
    made = await member.client.post("/api/v1/jobs", json=body)
    await member.client.get(f"/api/v1/jobs/{made.json()['id']}")
    await client.request("BREW", "/coffee")

    answer = await client.get("/metrics")

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain")
    lines = answer.text.splitlines()
    assert any(
        line.startswith('filemill_requests_total{method="GET",path="/api/v1/jobs/{job_id}",status="200"}')
        for line in lines
    )
    assert any(
        line.startswith('filemill_requests_total{method="other",path="unmatched",status="404"}') for line in lines
    )
    assert any(line.startswith('filemill_jobs{lane="tables",status="PENDING"}') for line in lines)
    assert "filemill_database_up 1.0" in lines
    assert made.json()["id"] not in answer.text


async def test_metrics_answer_also_without_a_database(settings):
    async with visitor(create_app(settings), an_address()) as client:
        connections_open, connections.DB.pool = connections.DB.pool, None
        try:
            answer = await client.get("/metrics")
        finally:
            connections.DB.pool = connections_open

    assert answer.status_code == 200
    assert "filemill_database_up 0.0" in answer.text


def test_labels_of_metrics_are_bounded():
    for number in range(10):
        metrics.count_request(f"METHOD{number}", "unmatched", 404, 0.1)

    text = metrics.generate_latest(metrics._registry).decode()
    assert "METHOD" not in text


def test_the_api_loads_no_engine():
    code = (
        "import sys, filemill.app; print([m for m in ('polars', 'pyarrow', 'textblob', 'duckdb') if m in sys.modules])"
    )

    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert said.stdout.strip() == "[]"
