"""Nobody waits for what somebody else has sent: the worst request of every route, to a real process of the API."""

import pytest
from litestar.routes import HTTPRoute

from filemill.app import create_app
from filemill.settings import Settings
from tests.fixtures import worst
from tests.fixtures.faulty import FaultyStack

MOST_SECONDS = 0.2
TRIES = 3
"""A machine that is busy otherwise may be late once; what stops the loop does so each time."""


@pytest.fixture(scope="module")
def sender(stack: FaultyStack) -> worst.Sender:
    return worst.Sender(stack.url)


@pytest.mark.anyio
async def test_every_route_has_a_worst_request(settings: Settings) -> None:
    routes = {
        f"{method} {route.path_format}"
        for route in create_app(settings).routes
        if isinstance(route, HTTPRoute)
        for method in route.methods
        if method != "OPTIONS"  # reads nothing
    }

    assert routes == worst.WORST.keys()


@pytest.mark.parametrize("route", [*worst.WORST, worst.NOWHERE])
def test_nobody_waits_for_what_somebody_sends(sender: worst.Sender, route: str) -> None:
    for _ in range(TRIES):
        seconds, request = worst.hurt(sender, route)
        if seconds < MOST_SECONDS:
            return

    pytest.fail(f"others waited {seconds * 1000:.0f} ms for {request}")
