"""Stories of receipts: what a finished job has read and written, and hashes that come while nobody waits."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from filemill import connections
from filemill.errors import WrongStatus
from filemill.jobs import receipts
from filemill.jobs.context import Context
from filemill.jobs.job import Job
from filemill.jobs.receipts import FileSum
from filemill.jobs.rows import receipts as receipt_rows
from filemill.jobs.rows.jobs import NewFile
from filemill.runs import hashing
from filemill.runs.runner import Runner
from filemill.sandbox.pool import Pool
from filemill.storage import objects
from tests.fixtures.jobs import TABLE, NewJob, mark_all

pytestmark = pytest.mark.anyio

LARGE = b"name\n" + b"Ada\n" * (receipts.HASHED_AT_ONCE // 4)
"""A table of a little more than what is hashed at the job's end."""


@pytest.fixture
async def runner(at_hand: Context, tmp_path: Path) -> AsyncIterator[Runner]:
    pool = Pool("tables", tmp_path)
    await pool.open(1)
    yield Runner("tables", "this test", pool, {})
    await pool.close()


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


async def test_a_small_job_has_all_of_its_receipt_when_it_ends(
    at_hand: Context, runner: Runner, new_job: NewJob
) -> None:
    # given a job of two inputs that collects bad rows
    job = await new_job(extra=(NewFile("cities", "cities.csv", 100),), collects=True)
    await mark_all(job, {"input": TABLE, "cities": b"city\nRome\n"})

    # when it has run
    await runner.until_empty()
    receipt = await receipts.read(job.id, job.owner)

    # then the receipt names every file, and nothing is left to be hashed
    empty = b"file,row,column,value,reason,text\n"
    assert (receipt.rows_in, receipt.rows_out, receipt.bad_rows) == (2, 2, 0)
    assert receipt.inputs == (
        FileSum("input", f"input/{job.id}/data.csv", len(TABLE), sha256(TABLE)),
        FileSum("cities", f"input/{job.id}/cities/cities.csv", 10, sha256(b"city\nRome\n")),
    )
    assert receipt.outputs == (
        FileSum("output", f"output/{job.id}/data_processed.csv", len(TABLE), sha256(TABLE)),
        FileSum("bad_rows", f"output/{job.id}/data_bad_rows.csv", len(empty), sha256(empty)),
    )
    assert receipt.seconds > 0
    assert set(receipt.versions) == {"filemill", "tables"}
    assert await receipt_rows.take(60) is None


async def test_a_job_that_has_not_completed_has_no_receipt(new_job: NewJob) -> None:
    job = await new_job()

    with pytest.raises(WrongStatus, match="PENDING"):
        await receipts.read(job.id, job.owner)


async def large(runner: Runner, new_job: NewJob) -> Job:
    """A job that has COMPLETED and whose files are still to be hashed."""
    job = await new_job(size=len(LARGE))
    await mark_all(job, {"input": LARGE})
    await runner.until_empty()
    return job


async def test_a_receipt_waits_for_a_hash_that_is_due(at_hand: Context, runner: Runner, new_job: NewJob) -> None:
    # given
    job = await large(runner, new_job)
    reading = asyncio.create_task(receipts.read(job.id, job.owner))

    # when a worker hashes what is due
    await hashing.until_none_due()

    # then
    receipt = await reading
    assert [one.sha256 for one in (*receipt.inputs, *receipt.outputs)] == [sha256(LARGE)] * 2


async def test_the_receipt_of_a_huge_file_does_not_wait(
    at_hand: Context, runner: Runner, new_job: NewJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "WAITED_FOR", receipts.HASHED_AT_ONCE)
    job = await large(runner, new_job)

    receipt = await asyncio.wait_for(receipts.read(job.id, job.owner), 5)

    assert [one.sha256 for one in (*receipt.inputs, *receipt.outputs)] == [None, sha256(LARGE)]


async def test_what_a_killed_worker_was_hashing_is_hashed_by_the_next(
    at_hand: Context, runner: Runner, new_job: NewJob
) -> None:
    # given an object in the hands of a worker that is no more
    job = await large(runner, new_job)
    taken = await receipt_rows.take(60)
    assert taken is not None
    await hashing.until_none_due()
    assert await receipt_rows.count_due([taken.key], receipts.WAITED_FOR) == 1

    # when its time is over
    await connections.execute("UPDATE object SET hash_due = now() WHERE key = $1", taken.key)
    await hashing.until_none_due()

    # then
    receipt = await receipts.read(job.id, job.owner)
    assert [one.sha256 for one in (*receipt.inputs, *receipt.outputs)] == [sha256(LARGE)] * 2


async def test_a_file_that_was_changed_since_is_not_hashed(at_hand: Context, runner: Runner, new_job: NewJob) -> None:
    # given an input that is overwritten after the job's end, as its URL is still valid
    job = await large(runner, new_job)
    await at_hand.store.put(objects.input_key(job.id, "data.csv"), LARGE[::-1])

    # when
    await hashing.until_none_due()

    # then
    receipt = await receipts.read(job.id, job.owner)
    assert [one.sha256 for one in (*receipt.inputs, *receipt.outputs)] == [None, sha256(LARGE)]
