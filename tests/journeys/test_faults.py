"""What happens to jobs while workers are killed, frozen, told to end and cut off from the database."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from functools import partial

import msgspec
import psutil
import pytest

from filemill.local.process import Process
from tests.fixtures.faulty import FaultyStack, family, freeze, have_died, resume, sandbox_children, start_worker, thaw
from tests.journeys.broken import AS_PACKED_JSON, assert_whole, at_work, counts, held
from tests.journeys.cut import Cut
from tests.journeys.tables import LONG, PEOPLE
from tests.journeys.visitor import (
    Visitor,
    assert_left_tidy,
    key_of,
    store_of,
    until,
)

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("victim", ["master", "process", "child"])
async def test_a_job_whose_worker_is_killed_completes_on_another(
    broken: FaultyStack, ann: Visitor, victim: str
) -> None:
    # given a job in the middle of its run
    job, worker = await held(broken, ann)
    members = family(worker)
    # when the worker's first process, the one below it, or those that jobs run in are killed, all in one moment
    children = sandbox_children(worker)
    victims = {"master": members[:1], "process": parents_of(children), "child": children}[victim]
    frozen = freeze(worker)
    for process in victims:
        process.kill()
    await until(partial(asyncio.to_thread, have_died, victims), "the end of what was killed")
    resume(frozen)
    # then it is done within half a minute, once, by a second run, and its output is whole
    await assert_whole(ann, job, seconds=30)
    assert (await ann.read(job))["output_object_key"] == f"output/{job['id']}/2/long_processed.ndjson.gz"
    assert await ann.statuses(job) == ["PENDING", "QUEUED", "RUNNING", "QUEUED", "RUNNING", "COMPLETED"]
    # and of a killed worker no process is left
    if victim != "child":
        _, alive = psutil.wait_procs(members, timeout=10)
        assert not alive
    await assert_left_tidy(broken)


def parents_of(children: list[psutil.Process]) -> list[psutil.Process]:
    return list({parent for child in children if (parent := child.parent())})


async def test_a_worker_told_to_end_puts_its_job_back_at_once(broken: FaultyStack, ann: Visitor) -> None:
    job, worker = await held(broken, ann)
    worker.signal(signal.SIGTERM)
    # then the job is back because it was given back, not because its lease ran out, and the run does not count
    await assert_whole(ann, job)
    transitions = [each["data"] for each in await ann.events(job) if each["kind"] == "moved"]
    assert [(each["to"], each["why"]) for each in transitions[2:5]] == [
        ("RUNNING", "claimed"),
        ("QUEUED", "drained"),
        ("RUNNING", "claimed"),
    ]
    assert await counts(broken, job) == (2, 1)
    await until_ended(worker)
    await assert_left_tidy(broken)


async def until_ended(worker: Process) -> None:
    async def ended() -> bool:
        return not worker.alive

    await until(ended, "the worker's end")


@pytest.mark.parametrize("also_child", [True, False])
async def test_a_worker_that_wakes_up_too_late_leaves_the_winner_alone(
    broken: FaultyStack, ann: Visitor, also_child: bool
) -> None:
    # given a worker that freezes in the middle of a job, alone or together with the job's own process
    job, worker = await at_work(broken, ann)
    freeze(worker)
    if not also_child:
        for child in sandbox_children(worker):
            child.resume()
    # when another one has finished the job
    await assert_whole(ann, job)
    winner = await ann.read(job)
    async with store_of(broken) as store:
        stored = await store.stat(winner["output_object_key"])
    # and it wakes up
    thaw(worker)
    await said(worker, b'"how":"lost"')
    # then the job is as the winner has left it, and what the loser wrote is gone
    assert await ann.read(job) == winner
    assert (await ann.statuses(job)).count("COMPLETED") == 1
    await assert_left_tidy(broken)
    async with store_of(broken) as store:
        assert await store.stat(winner["output_object_key"]) == stored
        there = [key for key in await store.keys() if job["id"] in key]
    assert sorted(there) == sorted([key_of(job), winner["output_object_key"]])
    # and it goes on working
    assert await ann.finished(await ann.queue(PEOPLE)) == PEOPLE


async def said(worker: Process, words: bytes) -> None:
    async def has_said() -> bool:
        return worker.said(words)

    await until(has_said, f"{words!r} in the worker's log")


async def test_a_worker_cut_off_from_the_database_stops_its_job(broken: FaultyStack, ann: Visitor) -> None:
    """As when a cable is pulled: nothing is refused, nothing is answered."""
    # given a worker that reaches the database through a line of ours, and a job in its hands
    others = list(broken.workers.values())
    for other in others:
        freeze(other)
    async with Cut(broken.postgres.port) as line, reached_through(line, broken) as remote:
        job = await ann.queue(LONG, AS_PACKED_JSON, "long.csv")
        await ann.until_written(job)
        children = sandbox_children(remote)
        for child in children:
            child.suspend()
        # when the line goes dead
        line.cut()
        for other in others:
            thaw(other)

        # then its run is ended by its own clock, and the job is done by another
        async def has_ended() -> bool:
            return not all(child.is_running() for child in children)

        await until(has_ended, "the end of the run that is cut off")
        await assert_whole(ann, job)
        winner = await ann.read(job)
        # and when the line is there again, then it finds out, and works on
        line.mend()
        for other in others:
            freeze(other)
        for child in sandbox_children(remote):
            child.resume()
        assert await ann.finished(await ann.queue(PEOPLE), seconds=90) == PEOPLE
        assert await ann.read(job) == winner
        for other in others:
            thaw(other)
    assert (await ann.statuses(job)).count("COMPLETED") == 1
    await assert_left_tidy(broken)


@contextlib.asynccontextmanager
async def reached_through(line: Cut, stack: FaultyStack) -> AsyncIterator[Process]:
    """One more worker, which reaches the database through a line of its own."""
    program = stack.worker_program("tables", "cut")
    address = stack.settings.database_url.replace(f":{stack.postgres.port}/", f":{line.port}/")
    environ = program.environ | {"FILEMILL_DATABASE_URL": address}
    worker = Process(msgspec.structs.replace(program, environ=environ))
    await asyncio.to_thread(start_worker, worker)
    try:
        yield worker
    finally:
        await asyncio.to_thread(worker.kill)
