"""Waiting for the end of a job: who is woken, what waiting costs, and how many of one account may wait at once."""

import asyncio
import time
from uuid import UUID

import pytest

from filemill import connections
from filemill.errors import NotFound, TooMany
from filemill.jobs import commands, context, waiters
from filemill.jobs.job import Job, Status
from filemill.jobs.rows import jobs
from tests.fixtures.jobs import NewJob, new_account

pytestmark = pytest.mark.anyio


async def test_a_waiting_reader_is_woken_by_the_move(new_job: NewJob) -> None:
    job = await new_job()

    async def cancel_soon() -> float:
        await asyncio.sleep(0.3)
        await commands.cancel(job.id, job.owner)
        return time.monotonic()

    seen, cancelled_at = await asyncio.gather(waiters.wait(job.id, job.owner, 20), cancel_soon())
    assert seen.status is Status.CANCELLED
    assert time.monotonic() - cancelled_at < 0.9  # sooner than the second after which it would read again by itself


async def test_a_reader_who_waits_in_vain_gets_the_job_as_it_is(new_job: NewJob) -> None:
    job = await new_job()
    assert (await waiters.wait(job.id, job.owner, 0.2)).status is Status.PENDING


async def test_a_move_that_nobody_was_told_of_is_seen_all_the_same(new_job: NewJob) -> None:
    # given two who wait
    ended, gone = await new_job(), await new_job()
    waiting = [asyncio.create_task(waiters.wait(job.id, job.owner, 20)) for job in (ended, gone)]
    await asyncio.sleep(0.2)
    # when their rows change behind everybody's back, as while the listening connection is away
    await connections.execute("UPDATE job SET status = 'CANCELLED' WHERE id = $1", ended.id)
    await connections.execute("DELETE FROM job WHERE id = $1", gone.id)
    seen, missing = await asyncio.wait_for(asyncio.gather(*waiting, return_exceptions=True), 10)
    # then
    assert seen.status is Status.CANCELLED
    assert isinstance(missing, NotFound)


async def test_many_who_wait_cost_little_more_than_one(new_job: NewJob, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    job = await new_job()
    get, readings = jobs.get, 0

    async def counted(job_id: UUID) -> Job | None:
        nonlocal readings
        readings += 1
        return await get(job_id)

    monkeypatch.setattr(jobs, "get", counted)
    # when a hundred wait in vain for seconds
    await asyncio.gather(*(waiters.until_ended(job.id, job.owner, 3.5) for _ in range(100)))
    # then each has read as it began, at its end, and where the listening connection was made meanwhile
    assert readings <= 100 * 4


async def all_that_may(job: Job) -> list[asyncio.Task[Job]]:
    """As many requests of the job's owner as may wait, all of them waiting."""
    most = context.get().settings.waiters
    waiting = [asyncio.create_task(waiters.wait(job.id, job.owner, 20)) for _ in range(most)]
    await asyncio.sleep(0.3)
    assert not any(one.done() for one in waiting)
    return waiting


async def test_of_one_account_so_many_wait_and_the_next_is_answered_at_once(new_job: NewJob) -> None:
    # given an account of which as many requests wait as may, and another account
    mine, theirs = await new_job(), await new_job(await new_account())
    waiting = await all_that_may(mine)
    # when one more asks to wait, the answer is that of a request which does not
    began = time.monotonic()
    assert (await waiters.wait(mine.id, mine.owner, 20)).status is Status.PENDING
    assert time.monotonic() - began < 1
    # and a request that cannot be answered so is refused
    with pytest.raises(TooMany, match="20 of your requests wait already") as refused, waiters.place(mine.owner):
        pass
    assert refused.value.retry_after == waiters.AGAIN_SECONDS
    # but others wait as before
    other = asyncio.create_task(waiters.wait(theirs.id, theirs.owner, 20))
    await asyncio.sleep(0.3)
    assert not other.done()
    # and once the waiting ones are answered, there is room again
    await commands.cancel(mine.id, mine.owner)
    await commands.cancel(theirs.id, theirs.owner)
    assert {one.status for one in await asyncio.gather(*waiting, other)} == {Status.CANCELLED}
    with waiters.place(mine.owner):
        pass


async def test_whoever_gives_up_waiting_leaves_room(new_job: NewJob) -> None:
    # given
    job = await new_job()
    waiting = await all_that_may(job)
    # when one of them is ended from outside
    waiting[0].cancel()
    await asyncio.gather(waiting[0], return_exceptions=True)
    # then another may wait
    with waiters.place(job.owner):
        pass
    await commands.cancel(job.id, job.owner)
    await asyncio.gather(*waiting[1:])
