"""Fixtures for journeys: visitors of a running stack."""

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from filemill.local.stack import Stack
from tests.journeys.visitor import Visitor

NewVisitor = Callable[[Stack], Awaitable[Visitor]]


@pytest.fixture
async def new_visitor() -> AsyncIterator[NewVisitor]:
    """Makes visitors of a stack: registered and signed in."""
    made: list[Visitor] = []

    async def make(stack: Stack) -> Visitor:
        made.append(Visitor(stack.url))
        await made[-1].enter()
        return made[-1]

    yield make
    for visitor in made:
        await visitor.leave()
