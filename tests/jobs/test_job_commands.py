"""Stories of what an owner may ask of a job."""

import asyncio

import msgspec
import pytest

from filemill import connections
from filemill.errors import Impossible, NotFound, TooMany, WrongStatus
from filemill.jobs import commands, context, sweep
from filemill.jobs.context import Context
from filemill.jobs.job import Status
from filemill.jobs.rows import claims, files, transitions
from filemill.storage import queries as objects
from tests.fixtures.jobs import NewJob, upload
from tests.fixtures.tidy import assert_tidy

pytestmark = pytest.mark.anyio


async def claim() -> claims.Claimed:
    claimed = await claims.claim("tables", "me", "tables 1")
    assert claimed is not None
    return claimed


async def test_cancel_ends_a_waiting_job_at_once_and_asks_a_running_one(queued: NewJob, new_job: NewJob) -> None:
    pending, waiting, running = await new_job(), await queued(), await queued()
    await connections.execute("UPDATE job SET queued_at = queued_at - interval '1 h' WHERE id = $1", running.id)
    claimed = await claim()
    assert claimed.id == running.id
    assert (await commands.cancel(pending.id, pending.owner)).status is Status.CANCELLED
    assert (await commands.cancel(waiting.id, waiting.owner)).status is Status.CANCELLED
    assert (await commands.cancel(running.id, running.owner)).status is Status.CANCELLATION_REQUESTED
    assert (await commands.cancel(running.id, running.owner)).status is Status.CANCELLATION_REQUESTED
    assert await transitions.renew(claimed.id, claimed.fence, 0.1, None) is Status.CANCELLATION_REQUESTED
    assert not await transitions.finish(claimed.id, claimed.fence, b"{}")
    assert await transitions.cancelled(claimed.id, claimed.fence)
    with pytest.raises(WrongStatus, match="CANCELLED"):
        await commands.cancel(running.id, running.owner)


async def test_what_a_file_holds_keeps_no_job_from_its_end(queued: NewJob) -> None:
    # given two running jobs, on files whose columns have a NUL in their names
    await queued()
    await queued()
    done, failed = await claim(), await claim()
    # when one of them tells it in a warning and in its result, the other in its sentence
    await transitions.note(done.id, done.fence, "warning", {"message": "a\0"})
    assert await transitions.finish(done.id, done.fence, b'{"types": {"a\\u0000": "int", "\\\\u0000": "int"}}')
    assert await transitions.fail(failed.id, failed.fence, "bad_value", "a\0: 5 is no date.", "caller")
    # then both have ended, and the sign for what is unknown stands for what no row can hold
    result, message = await connections.fetchrow(
        "SELECT result->'types', (SELECT error_message FROM job WHERE id = $2) FROM job WHERE id = $1",
        done.id,
        failed.id,
    )
    assert msgspec.json.decode(result) == {"a\ufffd": "int", "\\u0000": "int"}
    assert message == "a\ufffd: 5 is no date."


async def test_a_cancel_beside_a_finish_has_one_result(queued: NewJob) -> None:
    for _ in range(20):
        job = await queued()
        claimed = await claim()
        finished, asked = await asyncio.gather(
            transitions.finish(claimed.id, claimed.fence, b"{}"),
            commands.cancel(job.id, job.owner),
            return_exceptions=True,
        )
        status = (await commands.get(job.id, job.owner)).status
        if finished is True:
            assert isinstance(asked, WrongStatus)
            assert status is Status.COMPLETED
        else:
            assert finished is False
            assert status is Status.CANCELLATION_REQUESTED
            assert await transitions.cancelled(claimed.id, claimed.fence)


async def test_a_cancelled_job_whose_worker_was_lost_is_never_queued_again(queued: NewJob) -> None:
    job = await queued()
    await claim()
    await commands.cancel(job.id, job.owner)
    await connections.execute("UPDATE job SET lease_until = now() - interval '1 s'")
    await transitions.take_back()
    assert (await commands.get(job.id, job.owner)).status is Status.CANCELLED


async def test_retry_runs_a_failed_job_again_while_its_input_is_there(at_hand: Context, queued: NewJob) -> None:
    # given a job that failed
    job = await queued()
    claimed = await claim()
    await transitions.fail(claimed.id, claimed.fence, "too_slow", "It took too long.", "caller")
    await commands.settle([job.id])
    job = await commands.get(job.id, job.owner)
    assert (job.status, job.error_message) == (Status.FAILED, "It took too long.")
    # when it is tried again, then its error is gone, and the fence goes on rising
    job = await commands.retry(job.id, job.owner)
    assert (job.status, job.error_message, job.expires_at) == (Status.QUEUED, None, None)
    claimed = await claim()
    assert (claimed.fence, claimed.runs) == (2, 1)
    with pytest.raises(WrongStatus, match="RUNNING"):
        await commands.retry(job.id, job.owner)
    # but once its input has gone, it cannot
    await transitions.fail(claimed.id, claimed.fence, "too_slow", "It took too long.", "caller")
    await commands.settle([job.id])
    await connections.execute("UPDATE object SET expires_at = now() - interval '1 s' WHERE job = $1", job.id)
    await objects.leave_expired()
    with pytest.raises(WrongStatus, match="not there"):
        await commands.retry(job.id, job.owner)
    await assert_tidy(at_hand.store, connections.fetch)


async def test_a_retry_beside_a_sweep_has_one_result(queued: NewJob) -> None:
    for _ in range(10):
        # given a cancelled job whose input expires just now
        job = await queued()
        await commands.cancel(job.id, job.owner)
        await connections.execute("UPDATE object SET expires_at = now() - interval '1 s' WHERE job = $1", job.id)
        # when its owner tries it again while sweep takes what has expired
        tried, _ = await asyncio.gather(
            commands.retry(job.id, job.owner), objects.leave_expired(), return_exceptions=True
        )
        (file,) = await files.of_job(job.id, "in")
        # then either it runs with its input kept, or it stays cancelled without
        status = (await commands.get(job.id, job.owner)).status
        if isinstance(tried, WrongStatus):
            assert (status, file.state) == (Status.CANCELLED, "leaving")
        else:
            assert (status, file.state) == (Status.QUEUED, "stored")


async def test_a_cancelled_job_that_never_got_its_file_cannot_be_retried(new_job: NewJob) -> None:
    job = await new_job()
    await commands.cancel(job.id, job.owner)
    with pytest.raises(WrongStatus, match="not there"):
        await commands.retry(job.id, job.owner)


async def test_deleting_takes_the_objects_along(at_hand: Context, queued: NewJob, new_job: NewJob) -> None:
    # given jobs that wait, wait for their upload, or run
    waiting, pending, running = await queued(), await new_job(), await queued()
    await upload(pending)
    await connections.execute("UPDATE job SET queued_at = queued_at - interval '1 h' WHERE id = $1", running.id)
    await claim()
    # when they are deleted
    for job in (waiting, pending):
        await commands.delete(job.id, job.owner)
        with pytest.raises(NotFound):
            await commands.get(job.id, job.owner)
    with pytest.raises(WrongStatus, match="cancel it first"):
        await commands.delete(running.id, running.owner)
    # then only the running one's input is left
    assert await at_hand.store.keys() == [running.input_key]
    await assert_tidy(at_hand.store, connections.fetch)


async def test_what_is_written_after_a_delete_goes_too(at_hand: Context, new_job: NewJob) -> None:
    # given a deleted job whose upload URL is still valid
    job = await new_job()
    key = await upload(job)
    await commands.delete(job.id, job.owner)
    # when somebody writes through it, then its row is still there to remember it
    await at_hand.store.put(key, b"late")
    await assert_tidy(at_hand.store, connections.fetch)
    # and once the URL has expired, both go
    await connections.execute("UPDATE object SET writable_until = now() - interval '1 s'")
    from filemill.jobs import sweep

    await sweep.remove_leaving()
    assert await at_hand.store.keys() == []
    assert await connections.fetchval("SELECT count(*) FROM object") == 0


async def test_one_idempotency_key_makes_one_job(new_job: NewJob) -> None:
    made = await asyncio.gather(*(new_job(idempotency_key="k", body_hash="h") for _ in range(8)))
    assert len({job.id for job in made}) == 1
    with pytest.raises(Impossible, match="another body"):
        await new_job(idempotency_key="k", body_hash="other")
    await connections.execute("UPDATE job SET created_at = now() - interval '25 h'")
    assert (await new_job(idempotency_key="k", body_hash="other")).id != made[0].id


async def test_open_jobs_are_limited(at_hand: Context, new_job: NewJob, queued: NewJob) -> None:
    tight = msgspec.structs.replace(at_hand.settings, open_jobs=3, pending_jobs=2)
    context.open(msgspec.structs.replace(at_hand, settings=tight))
    await new_job()
    await new_job()
    with pytest.raises(TooMany, match="wait for their upload"):
        await new_job()
    await connections.execute("UPDATE job SET status = 'QUEUED'")
    await new_job()
    with pytest.raises(TooMany, match="3 open jobs"):
        await new_job()


async def test_a_deletion_that_was_begun_is_completed_by_sweep(
    at_hand: Context, queued: NewJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a deletion whose request ends once the store is asked
    job = await queued()

    async def gone(*_: object) -> bool:
        raise ConnectionResetError

    monkeypatch.setattr(commands.removal, "remove", gone)
    with pytest.raises(ConnectionResetError):
        await commands.delete(job.id, job.owner)
    monkeypatch.undo()
    # then the job is there for a while, so that the deletion can be asked for again
    await sweep.sweep()
    assert (await commands.get(job.id, job.owner)).status is Status.CANCELLED
    # and goes after that, whether anybody does or not
    await connections.execute(
        "UPDATE job SET expires_at = expires_at - make_interval(secs => $1)", float(commands.DELETED_SECONDS)
    )
    await sweep.sweep()
    await sweep.remove_leaving()
    assert await connections.fetchval("SELECT count(*) FROM job") == 0
    assert await at_hand.store.keys() == []
