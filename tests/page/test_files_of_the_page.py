"""How the page is served: every file of it, from here only, kept by browsers but asked for each time."""

import re
from importlib import resources
from pathlib import Path
from urllib.parse import urljoin

import httpx
import pytest
from litestar import Litestar
from litestar.testing import AsyncTestClient

from filemill.app import create_app
from filemill.page import routes as pages
from filemill.settings import Settings

pytestmark = pytest.mark.anyio

FOLDER = resources.files("filemill.page")
FILES = [file for file in FOLDER.iterdir() if file.is_file() and not file.name.endswith(".py")]
"""What a browser may get; the route lies beside them."""


@pytest.fixture
async def client(settings: Settings):
    """A client of the API."""
    app: Litestar = create_app(settings)
    async with AsyncTestClient(app) as client:
        yield client


async def test_the_page_loads_from_here_only_and_nobody_can_frame_it(client: httpx.AsyncClient) -> None:
    # when
    answer = await client.get("/")

    # then
    policy = dict(part.strip().partition(" ")[::2] for part in answer.headers["Content-Security-Policy"].split(";"))
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    assert policy["default-src"] == policy["frame-ancestors"] == policy["base-uri"] == policy["form-action"] == "'none'"
    assert {policy[kind] for kind in ("script-src", "style-src", "connect-src", "img-src")} == {"'self'"}
    assert not re.search(r"\s(style|on[a-z]+)=|https?:|<style|<script>", answer.text)


async def test_every_file_that_is_named_is_there_with_its_type(client: httpx.AsyncClient) -> None:
    # given
    wanted, found = ["/"], {}

    # when
    while wanted:
        path = wanted.pop()
        answer = await client.get(path)
        assert answer.status_code == 200, path
        found[path] = answer.headers["Content-Type"].partition(";")[0]
        links = re.findall(r'(?:src|href)="(/page/[^"]+)"', answer.text) + re.findall(r'from "(\./[^"]+)"', answer.text)
        wanted += [link for link in (urljoin(path, one) for one in links) if link not in found]

    # then
    assert set(found) == {"/", *(f"/page/{file.name}" for file in FILES if not file.name.endswith(".html"))}
    assert set(found.values()) == {"text/html", "text/css", "text/javascript", "image/svg+xml"}


async def test_a_file_that_has_not_changed_is_not_sent_again(client: httpx.AsyncClient) -> None:
    # given
    first = await client.get("/page/main.js")

    # when
    again = await client.get("/page/main.js", headers={"If-None-Match": f'"another", {first.headers["ETag"]}'})
    changed = await client.get("/page/main.js", headers={"If-None-Match": '"another"'})

    # then
    assert first.headers["Cache-Control"] == again.headers["Cache-Control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == first.headers["ETag"]
    assert (changed.status_code, changed.content) == (200, first.content)


@pytest.mark.parametrize(
    "name", ["index.html", "missing.html", "nothing.js", "routes.py", "__init__.py", "%2e%2e", "main.js%00"]
)
async def test_nothing_else_is_served(client: httpx.AsyncClient, name: str) -> None:
    assert (await client.get(f"/page/{name}")).status_code == 404


@pytest.mark.parametrize(
    ("seconds", "words"), [(86400, "24 hours"), (7200, "2 hours"), (3600, "60 minutes"), (60, "1 minute")]
)
def test_a_lifetime_in_words(seconds: int, words: str) -> None:
    assert pages.lifetime(seconds) == words


async def test_the_page_says_how_long_a_session_lasts(client: httpx.AsyncClient, settings: Settings) -> None:
    assert f"at most {pages.lifetime(settings.guest_seconds)}." in (await client.get("/")).text


def test_every_module_begins_with_what_it_is_for() -> None:
    for file in FILES:
        if file.name.endswith(".js"):
            assert file.read_text().startswith("/**"), file.name


def test_the_documentation_names_every_file() -> None:
    told = (Path(__file__).parents[2] / "docs" / "page.md").read_text().split("## Its modules")[1]
    named = [
        name for line in told.splitlines() if line.startswith("|") for name in re.findall(r"`([\w.]+\.\w+)`", line)
    ]

    assert sorted(named) == sorted(file.name for file in FILES)
