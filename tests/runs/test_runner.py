"""Stories of runs in real sandboxes: how each of them may end, and what is left behind."""

import asyncio
import base64
import contextlib
import hashlib
import os
import random
import signal
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import msgspec
import psutil
import pytest

from filemill import connections
from filemill.jobs import commands, context, uploads
from filemill.jobs.context import Context
from filemill.jobs.job import ENDED, Job, Status
from filemill.jobs.rows import claims, transitions
from filemill.jobs.rows.jobs import NewFile
from filemill.pipelines.options import Options
from filemill.runs import growth, lease
from filemill.runs.runner import Runner
from filemill.sandbox.pool import Pool
from tests.fixtures.jobs import TABLE, NewJob, create, events_of, new_account, now, until, until_phase, upload
from tests.fixtures.tidy import assert_tidy

pytestmark = pytest.mark.anyio

TO_GZIP = b'[{"type":"convert_format","params":{"to_format":"ndjson.gz"}}]'
LONG = b"text\n" + base64.encodebytes(random.Random(1).randbytes(45_000_000))
"""A table whose run lasts long enough to be disturbed: 60 MB that do not compress well, for a gzipped output."""


@pytest.fixture
async def pool(tmp_path: Path) -> AsyncIterator[Pool]:
    pool = Pool("tables", tmp_path)
    await pool.open(1)
    yield pool
    await pool.close()


@pytest.fixture
async def runner(at_hand: Context, pool: Pool) -> Runner:
    return Runner("tables", "this test", pool, {})


async def queue_up(at_hand: Context, job: Job, content: bytes = TABLE) -> Job:
    return await uploads.mark(job.id, job.owner, await upload(job, content))


@pytest.fixture
def long_job(at_hand: Context, owner: uuid.UUID) -> Callable[[], Awaitable[Job]]:
    """Makes a job of several seconds and queues it."""

    async def make() -> Job:
        job = await create(owner, TO_GZIP, NewFile("input", "long.csv", len(LONG)))
        return await queue_up(at_hand, job, LONG)

    return make


async def child_of(pool: Pool) -> int:
    """The process id of the one child of this sandbox."""
    for _ in range(200):
        for child in psutil.Process().children():
            with contextlib.suppress(psutil.Error):
                if "workers.child" in child.cmdline() and child.status() != psutil.STATUS_ZOMBIE:
                    return child.pid
        await asyncio.sleep(0.02)
    raise AssertionError("no child")


async def test_a_run_that_goes_well(at_hand: Context, runner: Runner, queued: NewJob) -> None:
    job = await queued()
    await runner.until_empty()
    job = await now(job)
    assert (job.status, job.progress, job.error_message) == (Status.COMPLETED, 1, None)
    assert job.output_key == f"output/{job.id}/data_processed.csv"
    assert await at_hand.store.get(job.output_key) == TABLE
    assert [e.data["to"] for e in await events_of(job) if e.kind == "moved"] == [
        "PENDING",
        "QUEUED",
        "RUNNING",
        "COMPLETED",
    ]
    await assert_tidy(at_hand.store, connections.fetch)


async def test_a_run_cancelled_in_the_middle_ends_within_two_seconds(
    at_hand: Context, runner: Runner, long_job: Callable[[], Awaitable[Job]]
) -> None:
    # given a job at work
    job = await long_job()
    work = asyncio.create_task(runner.until_empty())
    await until(job, lambda j: j.status is Status.RUNNING)
    # when it is cancelled
    assert (await commands.cancel(job.id, job.owner)).status is Status.CANCELLATION_REQUESTED
    job = await until(job, lambda j: j.status is Status.CANCELLED, seconds=3)
    await work
    # then nothing of it is left, and nothing more comes
    assert await at_hand.store.keys() == [job.input_key]
    await assert_tidy(at_hand.store, connections.fetch)


async def test_a_killed_child_costs_a_run_and_the_next_one_finishes(
    at_hand: Context, runner: Runner, pool: Pool, long_job: Callable[[], Awaitable[Job]]
) -> None:
    job = await long_job()
    work = asyncio.create_task(runner.until_empty())
    await until(job, lambda j: j.progress > 0)
    os.kill(await child_of(pool), signal.SIGKILL)
    await work
    job = await now(job)
    assert (job.status, job.fence) == (Status.COMPLETED, 2)
    assert job.output_key == f"output/{job.id}/2/long_processed.ndjson.gz"
    assert sorted(await at_hand.store.keys()) == sorted([job.input_key or "", job.output_key])
    await assert_tidy(at_hand.store, connections.fetch)


async def test_a_file_that_ends_its_worker_three_times_is_not_tried_again(
    at_hand: Context, runner: Runner, pool: Pool, long_job: Callable[[], Awaitable[Job]]
) -> None:
    # given a job whose every run ends its child
    job = await long_job()
    work = asyncio.create_task(runner.until_empty())
    for run in (1, 2, 3):
        await until(job, lambda j, run=run: j.fence == run and j.progress > 0)
        os.kill(await child_of(pool), signal.SIGKILL)
        await until(job, lambda j, run=run: j.fence > run or j.status in ENDED)
    await work
    job = await now(job)
    assert (job.status, job.error_code) == (Status.FAILED, "crashed")
    # when the same file comes again, then it is refused at once
    again = await long_job()
    await runner.until_empty()
    again = await now(again)
    assert (again.status, again.error_code, again.fence) == (Status.FAILED, "crashed", 1)
    assert "same file" in (again.error_message or "")
    # and so is the first job when its owner tries it again
    await commands.retry(job.id, job.owner)
    await runner.until_empty()
    job = await now(job)
    assert (job.status, job.error_code, job.fence) == (Status.FAILED, "crashed", 4)
    assert "same file" in (job.error_message or "")
    # when somebody else has the same file, then it runs
    others = await create(await new_account(), TO_GZIP, NewFile("input", "long.csv", len(LONG)))
    await queue_up(at_hand, others, LONG)
    await runner.until_empty()
    assert (await now(others)).status is Status.COMPLETED
    await assert_tidy(at_hand.store, connections.fetch)


async def test_a_draining_worker_puts_its_job_back_at_once_uncounted(
    at_hand: Context, runner: Runner, long_job: Callable[[], Awaitable[Job]]
) -> None:
    job = await long_job()
    work = asyncio.create_task(runner.until_empty())
    await until(job, lambda j: j.status is Status.RUNNING)
    runner.drain()
    await asyncio.wait_for(work, 3)
    assert (await now(job)).status is Status.QUEUED
    assert await connections.fetchval("SELECT runs FROM job WHERE id = $1", job.id) == 0
    await assert_tidy(at_hand.store, connections.fetch)


async def test_a_guests_second_run_gives_way_to_who_has_none(  # noqa: PLR0917
    at_hand: Context,
    owner: uuid.UUID,
    runner: Runner,
    queued: NewJob,
    long_job: Callable[[], Awaitable[Job]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given a guest whose job another worker runs, and who has a long job of the same lane at work here
    monkeypatch.setattr(lease, "GIVES_WAY_AFTER_SECONDS", 0)
    await connections.execute("UPDATE account SET expires_at = now() + interval '1 hour' WHERE id = $1", owner)
    await queued()
    assert await claims.claim("tables", "another worker", "tables 1") is not None
    job = await long_job()
    work = asyncio.create_task(runner.until_empty())
    await until(job, lambda j: j.status is Status.RUNNING)
    # when somebody else's job comes
    late = await queued(by=await new_account())
    # then that one is next, and the long one runs again afterwards, from its beginning
    await until(late, lambda j: j.status is Status.COMPLETED)
    await asyncio.wait_for(work, 60)
    moves = [e.data for e in await events_of(job) if e.kind == "moved"]
    assert [(move["to"], move["why"]) for move in moves][-3:-1] == [("QUEUED", "gave way"), ("RUNNING", "claimed")]
    assert (await now(job)).status is Status.COMPLETED
    assert await connections.fetchval("SELECT runs FROM job WHERE id = $1", job.id) == 1


async def test_a_worker_that_lost_its_lease_lets_the_winner_be(
    at_hand: Context, runner: Runner, long_job: Callable[[], Awaitable[Job]], tmp_path: Path
) -> None:
    # given a run whose job was taken back and claimed by another worker meanwhile
    job = await long_job()
    work = asyncio.create_task(runner.until_empty())
    await until(job, lambda j: j.status is Status.RUNNING)
    async with connections.transaction():  # so that its worker can neither renew it nor hold the row in between
        await connections.execute("UPDATE job SET lease_until = now() - interval '1 s'")
        assert await transitions.take_back()
    other = Pool("tables", tmp_path)
    await other.open(1)
    winner = Runner("tables", "the other", other, {})
    await asyncio.gather(winner.until_empty(), work)
    await other.close()
    # then one of them finished it, once, and the output is whole and that of the second fence or later
    job = await now(job)
    assert job.status is Status.COMPLETED
    assert job.fence >= 2
    finishes = [e for e in await events_of(job) if e.data.get("to") == "COMPLETED"]
    assert len(finishes) == 1
    assert sorted(await at_hand.store.keys()) == sorted([job.input_key or "", job.output_key or ""])
    await assert_tidy(at_hand.store, connections.fetch)


async def test_a_child_that_rests_after_its_work_is_replaced(
    at_hand: Context, runner: Runner, pool: Pool, queued: NewJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a child that has not worked yet, and rests
    monkeypatch.setattr("filemill.sandbox.pool.REST_SECONDS", 0.0)
    fresh = await child_of(pool)
    # then it stays
    await pool.refresh()
    assert await child_of(pool) == fresh
    # but one that has worked goes, and another does the next job
    await queued()
    await runner.until_empty()
    await pool.refresh()
    another = await child_of(pool)
    assert another != fresh
    assert not psutil.pid_exists(fresh)
    job = await queued()
    await runner.until_empty()
    assert (await now(job)).status is Status.COMPLETED


async def test_an_input_changed_after_it_was_marked_fails_the_job(
    at_hand: Context, runner: Runner, queued: NewJob
) -> None:
    job = await queued()
    await at_hand.store.put(job.input_key or "", b"other,columns\n1,2\n")
    await runner.until_empty()
    job = await now(job)
    assert (job.status, job.error_code) == (Status.FAILED, "input_changed")
    assert "'data.csv' was changed" in (job.error_message or "")


async def test_an_input_changed_after_its_sha256_was_told_is_no_other_failure(
    at_hand: Context, runner: Runner, new_job: NewJob
) -> None:
    job = await new_job()
    key = await upload(job)
    await uploads.mark(job.id, job.owner, key, sha256=hashlib.sha256(TABLE).hexdigest())
    await at_hand.store.put(key, b"other,columns\n1,2\n")
    await runner.until_empty()
    assert (await now(job)).error_code == "input_changed"


async def test_a_wrong_sha256_fails_the_job_and_a_right_one_does_not(
    at_hand: Context, runner: Runner, new_job: NewJob
) -> None:
    right = hashlib.sha256(TABLE).hexdigest()
    good, bad = await new_job(), await new_job()
    for job, digest in ((good, right.upper()), (bad, "0" * 64)):
        await uploads.mark(job.id, job.owner, await upload(job), sha256=digest)
    await runner.until_empty()
    good, bad = await now(good), await now(bad)
    assert good.status is Status.COMPLETED
    assert (bad.status, bad.error_code) == (Status.FAILED, "bad_file")
    assert right in (bad.error_message or "")


async def test_a_job_that_takes_too_long_fails_naming_the_limit(
    at_hand: Context, runner: Runner, long_job: Callable[[], Awaitable[Job]]
) -> None:
    hasty = msgspec.structs.replace(at_hand.settings, job_seconds=1)
    context.open(msgspec.structs.replace(at_hand, settings=hasty))
    job = await long_job()
    await runner.until_empty()
    job = await now(job)
    assert (job.status, job.error_code, job.at_fault) == (Status.FAILED, "too_slow", "caller")
    assert "1 seconds" in (job.error_message or "")
    await assert_tidy(at_hand.store, connections.fetch)


async def test_a_job_that_needs_too_much_memory_fails_naming_the_limit(
    at_hand: Context, runner: Runner, long_job: Callable[[], Awaitable[Job]]
) -> None:
    small = msgspec.structs.replace(at_hand.settings, job_memory_mb=60)
    context.open(msgspec.structs.replace(at_hand, settings=small))
    job = await long_job()
    await runner.until_empty()
    job = await now(job)
    assert (job.status, job.error_code) == (Status.FAILED, "too_much_memory")
    assert "60 MB" in (job.error_message or "")
    # and the next job, under the usual limit, is not affected
    context.open(at_hand)
    job = await long_job()
    await runner.until_empty()
    assert (await now(job)).status is Status.COMPLETED
    await assert_tidy(at_hand.store, connections.fetch)


async def test_progress_moves_with_the_work(
    at_hand: Context, runner: Runner, long_job: Callable[[], Awaitable[Job]]
) -> None:
    job = await long_job()
    work = asyncio.create_task(runner.until_empty())
    seen = []
    while not work.done():
        seen.append((await now(job)).progress)
        await asyncio.sleep(0.05)
    await work
    # then it has gone up and never down, and says 1 of what is done alone
    seen.append((await now(job)).progress)
    assert len(set(seen)) > 2
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == (0, 1)


@pytest.mark.parametrize("what", ["output", "bad_rows"])
async def test_an_output_larger_than_one_may_be_leaves_nothing(
    at_hand: Context, runner: Runner, owner: uuid.UUID, what: str
) -> None:
    # given room for less than one of the outputs will be, and more than enough for the other
    little = msgspec.structs.replace(at_hand.settings, output_bytes=100_000)
    context.open(msgspec.structs.replace(at_hand, settings=little))
    content = b"n\n" + (b"x\n" * 10_000 if what == "bad_rows" else b"1234567890\n" * 20_000) + b"1\n"
    pipeline = b'[{"type":"cast","params":{"columns":{"n":"int"}}}]'
    options = Options(on_bad_rows="collect")
    job = await create(owner, pipeline, NewFile("input", "data.csv", len(content)), options=options)
    await queue_up(at_hand, job, content)
    # when it runs
    await runner.until_empty()
    # then the job fails by what its owner asked for, and of neither output anything stays
    job = await now(job)
    assert (job.status, job.error_code, job.at_fault) == (Status.FAILED, "too_large", "caller")
    assert f"{what!r}" in (job.error_message or "")
    assert "100,000 bytes" in (job.error_message or "")
    assert await at_hand.store.keys() == [f"input/{job.id}/data.csv"]
    await assert_tidy(at_hand.store, connections.fetch)


def allow(at_hand: Context, stored_bytes: int) -> None:
    """Lets an account have so many bytes."""
    growth._known.clear()
    tight = msgspec.structs.replace(at_hand.settings, stored_bytes=stored_bytes)
    context.open(msgspec.structs.replace(at_hand, settings=tight))


async def test_an_output_that_does_not_fit_beside_its_owners_files_leaves_nothing(
    at_hand: Context, runner: Runner, owner: uuid.UUID
) -> None:
    # given an account with room for its input and hardly any more
    content = b"n\n" + b"1234567890\n" * 20_000
    job = await queue_up(at_hand, await create(owner, b"[]", NewFile("input", "data.csv", len(content))), content)
    allow(at_hand, len(content) + 1000)
    # when the job runs
    await runner.until_empty()
    # then it fails with what is used and allowed, and what it wrote is gone
    job = await now(job)
    assert (job.status, job.error_code, job.at_fault) == (Status.FAILED, "quota", "caller")
    assert f"your files take {len(content)} of the {len(content) + 1000} bytes allowed" in (job.error_message or "")
    assert await at_hand.store.keys() == [f"input/{job.id}/data.csv"]
    # and once there is room, it can be tried again
    allow(at_hand, 3 * len(content))
    await commands.retry(job.id, job.owner)
    await runner.until_empty()
    assert (await now(job)).status is Status.COMPLETED
    await assert_tidy(at_hand.store, connections.fetch)


async def test_an_account_without_any_room_runs_nothing(at_hand: Context, runner: Runner, queued: NewJob) -> None:
    job = await queued()
    allow(at_hand, len(TABLE))
    await runner.until_empty()
    job = await now(job)
    assert (job.status, job.error_code) == (Status.FAILED, "quota")
    assert [e.data for e in await events_of(job) if e.kind == "phase"] == []


async def test_what_runs_of_one_owner_write_counts_while_they_write(
    at_hand: Context, runner: Runner, long_job: Callable[[], Awaitable[Job]], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a run that is told of ample room, of which somebody else takes most while it writes
    monkeypatch.setattr(growth, "EVERY_SECONDS", 0.1)
    job = await long_job()
    allow(at_hand, 10 * len(LONG))
    work = asyncio.create_task(runner.until_empty())
    await until_phase(job)
    await connections.execute(
        "INSERT INTO object (id, owner, key, state, size, etag, created_at)"
        " VALUES ($1, $2, $3, 'stored', $4, 'e', now())",
        uuid.uuid4(),
        job.owner,
        f"output/{uuid.uuid4()}/a.csv",
        9 * len(LONG),
    )
    # when it goes on writing
    await work
    # then it ends before its own limit, and nothing of it stays
    job = await now(job)
    assert (job.status, job.error_code) == (Status.FAILED, "quota")
    assert await at_hand.store.keys() == [f"input/{job.id}/long.csv"]
    assert await at_hand.store.open_uploads(f"output/{job.id}/long_processed.ndjson.gz") == []
