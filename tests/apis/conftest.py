"""Fixtures for the APIs' tests: the app in this process and event loop, and visitors who talk to it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import httpx
import pytest
from litestar import Litestar

from filemill.app import create_app
from filemill.settings import Settings
from tests.apis.conversions import Visitor, open_lane
from tests.fixtures.visitors import PASSWORD, Member, an_address, an_email, visitor


@pytest.fixture(scope="module")
async def app(settings: Settings) -> AsyncIterator[Litestar]:
    """The API, started."""
    app = create_app(settings)
    async with app.lifespan():
        yield app


@pytest.fixture
async def client(app: Litestar) -> AsyncIterator[httpx.AsyncClient]:
    """A visitor who has not signed in, from an address of his own."""
    async with visitor(app, an_address()) as client:
        yield client


@pytest.fixture
async def new_member(app: Litestar) -> AsyncIterator[Callable[[], Awaitable[Member]]]:
    """Makes members: registered, and sending their token with every request."""
    async with AsyncExitStack() as stack:

        async def make() -> Member:
            client = await stack.enter_async_context(visitor(app, an_address()))
            email = an_email()
            made = await client.post("/api/v1/auth/register", json={"email": email, "password": PASSWORD})
            form = {"username": email, "password": PASSWORD}
            entered = await client.post("/api/v1/auth/login", data=form)
            client.headers["Authorization"] = f"Bearer {entered.json()['access_token']}"
            return Member(client, made.json()["id"], email)

        yield make


@pytest.fixture
async def member(new_member: Callable[[], Awaitable[Member]]) -> Member:
    """Somebody who has signed in."""
    return await new_member()


@pytest.fixture
async def stranger(new_member: Callable[[], Awaitable[Member]]) -> Member:
    """Somebody else who has signed in."""
    return await new_member()


@pytest.fixture
async def guest(client: httpx.AsyncClient) -> Visitor:
    """A visitor with a session; what limits an address does not hold: each has its own."""
    await open_lane()
    return await Visitor(client).begin()


@pytest.fixture
async def other_guest(app: Litestar) -> AsyncIterator[Visitor]:
    """Somebody else with a session."""
    async with visitor(app, an_address()) as client:
        yield await Visitor(client).begin()
