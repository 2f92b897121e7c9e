"""What happens to jobs while Redis, the store or the database is killed, frozen, emptied and started again."""

import asyncio
import shutil
import time

import pytest

from tests.fixtures.faulty import FaultyStack, freeze, thaw
from tests.journeys.broken import assert_whole, at_work, counts, restart
from tests.journeys.tables import PEOPLE
from tests.journeys.visitor import (
    Visitor,
    assert_left_tidy,
    assert_nothing_of_the_inside,
    key_of,
    until,
)

pytestmark = pytest.mark.anyio


SILENT_SECONDS, GONE_SECONDS = 15, 8
"""How long the store is away, in two ways: long enough for any run to lose its lease of 10 s by it, or to be counted as
lost three times. A whole minute would show nothing more."""


# --- redis ------------------------------------------------------------------------------------------------------------


async def test_fifty_waiting_jobs_outlive_the_queue(broken: FaultyStack, ann: Visitor) -> None:
    # given fifty jobs queued while nobody works
    for worker in broken.workers.values():
        freeze(worker)
    jobs = await asyncio.gather(*(ann.queue(PEOPLE) for _ in range(50)))
    # when Redis dies and comes back with nothing in it
    broken.redis.kill()
    shutil.rmtree(broken.redis.folder)
    broken.redis.start()
    # and the workers go on
    for worker in broken.workers.values():
        thaw(worker)
    # then every job is done, once
    for job in jobs:
        assert await ann.finished(job, seconds=90) == PEOPLE
        assert await counts(broken, job) == (1, 1)
    await assert_left_tidy(broken)


@pytest.mark.parametrize("how", ["killed", "frozen"])
async def test_jobs_are_taken_while_redis_is_away(broken: FaultyStack, ann: Visitor, how: str) -> None:
    # given a job at work, and one whose file is there
    running, _ = await at_work(broken, ann)
    job = await ann.make(PEOPLE)
    await ann.upload(job, PEOPLE)
    assert broken.redis.process
    # when that is marked while Redis is away, then the request is answered as ever
    if how == "killed":
        broken.redis.kill()
    else:
        freeze(broken.redis.process)
    began = time.monotonic()
    assert (await ann.mark(job))["status"] == "QUEUED"
    assert time.monotonic() - began < 5
    # and the job at work is finished without Redis
    await assert_whole(ann, running)
    # and once Redis is back, the other is done
    if how == "killed":
        broken.redis.start()
    else:
        thaw(broken.redis.process)
    assert await ann.finished(job) == PEOPLE
    for each in (running, job):
        assert await counts(broken, each) == (1, 1)
    await assert_left_tidy(broken)


# --- the store --------------------------------------------------------------------------------------------------------


async def test_nothing_fails_while_the_store_is_away_for_a_while(broken: FaultyStack, ann: Visitor) -> None:
    """First it takes what is sent and says nothing, then it is gone."""
    # given a job in the middle, five that wait, one whose file is there, and one that is done
    done = await ann.queue(PEOPLE)
    await ann.finished(done)
    unmarked = await ann.make(PEOPLE)
    await ann.upload(unmarked, PEOPLE)
    running, _ = await at_work(broken, ann)
    for worker in broken.workers.values():
        freeze(worker)
    waiting = [await ann.queue(PEOPLE) for _ in range(5)]
    to_cancel = await ann.queue(PEOPLE)
    # when the store does not answer any more
    assert broken.store.process
    freeze(broken.store.process)
    for worker in broken.workers.values():
        thaw(worker)
    gone_at = time.monotonic() + SILENT_SECONDS
    marking = asyncio.create_task(
        ann.api.post(f"/jobs/{unmarked['id']}/mark-uploaded", json={"object_key": key_of(unmarked)})
    )
    # then a job can be cancelled all the same
    await ann.until(waiting[0], "RUNNING")
    await ann.ask("POST", f"/jobs/{waiting[0]['id']}/cancel", 200)
    await ann.ask("POST", f"/jobs/{to_cancel['id']}/cancel", 200)
    for job in (waiting.pop(0), to_cancel):
        assert (await ann.until(job, seconds=10))["status"] == "CANCELLED"
    await asyncio.sleep(gone_at - time.monotonic())
    # and when it is gone, then whoever needs it is told so, and nothing has changed
    broken.store.kill()
    assert (await marking).status_code == 503
    for method, job, path, body in (
        ("POST", unmarked, "/mark-uploaded", {"object_key": key_of(unmarked)}),
        ("POST", unmarked, "/multipart", {}),
        ("DELETE", done, "", None),
    ):
        answer = await ann.api.request(method, f"/jobs/{job['id']}{path}", json=body)
        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True), answer.text
        assert_nothing_of_the_inside(answer.json()["detail"], broken)
    await asyncio.sleep(GONE_SECONDS)
    assert (await ann.read(unmarked))["status"] == "PENDING"
    for job in (running, *waiting):
        assert (await ann.read(job))["status"] in ("QUEUED", "RUNNING")
    # then everything is done once it is back, and none of it was held against a job
    restart(broken.store)

    async def is_marked() -> bool:
        answer = await ann.api.post(f"/jobs/{unmarked['id']}/mark-uploaded", json={"object_key": key_of(unmarked)})
        assert answer.status_code in (200, 503), answer.text
        return answer.status_code == 200

    await until(is_marked, "a mark")
    for job in (*waiting, unmarked):
        assert await ann.finished(job, seconds=90) == PEOPLE
    await assert_whole(ann, running, seconds=90)
    for job in (running, *waiting, unmarked):
        assert (await counts(broken, job))[1] == 1
        assert "its worker was lost" not in [each["data"].get("why") for each in await ann.events(job)]
    await ann.ask("DELETE", f"/jobs/{done['id']}", 204)
    await assert_left_tidy(broken, seconds=60)


async def test_a_store_away_for_too_long_fails_the_job_and_a_retry_completes_it(faulty, new_visitor) -> None:
    stack = faulty(environ={"FILEMILL_STORE_AWAY_SECONDS": "4"})
    stack.start()
    ann = await new_visitor(stack)
    [worker] = stack.workers.values()
    # given two jobs that nobody has begun when the store goes
    freeze(worker)
    jobs = [await ann.queue(PEOPLE) for _ in range(2)]
    stack.store.kill()
    thaw(worker)
    # then after the time it may be away they fail, in words that name it and nothing of the inside
    for job in jobs:
        failed = await ann.until(job)
        assert (failed["status"], failed["error_code"], failed["at_fault"]) == ("FAILED", "store_away", "us")
        assert "object store" in failed["error_message"]
        assert "tried again" in failed["error_message"]
        assert_nothing_of_the_inside(failed["error_message"], stack)
    # when it is back, then a retry completes them
    restart(stack.store)
    for job in jobs:
        await ann.ask("POST", f"/jobs/{job['id']}/retry", 200, json={})
    for job in jobs:
        assert await ann.finished(job) == PEOPLE
    await assert_left_tidy(stack)


# --- the database -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("how", "seconds"), [("stopped", 0), ("killed", 12), ("frozen", 12)])
async def test_the_database_comes_back_and_everything_goes_on(
    broken: FaultyStack, ann: Visitor, how: str, seconds: float
) -> None:
    # given a job at work, one that waits for its mark, and somebody who waits for the first
    job, _ = await at_work(broken, ann)
    small = await ann.make(PEOPLE)
    await ann.upload(small, PEOPLE)
    waiting = asyncio.create_task(ann.api.get(f"/jobs/{job['id']}?wait=30"))
    # when PostgreSQL is restarted, or away for longer than a lease
    postgres = broken.postgres
    assert postgres.process
    if how == "frozen":
        freeze(postgres.process)
    else:
        await asyncio.to_thread(postgres.stop if how == "stopped" else postgres.kill)
        for method, path, body in (
            ("GET", "/jobs", None),
            ("POST", "/jobs", {"file_name": "a.csv", "original_file_size_bytes": 1, "processing_steps": []}),
            ("POST", f"/jobs/{small['id']}/mark-uploaded", {"object_key": key_of(small)}),
            ("POST", "/auth/register", {"email": "late@example.com", "password": "correct horse"}),
        ):
            answer = await ann.api.request(method, path, json=body)
            assert (answer.status_code, "Retry-After" in answer.headers) == (503, True), answer.text
            assert_nothing_of_the_inside(answer.json()["detail"], broken)
    await asyncio.sleep(seconds)
    if how == "frozen":
        thaw(postgres.process)
    else:
        await asyncio.to_thread(postgres.start)
    # then the API answers by itself, whoever waited got an answer, and the jobs are done

    async def answers() -> bool:
        answer = await ann.api.get("/jobs")
        assert answer.status_code in (200, 503), answer.text
        return answer.status_code == 200

    await until(answers, "an answer of the API")
    assert (await waiting).status_code in (200, 503)
    await ann.mark(small)
    assert await ann.finished(small) == PEOPLE
    await assert_whole(ann, job)
    await assert_left_tidy(broken)
