"""Under which names the service answers: a page that leads its own name to this machine reads nothing."""

from collections.abc import AsyncIterator, Callable

import httpx
import msgspec
import pytest
from litestar import Litestar

from filemill import settings as setting
from filemill.app import create_app
from filemill.errors import BadSetting
from filemill.local import environment
from filemill.web import hosts

pytestmark = pytest.mark.anyio

NAMES = ("localhost", "127.0.0.1", "[::1]")


@pytest.fixture
def at_home(settings) -> Litestar:
    """The API as `serve` starts it."""
    return create_app(msgspec.structs.replace(settings, hosts=NAMES))


@pytest.fixture
async def ask(at_home) -> AsyncIterator[Callable[..., object]]:
    """Asks that API under a host's name."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=at_home), base_url="http://x") as client:

        async def get(path: str, host: str) -> httpx.Response:
            return await client.get(path, headers={"Host": host})

        yield get


@pytest.mark.parametrize("host", ["localhost:8000", "LOCALHOST", "127.0.0.1:8000", "[::1]:8000", "[::1]", "localhost."])
async def test_its_own_names_are_known_with_any_port(ask, host):
    assert (await ask("/schema/openapi.json", host)).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:8000", "localhost.evil.example", "127.0.0.1.evil.example", "[::2]", "::1", "a"],
)
async def test_another_name_is_refused_everywhere(ask, host):
    for path in ("/", "/api/v1/jobs", "/session/init", "/docs", "/metrics", "/nothing/here", "/health/ready"):
        answer = await ask(path, host)
        assert answer.status_code == 400, path
        assert "FILEMILL_HOSTS" in answer.text


async def test_the_refusal_speaks_the_dialect_of_the_path(ask):
    assert (await ask("/api/v1/jobs", "evil.example")).json()["detail"].startswith("This service is not known under")
    told = (await ask("/session/init", "evil.example")).json()
    assert (told["success"], told["data"]["error"]) == (False, "ValidationError")


async def test_whoever_watches_the_process_needs_no_name(ask):
    assert (await ask("/health/live", "10.0.0.7")).status_code == 200


async def test_without_the_setting_any_name_will_do(client):
    assert (await client.get("/docs", headers={"Host": "files.example.org"})).status_code == 200


def test_serve_knows_the_names_of_loopback_unless_told_otherwise():
    assert environment.given({})["FILEMILL_HOSTS"].split(",") == list(NAMES)
    assert environment.given({"FILEMILL_HOSTS": "*"})["FILEMILL_HOSTS"] == "*"


@pytest.mark.parametrize(
    ("host", "name"),
    [("a.example:80", "a.example"), ("[::1]:80", "[::1]"), ("[::1]", "[::1]"), ("A.Example.", "a.example"), ("", "")],
)
def test_a_port_is_no_part_of_the_name(host, name):
    assert hosts.without_port(host) == name


@pytest.mark.parametrize("host", ["files.example.org:8000", "http://x", "::1", "a b"])
def test_a_setting_that_no_host_could_match_is_refused(host):
    environ = {
        "FILEMILL_DATABASE_URL": "postgresql://x",
        "FILEMILL_REDIS_URL": "redis://x",
        "FILEMILL_S3_URL": "http://x",
        **{f"FILEMILL_S3_{name}": "x" for name in ("KEY", "SECRET", "SANDBOX_KEY", "SANDBOX_SECRET")},
        "FILEMILL_SECRET": "x" * 32,
    }
    with pytest.raises(BadSetting, match="FILEMILL_HOSTS"):
        setting.read({**environ, "FILEMILL_HOSTS": f"localhost,{host}"})
