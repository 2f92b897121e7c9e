"""Stories of claiming: who gets a job, in what order, and who holds it."""

import asyncio
import uuid

import pytest

from filemill import connections
from filemill.jobs import commands, sweep
from filemill.jobs.job import MOST_RUNS, MOST_WORKERS_LOST, Status
from filemill.jobs.rows import claims, transitions
from filemill.storage import objects
from tests.fixtures.jobs import NewJob, events_of, new_account

pytestmark = pytest.mark.anyio


async def claim() -> claims.Claimed:
    claimed = await claims.claim("tables", "me", "tables 1")
    assert claimed is not None
    return claimed


async def test_the_oldest_job_is_claimed_first(queued: NewJob) -> None:
    jobs = [await queued() for _ in range(3)]
    assert [(await claim()).id for _ in range(3)] == [job.id for job in jobs]
    assert await claims.claim("tables", "me", "tables 1") is None


async def test_a_lane_sees_only_its_own(queued: NewJob) -> None:
    await queued()
    assert await claims.claim("documents", "me", "x") is None


async def test_whoever_runs_least_comes_next(queued: NewJob) -> None:
    # given one owner with many jobs, and then another with one
    many = [await queued() for _ in range(4)]
    late = await queued(by=await new_account())
    # when one of the many runs, then the newcomer's is next, before the older ones
    assert (await claim()).id == many[0].id
    assert (await claim()).id == late.id
    assert (await claim()).id == many[1].id


async def test_guests_of_one_address_share_as_one(queued: NewJob) -> None:
    # given four guests who come from one address, and then another caller
    crowd = uuid.uuid4()
    many = [await queued(by=await new_account(), share=crowd) for _ in range(4)]
    late = await queued(by=await new_account())
    # when one of the crowd runs, then the other caller's job is next, before the older ones
    assert (await claim()).id == many[0].id
    assert (await claim()).id == late.id
    assert (await claim()).id == many[1].id


async def test_who_holds_several_slots_gives_one_up_for_who_holds_none(queued: NewJob) -> None:
    # given an address that holds three slots, and has a fourth job
    crowd = uuid.uuid4()
    for _ in range(4):
        await queued(by=await new_account(), share=crowd)
    held = [await claim() for _ in range(3)]
    assert [await claims.must_give_way(one.id) for one in held] == [False] * 3
    # when somebody else waits, then the newest of the three must go, it alone
    late = await queued(by=await new_account())
    assert [await claims.must_give_way(one.id) for one in held] == [False, False, True]
    # and once it is back in the queue, the other's job is next, and nobody must go any more
    await transitions.give_back(held[2].id, held[2].fence, "gave way")
    assert (await claim()).id == late.id
    assert not any([await claims.must_give_way(one.id) for one in held[:2]])


async def test_a_claim_says_whether_the_owner_is_a_guest(queued: NewJob) -> None:
    # given a guest, a guest whom a member has taken over, and a member
    guest, merged, member = await new_account(), await new_account(), await new_account()
    await connections.execute("UPDATE account SET expires_at = now() + interval '1 hour' WHERE id = $1", guest)
    await connections.execute("UPDATE account SET merged_into = $2 WHERE id = $1", merged, member)
    owners = (guest, merged, member)
    for owner in owners:
        await queued(by=owner)
    # then the first alone is one
    assert [(await claim()).is_guests for _ in owners] == [True, False, False]


async def test_many_claimers_never_share_a_job(queued: NewJob) -> None:
    # given 20 jobs of four owners
    owners = [await new_account() for _ in range(4)]
    jobs = [await queued(by=owners[n % 4]) for n in range(20)]

    async def until_empty() -> list[claims.Claimed]:
        mine = []
        while True:
            claimed = await claims.claim("tables", "me", "x")
            if claimed is not None:
                mine.append(claimed)
            elif not await claims.is_waiting("tables"):
                return mine

    # when eight claim at once
    taken = [c for mine in await asyncio.gather(*(until_empty() for _ in range(8))) for c in mine]
    # then every job is held once
    assert sorted(c.id for c in taken) == sorted(job.id for job in jobs)
    assert {c.fence for c in taken} == {1}


async def test_a_job_that_is_not_due_waits(queued: NewJob) -> None:
    job = await queued()
    await connections.execute("UPDATE job SET due_at = now() + interval '1 hour' WHERE id = $1", job.id)
    assert await claims.claim("tables", "me", "x") is None
    assert not await claims.is_waiting("tables")


async def test_the_fence_rises_and_an_old_one_opens_nothing(queued: NewJob) -> None:
    # given a job that was taken back from its first worker and claimed by a second
    await queued()
    first = await claim()
    await connections.execute("UPDATE job SET lease_until = now() - interval '1 s'")
    (taken,) = await transitions.take_back()
    assert taken.status is Status.QUEUED
    second = await claim()
    assert (first.fence, second.fence, second.runs) == (1, 2, 1)
    # when the first wakes up, then none of its transitions has any effect
    assert await transitions.renew(first.id, first.fence, 0.5, None) is None
    assert not await transitions.finish(first.id, first.fence, b"{}")
    assert not await transitions.fail(first.id, first.fence, "bad_file", "x", "caller")
    assert not await transitions.cancelled(first.id, first.fence)
    assert await transitions.give_back(first.id, first.fence, "drained") is None
    assert await transitions.lost_process(first.id, first.fence) is None
    # and the second finishes, once
    assert await transitions.finish(second.id, second.fence, b"{}")
    assert not await transitions.finish(second.id, second.fence, b"{}")


async def lose_worker() -> None:
    await claim()
    await connections.execute("UPDATE job SET lease_until = now() - interval '1 s'")
    await sweep.take_back()


async def test_lost_workers_do_not_brand_a_file(queued: NewJob) -> None:
    # given a job whose worker's machine went down more often than a process may die over a file
    job = await queued()
    for _ in range(MOST_RUNS + 1):
        await lose_worker()
    # then the job waits for its next worker, and no run counts
    assert (await commands.get(job.id, job.owner)).status is Status.QUEUED
    assert await connections.fetchval("SELECT runs FROM job WHERE id = $1", job.id) == 0
    # when a process dies after that, then all of its runs are left
    claimed = await claim()
    assert await transitions.lost_process(claimed.id, claimed.fence) is Status.QUEUED


async def test_a_job_that_takes_every_worker_with_it_ends_and_its_file_is_not_remembered(queued: NewJob) -> None:
    job = await queued()
    for _ in range(MOST_WORKERS_LOST):
        await lose_worker()
    job = await commands.get(job.id, job.owner)
    assert (job.status, job.error_code, job.at_fault) == (Status.FAILED, "internal", "us")
    assert f"lost {MOST_WORKERS_LOST} times" in (job.error_message or "")
    assert await connections.fetchval("SELECT count(*) FROM crashed_job") == 0
    # when its owner tries it again, then it starts anew
    await commands.retry(job.id, job.owner)
    await lose_worker()
    assert (await commands.get(job.id, job.owner)).status is Status.QUEUED


async def test_the_third_dead_process_is_the_last(queued: NewJob) -> None:
    job = await queued()
    for _ in range(MOST_RUNS):
        claimed = await claim()
        await transitions.lost_process(claimed.id, claimed.fence)
    job = await commands.get(job.id, job.owner)
    assert (job.status, job.error_code, job.at_fault) == (Status.FAILED, "crashed", "us")
    assert "died 3 times" in (job.error_message or "")


async def test_a_drained_run_does_not_count(queued: NewJob) -> None:
    job = await queued()
    for _ in range(5):
        claimed = await claim()
        assert await transitions.give_back(claimed.id, claimed.fence, "drained") is Status.QUEUED
    claimed = await claim()
    assert (claimed.runs, claimed.fence) == (1, 6)
    assert (await commands.get(job.id, job.owner)).status is Status.RUNNING
    # and each is the first run to the caller, while the number in the output's key counts all claims
    told = [event.data for event in await events_of(job) if event.kind == "moved"]
    assert [moved["run"] for moved in told if moved["to"] == "RUNNING"] == [1] * 6
    assert objects.output_key(job.id, claimed.fence, "t.csv") == f"output/{job.id}/6/t.csv"


async def test_the_database_itself_refuses_an_illegal_move(queued: NewJob) -> None:
    job = await queued()
    with pytest.raises(Exception, match="cannot move from QUEUED to COMPLETED"):
        await connections.execute("UPDATE job SET status = 'COMPLETED' WHERE id = $1", job.id)


async def test_a_claim_at_ten_thousand_waiting_reads_only_indexes(queued: NewJob) -> None:
    # given a long queue of many owners
    job = await queued()
    await connections.execute(
        """
        WITH more AS (
          INSERT INTO account (id, role, token_version, created_at)
          SELECT gen_random_uuid(), 'user', 0, now() FROM generate_series(1, 40) RETURNING id)
        INSERT INTO job (id, owner, api, lane, pipeline, options, as_sent, status, progress, fence, runs, events,
          queued_at, created_at, updated_at)
        SELECT gen_random_uuid(), more.id, api, lane, pipeline, options, as_sent, status, progress, fence, runs,
          events, queued_at + n * interval '1 ms', job.created_at, updated_at
        FROM job, more, generate_series(1, 250) AS n WHERE job.id = $1
        """,
        job.id,
    )
    await connections.execute("ANALYZE job")
    # when the plan of a claim is asked for, then nothing is read or sorted in full
    rows = await connections.fetch("EXPLAIN " + claims.CLAIM, "tables", "me", "x")
    plan = "\n".join(row[0] for row in rows)
    assert "Seq Scan on job" not in plan, plan
