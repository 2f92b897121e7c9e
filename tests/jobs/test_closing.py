"""The end of accounts: jobs are cancelled first, then nothing is left, in the database or in the store."""

from uuid import UUID, uuid4

import pytest

from filemill import connections
from filemill.accounts import guests, sign_in
from filemill.errors import NotYours, WrongStatus
from filemill.jobs import closing, commands, sweep, uploads
from filemill.jobs.job import DATA, Status
from filemill.jobs.rows import claims, jobs, transitions
from filemill.storage import queries as objects
from tests.fixtures.jobs import jobs_of
from tests.fixtures.tidy import assert_tidy

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("at_hand")]

WORKER = ("tables", "worker", "engine 1")


async def a_guest(seconds: float = 3600) -> UUID:
    guest = uuid4()
    await guests.admit(guest, None, seconds)
    return guest


async def a_member() -> UUID:
    return (await sign_in.register(f"{uuid4().hex}@example.com", "correct horse battery")).id


async def end(account: UUID) -> None:
    """Its time is over."""
    await connections.execute("UPDATE account SET expires_at = now() WHERE id = $1", account)


async def rows_of(account: UUID) -> tuple[int, int]:
    """(accounts, jobs)"""
    return (
        await connections.fetchval("SELECT count(*) FROM account WHERE id = $1", account),
        await connections.fetchval("SELECT count(*) FROM job WHERE owner = $1", account),
    )


async def test_an_ended_guest_goes_with_its_jobs_and_its_bytes(at_hand, queued, new_job):
    # given a guest with a job in the queue and one that waits for its upload, and somebody else's
    guest, other = await a_guest(), await a_guest()
    await queued(by=guest)
    await new_job(by=guest)
    kept = await queued(by=other)
    # when its time is over
    await end(guest)
    await sweep.sweep()
    await sweep.remove_leaving()
    # then
    assert await rows_of(guest) == (0, 0)
    assert await rows_of(other) == (1, 1)
    assert await at_hand.store.keys() == [f"input/{kept.id}/data.csv"]
    await assert_tidy(at_hand.store, connections.fetch)


async def test_a_job_that_runs_is_stopped_before_anything_goes(at_hand, queued):
    # given a job in a worker's hands
    guest = await a_guest()
    job = await queued(by=guest)
    claimed = await claims.claim(*WORKER)
    assert claimed.id == job.id
    # when
    await end(guest)
    await sweep.sweep()
    # then it is asked to stop, and its input is still there to be read
    assert await jobs.lock(job.id) is Status.CANCELLATION_REQUESTED
    assert await at_hand.store.keys() == [f"input/{job.id}/data.csv"]
    # when its worker has stopped
    assert await transitions.cancelled(claimed.id, claimed.fence)
    await sweep.sweep()
    await sweep.remove_leaving()
    # then
    assert await rows_of(guest) == (0, 0)
    assert await at_hand.store.keys() == []


async def test_a_job_whose_time_is_over_is_cancelled_whatever_it_does(queued):
    # given one that waits and one that runs
    await queued()
    running = await claims.claim(*WORKER)
    waiting = await queued()
    await connections.execute("UPDATE job SET expires_at = now() - interval '1 s'")
    # when
    await sweep.expire()
    # then
    assert await jobs.lock(waiting.id) in (Status.CANCELLED, None)
    assert await jobs.lock(running.id) is Status.CANCELLATION_REQUESTED


async def test_a_merged_guest_stays_and_what_it_has_is_the_members(queued):
    # given
    guest, member, stranger = await a_guest(), await a_member(), await a_member()
    job, own = await queued(by=guest), await queued(by=member)
    # when
    await guests.merge(guest, member)
    # then
    assert (await commands.get(job.id, member)).id == job.id
    assert [each.id for each in await jobs_of(member, 0, 10)] == [own.id, job.id]
    assert [each.id for each in await jobs_of(member, 1, 1)] == [job.id]
    assert (await commands.cancel(job.id, member)).status is Status.CANCELLED
    with pytest.raises(NotYours):
        await commands.get(job.id, stranger)
    assert await jobs_of(stranger, 0, 10) == []
    await sweep.sweep()
    assert await rows_of(guest) == (1, 1)


async def test_a_closed_member_goes_after_its_guests(queued):
    # given
    guest, member = await a_guest(), await a_member()
    await guests.merge(guest, member)
    await queued(by=guest)
    await queued(by=member)
    # when
    await connections.execute("UPDATE account SET closed_at = now() WHERE id = $1", member)
    await sweep.sweep()
    # then
    assert await rows_of(guest) == (0, 0)
    assert await rows_of(member) == (0, 0)


async def test_only_what_was_begun_at_the_api_is_cleared(at_hand, new_job, queued):
    # given
    guest = await a_guest()
    here, there = await queued(by=guest), await queued(by=guest)
    await connections.execute("UPDATE job SET api = 'conversion' WHERE id = $1", here.id)
    # when
    async with connections.transaction():
        held = await closing.begin(guest, "conversion")
    async with connections.transaction():
        await closing.clear(guest, "conversion")
    await closing.dismiss(guest)
    # then
    assert held == []
    assert [row.key for row in await objects.leaving_of_owner(guest)] == [f"input/{here.id}/data.csv"]
    assert await jobs.get(here.id) is None
    assert (await jobs.get(there.id)).status is Status.QUEUED
    assert await rows_of(guest) == (1, 1)


async def test_a_guest_that_owns_nothing_may_go_at_once_a_member_never():
    guest, member = await a_guest(), await a_member()

    await closing.dismiss(guest)
    await closing.dismiss(member)

    assert (await rows_of(guest))[0] == 0
    assert (await rows_of(member))[0] == 1


async def test_at_other_apis_a_job_keeps_the_end_it_was_given(queued):
    # given a job of another API that is to go with its session
    job = await queued()
    ends = await connections.fetchval(
        "UPDATE job SET api = 'conversion', expires_at = now() + interval '1 h' WHERE id = $1 RETURNING expires_at",
        job.id,
    )
    # when it ends
    await commands.cancel(job.id, job.owner)
    # then
    assert (await jobs.get(job.id)).expires_at == ends
    assert await connections.fetchval("SELECT expires_at FROM object WHERE job = $1", job.id) == ends


async def test_a_job_of_another_api_can_be_read_and_cancelled_and_nothing_else(queued):
    # given
    job = await queued()
    await connections.execute("UPDATE job SET api = 'conversion' WHERE id = $1", job.id)
    # then
    for refused in (
        uploads.sign(job.id, job.owner),
        uploads.mark(job.id, job.owner, "key"),
        uploads.open_multipart(job.id, job.owner),
        commands.retry(job.id, job.owner, DATA),
        commands.delete(job.id, job.owner, DATA),
    ):
        with pytest.raises(WrongStatus, match="begun at the API conversion-sessions"):
            await refused
    assert (await commands.cancel(job.id, job.owner)).status is Status.CANCELLED


async def test_objects_without_a_job_go_with_their_account(at_hand):
    # given what somebody has uploaded and done nothing with
    guest = await a_guest()
    await connections.execute(
        "INSERT INTO object (id, owner, key, state, size, etag, created_at)"
        " VALUES ($1, $2, 'input/alone/input.csv', 'stored', 1, 'e', now())",
        uuid4(),
        guest,
    )
    await at_hand.store.put("input/alone/input.csv", b"x")
    # when
    await closing.dismiss(guest)
    assert await rows_of(guest) == (1, 0)
    await end(guest)
    await sweep.sweep()
    # then
    assert [row.key for row in await objects.leaving(10)] == ["input/alone/input.csv"]
    await sweep.remove_leaving()
    assert await at_hand.store.keys() == []
    assert await connections.fetchval("SELECT count(*) FROM object") == 0
