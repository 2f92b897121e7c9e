"""Fixtures for journeys: visitors of a running stack."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial

import pytest

from filemill.local.stack import Stack
from tests.fixtures.faulty import FaultyStack, start_worker, thaw
from tests.journeys.broken import restart
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


@pytest.fixture(scope="session")
def made_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyStack]:
    """A stack with two workers that stories break, one after another."""
    stack = FaultyStack(tmp_path_factory.mktemp("faults"))
    stack.start()
    stack.add_worker()
    yield stack
    stack.stop()


@pytest.fixture
def broken(made_stack: FaultyStack) -> Iterator[FaultyStack]:
    """That stack, whole; what a story has broken is mended after it."""
    yield made_stack
    for part, start in (
        (made_stack.postgres, made_stack.postgres.start),
        (made_stack.redis, made_stack.redis.start),
        (made_stack.store, partial(restart, made_stack.store)),
    ):
        assert part.process
        if part.process.alive:
            thaw(part.process)
        else:
            start()
    for worker in made_stack.workers.values():
        if worker.alive:
            thaw(worker)
        else:
            worker.kill()
            start_worker(worker)


@pytest.fixture
async def ann(broken: FaultyStack, new_visitor: NewVisitor) -> Visitor:
    """A visitor of that stack."""
    return await new_visitor(broken)
