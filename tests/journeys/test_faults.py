"""What happens to jobs while parts of the service are killed, frozen, cut off, emptied and started again."""

import asyncio
import contextlib
import gzip
import shutil
import signal
import time
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

import msgspec
import psutil
import pytest

from filemill.local import object_store
from filemill.local.process import Process
from filemill.local.server import ObjectStore
from filemill.storage.objects import LONGEST_UPLOAD_SECONDS
from tests.fixtures.faulty import FaultyStack, cage_children, family, freeze, have_died, start_worker, thaw
from tests.journeys.conftest import NewVisitor
from tests.journeys.cut import Cut
from tests.journeys.tables import LONG, PEOPLE, long_as_ndjson
from tests.journeys.visitor import (
    Job,
    Visitor,
    assert_left_tidy,
    assert_nothing_of_the_inside,
    database_of,
    key_of,
    step,
    store_of,
    until,
)
from tests.local.test_serve import Serve

pytestmark = pytest.mark.anyio

AS_PACKED_JSON = [step("convert_format", to_format="ndjson.gz")]
SILENT_SECONDS, GONE_SECONDS = 15, 8
"""How long the store is away, in two ways: long enough for any run to lose its lease of 10 s by it, or to be counted as
lost three times. A whole minute would show nothing more."""


@pytest.fixture(scope="module")
def made_stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyStack]:
    """A stack with two workers that the stories of this module break, one after another."""
    stack = FaultyStack(tmp_path_factory.mktemp("faults"))
    stack.start()
    stack.add_worker()
    yield stack
    stack.stop()


@pytest.fixture
def broken(made_stack: FaultyStack) -> Iterator[FaultyStack]:
    """That stack, whole; what a story has broken is mended after it."""
    yield made_stack
    for part, start in (
        (made_stack.postgres, made_stack.postgres.start),
        (made_stack.redis, made_stack.redis.start),
        (made_stack.store, partial(restart, made_stack.store)),
    ):
        assert part.process
        if part.process.alive:
            thaw(part.process)
        else:
            start()
    for worker in made_stack.workers.values():
        if worker.alive:
            thaw(worker)
        else:
            worker.kill()
            start_worker(worker)


def restart(store: ObjectStore) -> None:
    """Starts a store again, and waits until it takes what is written."""
    store.start()
    object_store.prepare(store)


@pytest.fixture
async def ann(broken: FaultyStack, new_visitor: NewVisitor) -> Visitor:
    """A visitor of that stack."""
    return await new_visitor(broken)


async def at_work(stack: FaultyStack, visitor: Visitor) -> tuple[Job, Process]:
    """A long job that is being written, and the worker that runs it."""
    job = await visitor.queue(LONG, AS_PACKED_JSON, "long.csv")
    await visitor.until_written(job)
    return job, await worker_of(stack, job)


async def held(stack: FaultyStack, visitor: Visitor) -> tuple[Job, Process]:
    """A long job stopped in the middle of writing, and the worker that waits for it."""
    job, worker = await at_work(stack, visitor)
    for child in cage_children(worker):
        child.suspend()
    assert (await visitor.read(job))["status"] == "RUNNING", "it had ended before it was stopped"
    return job, worker


async def worker_of(stack: FaultyStack, job: Job) -> Process:
    """The worker that holds a job."""
    async with database_of(stack) as database:
        name = await database.fetchval("SELECT worker FROM job WHERE id = $1", UUID(job["id"]))
    pid = int(name.rsplit(":", 1)[1])
    return next(w for w in stack.workers.values() if w.alive and pid in {member.pid for member in family(w)})


async def counts(stack: FaultyStack, job: Job) -> tuple[int, int]:
    """How often a job was claimed in all, and how many of these runs count against it."""
    async with database_of(stack) as database:
        row = await database.fetchrow("SELECT fence, runs FROM job WHERE id = $1", UUID(job["id"]))
    return row["fence"], row["runs"]


async def assert_whole(visitor: Visitor, job: Job, seconds: float = 60) -> None:
    """The long job completes, once, with all it was to write."""
    assert gzip.decompress(await visitor.finished(job, seconds=seconds)) == long_as_ndjson()


# --- workers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("victim", ["master", "process", "child"])
async def test_a_job_whose_worker_is_killed_completes_on_another(
    broken: FaultyStack, ann: Visitor, victim: str
) -> None:
    # given a job in the middle of its run
    job, worker = await held(broken, ann)
    members = family(worker)
    # when the worker's first process, the one below it, or those that jobs run in are killed, all in one moment
    children = cage_children(worker)
    victims = {"master": members[:1], "process": parents_of(children), "child": children}[victim]
    freeze(worker)
    for process in victims:
        process.kill()
    await until(partial(asyncio.to_thread, have_died, victims), "the end of what was killed")
    thaw(worker)
    # then it is done within half a minute, once, by a second run, and its output is whole
    await assert_whole(ann, job, seconds=30)
    assert (await ann.read(job))["output_object_key"] == f"output/{job['id']}/2/long_processed.ndjson.gz"
    assert await ann.moves(job) == ["PENDING", "QUEUED", "RUNNING", "QUEUED", "RUNNING", "COMPLETED"]
    # and of a killed worker no process is left
    if victim != "child":
        _, alive = psutil.wait_procs(members, timeout=10)
        assert not alive
    await assert_left_tidy(broken)


def parents_of(children: list[psutil.Process]) -> list[psutil.Process]:
    return list({parent for child in children if (parent := child.parent())})


async def test_a_worker_told_to_end_puts_its_job_back_at_once(broken: FaultyStack, ann: Visitor) -> None:
    job, worker = await held(broken, ann)
    worker.signal(signal.SIGTERM)
    # then the job is back because it was given back, not because its lease ran out, and the run does not count
    await assert_whole(ann, job)
    moves = [each["data"] for each in await ann.events(job) if each["kind"] == "moved"]
    assert [(move["to"], move["why"]) for move in moves[2:5]] == [
        ("RUNNING", "claimed"),
        ("QUEUED", "drained"),
        ("RUNNING", "claimed"),
    ]
    assert await counts(broken, job) == (2, 1)
    await until_ended(worker)
    await assert_left_tidy(broken)


async def until_ended(worker: Process) -> None:
    async def ended() -> bool:
        return not worker.alive

    await until(ended, "the worker's end")


@pytest.mark.parametrize("also_child", [True, False])
async def test_a_worker_that_wakes_up_too_late_leaves_the_winner_alone(
    broken: FaultyStack, ann: Visitor, also_child: bool
) -> None:
    # given a worker that freezes in the middle of a job, alone or together with the job's own process
    job, worker = await at_work(broken, ann)
    freeze(worker)
    if not also_child:
        for child in cage_children(worker):
            child.resume()
    # when another one has finished the job
    await assert_whole(ann, job)
    winner = await ann.read(job)
    async with store_of(broken) as store:
        stored = await store.stat(winner["output_object_key"])
    # and it wakes up
    thaw(worker)
    await said(worker, b'"how":"lost"')
    # then the job is as the winner has left it, and what the loser wrote is gone
    assert await ann.read(job) == winner
    assert (await ann.moves(job)).count("COMPLETED") == 1
    await assert_left_tidy(broken)
    async with store_of(broken) as store:
        assert await store.stat(winner["output_object_key"]) == stored
        there = [key for key in await store.keys() if job["id"] in key]
    assert sorted(there) == sorted([key_of(job), winner["output_object_key"]])
    # and it goes on working
    assert await ann.finished(await ann.queue(PEOPLE)) == PEOPLE


async def said(worker: Process, words: bytes) -> None:
    async def has_said() -> bool:
        return worker.said(words)

    await until(has_said, f"{words!r} in the worker's log")


async def test_a_worker_cut_off_from_the_database_stops_its_job(broken: FaultyStack, ann: Visitor) -> None:
    """As when a cable is pulled: nothing is refused, nothing is answered."""
    # given a worker that reaches the database through a line of ours, and a job in its hands
    others = list(broken.workers.values())
    for other in others:
        freeze(other)
    async with Cut(broken.postgres.port) as line, reached_through(line, broken) as remote:
        job = await ann.queue(LONG, AS_PACKED_JSON, "long.csv")
        await ann.until_written(job)
        children = cage_children(remote)
        for child in children:
            child.suspend()
        # when the line goes dead
        line.cut()
        for other in others:
            thaw(other)

        # then its run is ended by its own clock, and the job is done by another
        async def has_ended() -> bool:
            return not all(child.is_running() for child in children)

        await until(has_ended, "the end of the run that is cut off")
        await assert_whole(ann, job)
        winner = await ann.read(job)
        # and when the line is there again, then it finds out, and works on
        line.mend()
        for other in others:
            freeze(other)
        for child in cage_children(remote):
            child.resume()
        assert await ann.finished(await ann.queue(PEOPLE), seconds=90) == PEOPLE
        assert await ann.read(job) == winner
        for other in others:
            thaw(other)
    assert (await ann.moves(job)).count("COMPLETED") == 1
    await assert_left_tidy(broken)


@contextlib.asynccontextmanager
async def reached_through(line: Cut, stack: FaultyStack) -> AsyncIterator[Process]:
    """One more worker, which reaches the database through a line of its own."""
    program = stack.worker_program("tables", "cut")
    address = stack.postgres.url.replace(f":{stack.postgres.port}/", f":{line.port}/")
    environ = program.environ | {"FILEMILL_DATABASE_URL": address}
    worker = Process(msgspec.structs.replace(program, environ=environ))
    await asyncio.to_thread(start_worker, worker)
    try:
        yield worker
    finally:
        await asyncio.to_thread(worker.kill)


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


# --- many at once -----------------------------------------------------------------------------------------------------


async def test_marking_eight_times_at_once_queues_once(broken: FaultyStack, ann: Visitor) -> None:
    job = await ann.make(PEOPLE)
    await ann.upload(job, PEOPLE)
    body = {"object_key": key_of(job)}
    answers = await asyncio.gather(
        *(ann.api.post(f"/jobs/{job['id']}/mark-uploaded", json=body) for _ in range(8)),
    )
    assert sorted(answer.status_code for answer in answers) == [200, *[400] * 7]
    assert await ann.finished(job) == PEOPLE
    assert await ann.moves(job) == ["PENDING", "QUEUED", "RUNNING", "COMPLETED"]
    await assert_left_tidy(broken)


async def test_one_idempotency_key_eight_times_at_once_makes_one_job(broken: FaultyStack, ann: Visitor) -> None:
    body = {"file_name": "a.csv", "original_file_size_bytes": 5, "processing_steps": []}
    answers = await asyncio.gather(
        *(ann.api.post("/jobs", json=body, headers={"Idempotency-Key": "once"}) for _ in range(8)),
    )
    assert [answer.status_code for answer in answers] == [201] * 8
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await ann.ask("GET", "/jobs", 200)) == 1
    await assert_left_tidy(broken)


async def test_whoever_has_thirty_jobs_waiting_lets_another_go_first(
    broken: FaultyStack, ann: Visitor, new_visitor: NewVisitor
) -> None:
    # given one worker with two slots, both taken by jobs of Ann's that stand still, and 28 more of hers
    working, resting = broken.workers.values()
    freeze(resting)
    children = cage_children(working)
    assert len(children) == 2
    for child in children:
        child.suspend()
    many = [await ann.queue(PEOPLE) for _ in range(2)]
    for job in many:
        await ann.until(job, "RUNNING")
    many += await asyncio.gather(*(ann.queue(PEOPLE) for _ in range(28)))
    # when Ben comes with one, and one of the slots becomes free
    ben = await new_visitor(broken)
    single = await ben.queue(PEOPLE)
    children[0].resume()
    # then his is next
    await ben.finished(single)
    children[1].resume()
    for job in many:
        await ann.finished(job)
    started = {job["id"]: job["started_at"] for job in await ann.ask("GET", "/jobs", 200)}
    before = [job for job, at in started.items() if at < (await ben.read(single))["started_at"]]
    assert sorted(before) == sorted(job["id"] for job in many[:2])
    await assert_left_tidy(broken)


# --- everything at once -----------------------------------------------------------------------------------------------


async def test_a_job_outlives_a_kill_of_everything(tmp_path: Path) -> None:
    # given `filemill serve` with a job in the middle
    first = Serve(tmp_path / "home")
    job = None
    try:
        ann = Visitor(first.url)
        await ann.enter()
        token = ann.api.headers["Authorization"]
        job = await ann.queue(LONG, AS_PACKED_JSON, "long.csv")
        await ann.until_written(job)
        await ann.leave()
    finally:
        # when it is killed, then no process is left (this asserts it)
        first.end(signal.SIGKILL)
        close(first)
    # and when it is started again, then the job is done
    second = Serve(tmp_path / "home")
    try:
        ann = Visitor(second.url)
        ann.api.headers["Authorization"] = token
        assert gzip.decompress(await ann.finished(job)) == long_as_ndjson()
        await ann.leave()
    finally:
        second.end(signal.SIGTERM)
        close(second)


def close(serve: Serve) -> None:
    for stream in (serve.process.stdout, serve.process.stderr):
        assert stream
        stream.close()


async def test_after_deleting_and_expiry_nothing_is_left(faulty, new_visitor) -> None:
    lifetimes = {"UPLOAD_URL": 10, "PENDING": 10, "INPUT": 5, "OUTPUT": 8, "JOB_ROW": 10}
    stack = faulty(environ={f"FILEMILL_{name}_SECONDS": str(seconds) for name, seconds in lifetimes.items()})
    stack.start()
    ann = await new_visitor(stack)
    # given jobs that ended in every way, or never got their file
    done = await ann.queue(PEOPLE)
    deleted = await ann.queue(PEOPLE)
    failed = await ann.queue(PEOPLE, [step("select", columns=["nmae"])])
    for job in (done, deleted, failed):
        await ann.until(job)
    cancelled, uploaded, begun, _bare = [await ann.make(PEOPLE) for _ in range(4)]
    await ann.upload(cancelled, PEOPLE)
    await ann.ask("POST", f"/jobs/{cancelled['id']}/cancel", 200)
    await ann.upload(uploaded, PEOPLE)
    await ann.ask("POST", f"/jobs/{begun['id']}/multipart", 200)
    parts = await ann.ask("POST", f"/jobs/{begun['id']}/multipart/parts", 200, json={"part_numbers": [1]})
    assert (await ann.store.put(parts["parts"][0]["url"], content=PEOPLE)).status_code == 200
    # when one is deleted, then it is gone at once
    await ann.ask("DELETE", f"/jobs/{deleted['id']}", 204)
    async with store_of(stack) as store:
        assert not [key for key in await store.keys() if deleted["id"] in key]
    # when their time has come, then of all of them nothing is left: no job, no event, no object, no part
    async with database_of(stack) as database, store_of(stack) as store:

        async def nothing_is_left() -> bool:
            tables = [await database.fetchval(f"SELECT count(*) FROM {t}") for t in ("job", "job_file", "job_event")]
            return not any(tables) and not await store.keys()

        await until(nothing_is_left, "nothing", seconds=60)
        # rows stay where something could still be written: where the failed run was for a minute, under an upload's
        # address as long as the longest upload takes that began before the address ended
        rows = await database.fetch(
            "SELECT key, state, removed_at, writable_until - now() AS open FROM object WHERE writable_until > now()"
        )
        assert all(row["state"] == "leaving" and row["removed_at"] for row in rows)
        for row in rows:
            room, job_id = row["key"].split("/")[:2]
            longest = lifetimes["UPLOAD_URL"] + LONGEST_UPLOAD_SECONDS if room == "input" else 75
            assert row["open"] <= timedelta(seconds=longest), row["key"]
            assert room == "input" or job_id == failed["id"]
        for job in (done, deleted, failed, cancelled, uploaded, begun):
            assert not await store.open_uploads(key_of(job))
    assert await ann.ask("GET", "/jobs", 200) == []
    await assert_left_tidy(stack)
