"""Every ending of a job, whoever brings it about: a job that has ended is at nothing any more."""

from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from uuid import UUID

import pytest

from filemill import connections
from filemill.jobs import commands
from filemill.jobs.job import ENDED, MOST_RUNS, MOST_WORKERS_LOST, TRANSITIONS, Job, Status
from filemill.jobs.rows import claims, jobs, transitions
from filemill.pipelines.run import Done
from filemill.runs.attempt import Ran
from filemill.runs.runner import Runner
from tests.fixtures.jobs import NewJob

PENDING, QUEUED, RUNNING, ASKED = Status.PENDING, Status.QUEUED, Status.RUNNING, Status.CANCELLATION_REQUESTED
COMPLETED, FAILED, CANCELLED = Status.COMPLETED, Status.FAILED, Status.CANCELLED

Ending = Callable[[Job], Awaitable[object]]


async def _take_back(job: Job) -> None:
    await connections.execute("UPDATE job SET lease_until = now() - interval '1 s' WHERE id = $1", job.id)
    await transitions.take_back()


async def _take_back_the_last(job: Job) -> None:
    await connections.execute("UPDATE job SET workers_lost = $2 WHERE id = $1", job.id, MOST_WORKERS_LOST - 1)
    await _take_back(job)


async def _lose_the_last(job: Job) -> None:
    await connections.execute("UPDATE job SET runs = $2 WHERE id = $1", job.id, MOST_RUNS)
    await transitions.lost_process(job.id, job.fence)


async def _expire(job: Job) -> None:
    await connections.execute("UPDATE job SET expires_at = now() - interval '1 s' WHERE id = $1", job.id)
    await transitions.expire()


async def _wait_for_the_store(job: Job) -> None:
    await connections.execute("UPDATE job SET queued_at = now() - interval '1 h' WHERE id = $1", job.id)
    await transitions.fail_store_away(job.lane, 3600, 60, "The store was away.")


ENDINGS: list[tuple[Status, Status, Ending]] = [
    (RUNNING, COMPLETED, lambda job: transitions.finish(job.id, job.fence, b"{}")),
    (RUNNING, FAILED, lambda job: transitions.fail(job.id, job.fence, "too_slow", "It took too long.", "caller")),
    (RUNNING, FAILED, _lose_the_last),
    (RUNNING, FAILED, _take_back_the_last),
    (QUEUED, FAILED, _wait_for_the_store),
    (PENDING, CANCELLED, lambda job: transitions.cancel(job.id, "by its owner")),
    (QUEUED, CANCELLED, lambda job: transitions.cancel(job.id, "by its owner")),
    (PENDING, CANCELLED, _expire),
    (QUEUED, CANCELLED, _expire),
    (QUEUED, CANCELLED, lambda job: transitions.cancel_all([job.owner], "its owner's time was over")),
    (ASKED, CANCELLED, lambda job: transitions.cancelled(job.id, job.fence)),
    (ASKED, CANCELLED, lambda job: transitions.give_back(job.id, job.fence, "drained")),
    (ASKED, CANCELLED, lambda job: transitions.lost_process(job.id, job.fence)),
    (ASKED, CANCELLED, _take_back),
]


async def _bring_to(status: Status, new_job: NewJob, queued: NewJob) -> Job:
    """A job with this status; one that a worker holds says what it is at."""
    job = await (new_job if status is PENDING else queued)()
    if status in (RUNNING, ASKED):
        claimed = await claims.claim("tables", "me", "tables 1")
        assert claimed is not None
        await transitions.renew(job.id, claimed.fence, 0.5, "reading")
    if status is ASKED:
        assert await transitions.cancel(job.id, "by its owner") is ASKED
    return await _read(job.id)


async def _read(job_id: UUID) -> Job:
    job = await jobs.get(job_id)
    assert job is not None
    return job


@pytest.mark.anyio
@pytest.mark.parametrize(("was", "becomes", "end"), ENDINGS)
async def test_a_job_that_has_ended_is_at_nothing(
    new_job: NewJob, queued: NewJob, was: Status, becomes: Status, end: Ending
) -> None:
    # given a job; one that runs, or was asked to stop, says what it is at
    job = await _bring_to(was, new_job, queued)
    assert (job.status, job.phase) == (was, "reading" if was in (RUNNING, ASKED) else None)
    # when it ends
    await end(job)
    # then it has no phase any more
    job = await _read(job.id)
    assert (job.status, job.phase) == (becomes, None)


def test_every_ending_there_is_was_looked_at() -> None:
    there = {(one, other) for one, others in TRANSITIONS.items() for other in others & ENDED}
    assert {(was, becomes) for was, becomes, _ in ENDINGS} == there


@pytest.mark.anyio
async def test_a_cancel_that_comes_as_the_run_ends_is_settled_with_it_or_not_at_all(
    queued: NewJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a run that is done, of a job that was cancelled in this moment
    job = await queued()
    claimed = await claims.claim("tables", "me", "tables 1")
    assert claimed is not None
    await transitions.cancel(job.id, "by its owner")
    runner = Runner("tables", "me", SimpleNamespace(engines={}), {})  # type: ignore[arg-type]

    # when the worker dies between the end and what follows from it
    async def die(_: list[UUID]) -> None:
        raise RuntimeError

    monkeypatch.setattr(commands, "settle", die)
    with pytest.raises(RuntimeError):
        await runner._finish(claimed, Ran(Done(0, ())))
    monkeypatch.undo()
    # then the job has not ended, and ends later with all that follows: it is not kept for ever
    assert (await _read(job.id)).status is ASKED
    assert await runner._finish(claimed, Ran(Done(0, ()))) == "cancelled"
    assert (await _read(job.id)).expires_at is not None
