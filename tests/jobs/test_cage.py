"""The warm children of a lane: a job gets one that lives, whatever has become of the others."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from filemill.jobs.cage import Cage
from tests.fixtures.faulty import have_died
from tests.journeys.visitor import until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def cage(tmp_path: Path) -> AsyncIterator[Cage]:
    """A cage of two children, the second of which has not loaded its engine yet."""
    cage = Cage("tables", tmp_path)
    await cage.open(2)
    yield cage
    await cage.close()


def children() -> list[psutil.Process]:
    """Our own cage children, oldest first."""
    ours = psutil.Process(os.getpid()).children()
    return sorted((child for child in ours if "workers.child" in child.cmdline()), key=psutil.Process.create_time)


@pytest.mark.parametrize("how_many", [1, 2])
async def test_a_child_killed_while_it_loads_or_waits_costs_no_run(cage: Cage, how_many: int) -> None:
    # given one child that waits for a job, and one that is still being loaded
    await until(lambda: asyncio.to_thread(lambda: len(children()) == 2), "a second child")
    # when the second is killed, or both are
    victims = children()[-how_many:]
    for child in victims:
        child.kill()
    await until(lambda: asyncio.to_thread(have_died, victims), "their end")
    # then two jobs get a living child each
    async with cage.borrow() as one, cage.borrow() as other:
        assert one.is_alive
        assert other.is_alive
        assert one.pid != other.pid
