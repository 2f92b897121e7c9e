"""A kill of everything at once, and what is left when all that jobs had is deleted or has expired."""

import gzip
import signal
from datetime import timedelta
from pathlib import Path

import pytest

from filemill.storage.objects import LONGEST_UPLOAD_SECONDS
from tests.journeys.broken import AS_PACKED_JSON
from tests.journeys.tables import LONG, PEOPLE, long_as_ndjson
from tests.journeys.visitor import (
    Visitor,
    assert_left_tidy,
    database_of,
    key_of,
    step,
    store_of,
    until,
)
from tests.local.test_serve import Serve

pytestmark = pytest.mark.anyio


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
