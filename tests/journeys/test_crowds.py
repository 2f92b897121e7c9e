"""Many requests for one job at once, and many jobs of one visitor beside another's."""

import asyncio

import pytest

from tests.fixtures.faulty import FaultyStack, freeze, sandbox_children
from tests.journeys.conftest import NewVisitor
from tests.journeys.tables import PEOPLE
from tests.journeys.visitor import (
    Visitor,
    assert_left_tidy,
    key_of,
    until,
)

pytestmark = pytest.mark.anyio


async def test_marking_eight_times_at_once_queues_once(broken: FaultyStack, ann: Visitor) -> None:
    job = await ann.make(PEOPLE)
    await ann.upload(job, PEOPLE)
    body = {"object_key": key_of(job)}
    answers = await asyncio.gather(
        *(ann.api.post(f"/jobs/{job['id']}/mark-uploaded", json=body) for _ in range(8)),
    )
    assert sorted(answer.status_code for answer in answers) == [200, *[400] * 7]
    assert await ann.finished(job) == PEOPLE
    assert await ann.statuses(job) == ["PENDING", "QUEUED", "RUNNING", "COMPLETED"]
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
    # given one worker with two slots (and a place for plans), both taken by jobs of Ann's that stand still, and 28 more
    working, resting = broken.workers.values()
    freeze(resting)

    async def are_there() -> bool:
        return len(sandbox_children(working)) == 3

    await until(are_there, "the children of the slots and of the place for plans")
    for child in sandbox_children(working):
        child.suspend()
    many = [await ann.queue(PEOPLE) for _ in range(2)]
    for job in many:
        await ann.until(job, "RUNNING")
    many += await asyncio.gather(*(ann.queue(PEOPLE) for _ in range(28)))
    # when Ben comes with one, and one of the slots becomes free
    ben = await new_visitor(broken)
    single = await ben.queue(PEOPLE)
    await ann.ask("POST", f"/jobs/{many[0]['id']}/cancel", 200)
    # then his is next
    await ben.until(single, "RUNNING")
    for child in sandbox_children(working):
        child.resume()
    await ben.finished(single)
    for job in many[1:]:
        await ann.finished(job)
    started = {job["id"]: job["started_at"] for job in await ann.ask("GET", "/jobs", 200)}
    before = [job for job, at in started.items() if at < (await ben.read(single))["started_at"]]
    assert sorted(before) == sorted(job["id"] for job in many[:2])
    await assert_left_tidy(broken)
