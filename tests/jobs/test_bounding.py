"""The rows of an account's ended jobs: bounded, and nobody loses a result before its time."""

import secrets
import uuid

import msgspec
import pytest

from filemill import connections
from filemill.errors import NotFound, TooMany, WrongStatus
from filemill.jobs import bounding, commands
from filemill.jobs.context import Context
from filemill.jobs.job import Job
from filemill.jobs.rows import bounds, claims, transitions
from filemill.jobs.rows.jobs import NewFile
from filemill.storage import queries as objects
from filemill.storage.objects import output_key
from tests.fixtures.jobs import NewJob, create, events_of, new_account
from tests.fixtures.tidy import assert_tidy

pytestmark = pytest.mark.anyio

TEXT = 20_000


async def cancelled(owner: uuid.UUID) -> Job:
    """A job with large steps that was cancelled."""
    values = [secrets.token_urlsafe(75) for _ in range(TEXT // 100)]
    steps = [{"type": "filter", "params": {"column": "a", "operator": "in", "value": values}}]
    job = await create(owner, msgspec.json.encode(steps), NewFile("input", "a.csv", 10))
    return await commands.cancel(job.id, owner)


async def completed(at_hand: Context, queued: NewJob) -> Job:
    """A job that has COMPLETED and still has its result."""
    job = await queued()
    claimed = await claims.claim("tables", "me", "x")
    assert claimed is not None
    assert claimed.id == job.id
    key = output_key(job.id, 1, "data_processed.csv")
    made = await objects.expect(key, job.owner, job.id, 60, fence=1)
    await at_hand.store.put(key, b"x")
    async with connections.transaction():
        assert await transitions.finish(job.id, 1, b"{}")
        await objects.store(made, size=1, etag="e", media_type=None)
        await commands.settle([job.id])
    return job


async def is_there(job: Job) -> bool:
    try:
        await commands.get(job.id, job.owner)
    except NotFound:
        return False
    return True


async def test_the_oldest_ended_jobs_without_a_result_go_first(
    at_hand: Context, queued: NewJob, owner: uuid.UUID
) -> None:
    # given a job with its result, four that were cancelled, and one that is open
    oldest = await completed(at_hand, queued)
    ended = [await cancelled(owner) for _ in range(4)]
    waiting = await queued()
    one = (await bounds.surplus(owner, 0, 10)).bytes // 4
    assert TEXT < one < 4 * TEXT
    # when there is room for two and a half of them
    await bounding.bound_one(owner, one * 5 // 2)
    # then the two oldest of those without a result are gone, with all they had
    assert [await is_there(job) for job in ended] == [False, False, True, True]
    assert await is_there(oldest)
    assert await is_there(waiting)
    await assert_tidy(at_hand.store, connections.fetch)


async def test_another_accounts_jobs_are_its_own(at_hand: Context, owner: uuid.UUID) -> None:
    other = await cancelled(await new_account())
    mine = await cancelled(owner)
    await bounding.bound_one(owner, 100)
    assert (await is_there(other), await is_there(mine)) == (True, False)


async def test_who_has_results_alone_makes_no_more_until_some_are_deleted(
    at_hand: Context, queued: NewJob, new_job: NewJob, owner: uuid.UUID
) -> None:
    # given an account whose rows are those of jobs with results
    job = await completed(at_hand, queued)
    # when they take more than they may
    await bounding.bound_one(owner, 100)
    # then none goes, and no further job is made
    assert await is_there(job)
    with pytest.raises(TooMany, match="Delete some"):
        await new_job()
    # until one is deleted
    await commands.delete(job.id, owner)
    await bounding.bound_one(owner, 100)
    assert await is_there(await new_job())


async def test_a_look_finds_the_accounts_of_which_a_job_has_just_ended(
    at_hand: Context, owner: uuid.UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = await cancelled(owner)
    looked: list[uuid.UUID] = []

    async def note(account: uuid.UUID, _most: int) -> None:
        looked.append(account)

    monkeypatch.setattr(bounding, "bound_one", note)
    await bounding.bound()
    assert looked == [owner]
    await connections.execute("UPDATE job SET expires_at = expires_at - interval '1 h' WHERE id = $1", job.id)
    await bounding.bound()
    assert looked == [owner]


async def test_a_job_is_not_cancelled_and_tried_again_without_an_end(
    at_hand: Context, queued: NewJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "MOST_EVENTS", 8)
    job = await queued()
    for _ in range(3):
        await commands.cancel(job.id, job.owner)
        await commands.retry(job.id, job.owner)
    await commands.cancel(job.id, job.owner)
    with pytest.raises(WrongStatus, match="8 events or more"):
        await commands.retry(job.id, job.owner)
    assert len(await events_of(job)) == 9
