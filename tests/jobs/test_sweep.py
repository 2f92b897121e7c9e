"""Stories of the tidy-up."""

import asyncio
from uuid import UUID

import dramatiq
import httpx
import msgspec
import pytest

from filemill import connections
from filemill.errors import DatabaseAway
from filemill.jobs import commands, context, sweep, uploads, wakeups
from filemill.jobs.context import Context
from filemill.jobs.job import Status
from filemill.jobs.rows import claims, jobs, plans, transitions, workers
from filemill.jobs.rows.workers import WorkerRow
from filemill.pipelines import pairs
from filemill.storage import queries as objects
from filemill.storage.objects import LONGEST_UPLOAD_SECONDS, input_key, output_key
from tests.fixtures.jobs import NewJob, upload
from tests.fixtures.tidy import assert_tidy

pytestmark = pytest.mark.anyio


async def test_a_job_that_never_got_its_upload_is_cancelled_and_its_bytes_go(at_hand: Context, new_job: NewJob) -> None:
    job = await new_job()
    await upload(job)  # uploaded, but never marked
    await connections.execute("UPDATE job SET expires_at = now() - interval '1 s'")
    await sweep.sweep()
    await sweep.remove_leaving()
    job = await commands.get(job.id, job.owner)
    assert job.status is Status.CANCELLED
    assert job.expires_at is not None
    assert await at_hand.store.keys() == []
    await assert_tidy(at_hand.store, connections.fetch)


async def test_an_upload_in_parts_that_nobody_goes_on_with_is_given_up(at_hand: Context, new_job: NewJob) -> None:
    # given a part of an upload whose client has not been heard of for a day
    job = await new_job(size=6 * 2**20)
    key = input_key(job.id, job.file_name)
    upload_id = await uploads.open_multipart(job.id, job.owner)
    (one,) = await uploads.sign_parts(job.id, job.owner, [1])
    async with httpx.AsyncClient() as client:
        assert (await client.put(one.url, content=bytes(5 * 2**20))).status_code == 200
    assert await at_hand.store.open_uploads(key) == [upload_id]
    await connections.execute("UPDATE job SET expires_at = now() - interval '1 s'")
    # when sweep comes by
    await sweep.sweep()
    await sweep.remove_leaving()
    # then the store holds no part any more, and takes none
    assert (await commands.get(job.id, job.owner)).status is Status.CANCELLED
    assert await at_hand.store.open_uploads(key) == []
    async with httpx.AsyncClient() as client:
        assert (await client.put(one.url, content=b"late")).status_code == 404
    await assert_tidy(at_hand.store, connections.fetch)


async def test_a_lost_run_is_queued_again_and_what_it_wrote_goes(at_hand: Context, queued: NewJob) -> None:
    # given a run that wrote half an output, began another in parts, and was lost
    job = await queued()
    claimed = await claims.claim("tables", "me", "x")
    assert claimed is not None
    key = output_key(job.id, claimed.fence, "data_processed.csv")
    await objects.expect(key, job.owner, job.id, 60, fence=claimed.fence)
    await at_hand.store.put(key, b"half")
    await at_hand.store.create_upload(key)
    await connections.execute("UPDATE job SET lease_until = now() - interval '1 s'")
    # when sweep comes by
    await sweep.sweep()
    await sweep.remove_leaving()
    # then the job waits again, and nothing of that run is left but a row that remembers the key
    assert (await commands.get(job.id, job.owner)).status is Status.QUEUED
    assert await at_hand.store.keys() == [job.input_key]
    await assert_tidy(at_hand.store, connections.fetch)
    # and what lands late is taken away as well, before the row is forgotten
    await at_hand.store.put(key, b"late")
    await connections.execute("UPDATE object SET writable_until = now() - interval '1 s' WHERE key = $1", key)
    await sweep.sweep()
    await sweep.remove_leaving()
    assert await at_hand.store.keys() == [job.input_key]
    assert await connections.fetchval("SELECT count(*) FROM object WHERE key = $1", key) == 0


async def test_an_upload_that_lands_after_its_urls_end_is_still_known(at_hand: Context, new_job: NewJob) -> None:
    # given a job that was deleted while its upload was on its way, and a URL whose time is over
    job = await new_job()
    await uploads.sign(job.id, job.owner)
    await commands.delete(job.id, job.owner)
    passed = "UPDATE object SET writable_until = writable_until - make_interval(secs => $1)"
    await connections.execute(passed, float(at_hand.settings.upload_url_seconds))
    await sweep.sweep()
    await sweep.remove_leaving()
    # when the upload lands, then a row knows of it
    await at_hand.store.put(input_key(job.id, job.file_name), b"late")
    await assert_tidy(at_hand.store, connections.fetch)
    # and it goes once none can be on its way any more
    await connections.execute(passed, float(LONGEST_UPLOAD_SECONDS))
    await sweep.remove_leaving()
    assert await at_hand.store.keys() == []
    assert await connections.fetchval("SELECT count(*) FROM object") == 0


async def test_ended_jobs_go_with_all_they_have(at_hand: Context, queued: NewJob) -> None:
    job = await queued()
    await commands.cancel(job.id, job.owner)
    await connections.execute("UPDATE job SET expires_at = now() - interval '1 s'")
    await connections.execute("UPDATE object SET writable_until = now() - interval '1 s'")
    await sweep.sweep()
    await sweep.remove_leaving()
    assert await connections.fetchval("SELECT count(*) FROM job") == 0
    assert await connections.fetchval("SELECT count(*) FROM object") == 0
    assert await at_hand.store.keys() == []


async def test_a_retry_just_before_its_end_saves_a_job(at_hand: Context, queued: NewJob) -> None:
    # given a job that sweep has found to be past its time
    job = await queued()
    await commands.cancel(job.id, job.owner)
    await connections.execute("UPDATE job SET expires_at = now() - interval '1 s'")
    assert await jobs.expired_rows() == [job.id]
    # when its owner is faster
    await commands.retry(job.id, job.owner)
    await sweep.forget(job.id)
    # then it is kept, with its input
    assert (await commands.get(job.id, job.owner)).status is Status.QUEUED
    await sweep.remove_leaving()
    assert await at_hand.store.keys() == [f"input/{job.id}/data.csv"]


async def test_inputs_and_outputs_are_kept_for_different_times(at_hand: Context, queued: NewJob) -> None:
    # given a finished job
    job = await queued()
    claimed = await claims.claim("tables", "me", "x")
    assert claimed is not None
    key = output_key(job.id, 1, "data_processed.csv")
    made = await objects.expect(key, job.owner, job.id, 60, fence=1)
    async with connections.transaction():
        await transitions.finish(job.id, 1, b"{}")
        await objects.store(made, size=1, etag="e", media_type=None)
        await commands.settle([job.id])
    rows = await connections.fetch(
        "SELECT fence, round(extract(epoch FROM expires_at - now()) / 86400) AS days FROM object WHERE job = $1", job.id
    )
    assert {(row["fence"], int(row["days"])) for row in rows} == {(None, 7), (1, 30)}
    days = await connections.fetchval("SELECT round(extract(epoch FROM expires_at - now()) / 86400) FROM job")
    assert int(days) == 90


async def test_only_one_sweep_at_a_time(at_hand: Context) -> None:
    entered = asyncio.Event()
    async with connections.only_one(sweep.LOCK) as first:
        async with connections.only_one(sweep.LOCK) as second:
            assert (first, second) == (True, False)
        entered.set()
    async with connections.only_one(sweep.LOCK) as third:
        assert third


async def test_who_holds_the_sweep_and_is_not_heard_of_loses_it(
    at_hand: Context, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a process that freezes in the middle of its sweep
    monkeypatch.setattr(connections, "HOLDER_SECONDS", 1)

    async def frozen() -> None:
        async with connections.only_one(sweep.LOCK) as first:
            assert first
            for _ in range(100):
                await asyncio.sleep(0.1)
                async with connections.only_one(sweep.LOCK) as second:
                    if second:
                        return
            raise AssertionError("nobody else may sweep")

    # then another one may sweep soon, and the first learns of it when it wakes up
    with pytest.raises(DatabaseAway):
        await frozen()


async def test_a_plan_whose_wakeup_was_lost_gets_another(at_hand: Context, owner: UUID, queued: NewJob) -> None:
    client = dramatiq.get_broker().client  # type: ignore[attr-defined]
    # given a worker of tables whose one slot is taken, and a plan that waits
    await workers.beat(WorkerRow("one", "here", "tables", 1, {}, "networked", None))
    await queued()
    assert await claims.claim("tables", "one", "x")
    await plans.insert(
        owner=owner, api="data", lane=pairs.PLANS_LANE, pipeline=b"[]", options=b'{"mode":"plan"}', files=[]
    )
    client.delete(f"{wakeups.NAMESPACE}:tables")
    # when sweep comes by
    await sweep.wake()
    # then whoever serves tables is told
    assert client.llen(f"{wakeups.NAMESPACE}:tables") == 1


async def test_jobs_that_wait_too_long_for_the_store_fail_naming_it(at_hand: Context, queued: NewJob) -> None:
    # given workers of the lane from which the store has been away for 100 s, and a job that has waited as long
    job, young = await queued(), await queued()
    await connections.execute("UPDATE job SET queued_at = now() - interval '100 s' WHERE id = $1", job.id)
    for name in ("a", "b"):
        await workers.beat(WorkerRow(name, "h", "tables", 2, {}, "networked", 100.0))
    patient = msgspec.structs.replace(at_hand.settings, store_away_seconds=1800)
    context.open(msgspec.structs.replace(at_hand, settings=patient))
    await sweep.end_waiting_for_store()
    assert (await commands.get(job.id, job.owner)).status is Status.QUEUED
    # when that is longer than it may be
    hasty = msgspec.structs.replace(at_hand.settings, store_away_seconds=60)
    context.open(msgspec.structs.replace(at_hand, settings=hasty))
    await sweep.end_waiting_for_store()
    # then the job fails in words, one that has just come waits on, and a retry puts the job back
    job = await commands.get(job.id, job.owner)
    assert (job.status, job.error_code, job.at_fault) == (Status.FAILED, "store_away", "us")
    assert "object store" in (job.error_message or "")
    assert (await commands.get(young.id, young.owner)).status is Status.QUEUED
    assert (await commands.retry(job.id, job.owner)).status is Status.QUEUED


async def test_no_job_fails_while_one_worker_still_reaches_the_store(at_hand: Context, queued: NewJob) -> None:
    job = await queued()
    await connections.execute("UPDATE job SET queued_at = now() - interval '1 day' WHERE id = $1", job.id)
    await workers.beat(WorkerRow("a", "h", "tables", 2, {}, "networked", 9999.0))
    await workers.beat(WorkerRow("b", "h", "tables", 2, {}, "networked", None))
    await sweep.end_waiting_for_store()
    assert (await commands.get(job.id, job.owner)).status is Status.QUEUED
