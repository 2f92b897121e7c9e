"""The warm children of a lane: a job gets one that lives, whatever has become of the others."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from filemill.sandbox.pool import Pool
from tests.fixtures.faulty import have_died
from tests.journeys.visitor import until

pytestmark = pytest.mark.anyio


@pytest.fixture
async def pool(tmp_path: Path) -> AsyncIterator[Pool]:
    """A sandbox of two children, the second of which has not loaded its engine yet."""
    pool = Pool("tables", tmp_path)
    await pool.open(2)
    yield pool
    await pool.close()


def children() -> list[psutil.Process]:
    """Our own sandbox children, oldest first."""
    ours = psutil.Process(os.getpid()).children()
    return sorted((child for child in ours if "workers.child" in child.cmdline()), key=psutil.Process.create_time)


@pytest.mark.parametrize("how_many", [1, 2])
async def test_a_child_killed_while_it_loads_or_waits_costs_no_run(pool: Pool, how_many: int) -> None:
    # given one child that waits for a job, and one that is still being loaded
    await until(lambda: asyncio.to_thread(lambda: len(children()) == 2), "a second child")
    # when the second is killed, or both are
    victims = children()[-how_many:]
    for child in victims:
        child.kill()
    await until(lambda: asyncio.to_thread(have_died, victims), "their end")
    # then two jobs get a living child each
    async with pool.borrow() as one, pool.borrow() as other:
        assert one.is_alive
        assert other.is_alive
        assert one.pid != other.pid
