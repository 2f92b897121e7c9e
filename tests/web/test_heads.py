"""Headers, addresses and cookies as long as somebody likes: counted before anybody takes them apart."""

import base64
import json
import time

import httpx
import pytest
from litestar.datastructures import Headers

from filemill.accounts import tokens
from filemill.errors import NotSignedIn
from filemill.web import address, cookies
from filemill.web.heads import LONGEST_ADDRESS, MOST_HEADER_BYTES, MOST_QUERY_FIELDS
from tests.web.conftest import Taking

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def api(taking_with, environ):
    return taking_with(environ)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/health/live", {"X-Long": "a" * (MOST_HEADER_BYTES - 1_000)}, 200),
        ("/health/live", {"X-Long": "a" * MOST_HEADER_BYTES}, 400),
        ("/api/v1/jobs", {"Cookie": "a" * MOST_HEADER_BYTES}, 431),
        ("/health/live?" + "a" * (LONGEST_ADDRESS - 100), {}, 200),
        ("/health/live?" + "a" * LONGEST_ADDRESS, {}, 400),
        ("/health/live?" + "a&" * (MOST_QUERY_FIELDS - 1), {}, 200),
        ("/api/v1/jobs?" + "a&" * MOST_QUERY_FIELDS, {}, 414),
        ("/api/v1/jobs/" + "a" * LONGEST_ADDRESS, {}, 414),
    ],
    ids=["headers", "long headers", "a long cookie", "query", "long query", "fields", "many fields", "long path"],
)
async def test_what_is_longer_than_anybody_needs_is_refused_in_the_words_of_its_api(
    api: Taking, path: str, headers: dict[str, str], status: int
) -> None:
    await api.begin()
    async with httpx.AsyncClient(base_url=api.url) as client:
        answer = await client.get(path, headers=headers)

    assert answer.status_code == status
    if status == 431:
        assert "headers of the request are larger than 32 KiB" in answer.json()["detail"]
    if status == 414:
        assert "longer than 8 KiB, or its query has more than 100 fields" in answer.json()["detail"]


def of(*lines: str) -> str | None:
    return cookies.session_in(Headers([(b"cookie", line.encode("latin-1")) for line in lines]))


async def test_the_session_is_found_among_other_cookies() -> None:
    assert of("session_id=abc") == "abc"
    assert of("a=1; session_id=abc ; b=2") == "abc"
    assert of("a=1", "session_id=abc") == "abc"
    assert of("session_ids=abc; xsession_id=abc; session_id") == ""
    assert of("a=1") is None
    assert of() is None


async def test_a_cookie_of_backslashes_costs_nothing() -> None:
    began = time.process_time()

    assert of('a="' + "\\" * 60_000 + '"; session_id=abc') == "abc"
    assert time.process_time() - began < 0.1


async def test_a_token_of_nested_json_is_no_token() -> None:
    nested = base64.urlsafe_b64encode(b"[" * 20_000).decode().rstrip("=")
    mine = base64.urlsafe_b64encode(json.dumps({"alg": "HS256"}).encode()).decode().rstrip("=")

    for token in (f"{nested}.e30.e30", f"{mine}.{nested}.e30", "a" * 30_000):
        with pytest.raises(NotSignedIn):
            tokens.read_access("x" * 32, token)


async def test_a_hop_of_any_length_is_no_address() -> None:
    hops = [(b"x-forwarded-for", b"10.0.0.1" + b" " * 30_000)]
    scope = {"type": "http", "client": ("127.0.0.1", 1), "headers": hops}

    assert address.client_of(scope, address.networks(("127.0.0.1",))) == "127.0.0.1"
