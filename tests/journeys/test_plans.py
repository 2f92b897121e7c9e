"""The journey of a plan: what a pipeline would do, told before it is run, and nothing left of it."""

import asyncio
from uuid import uuid4

import httpx
import pytest

from filemill.local.stack import Stack
from tests.journeys.conftest import NewVisitor
from tests.journeys.tables import LONG, PEOPLE
from tests.journeys.visitor import (
    Step,
    Visitor,
    assert_left_tidy,
    assert_nothing_of_the_inside,
    database_of,
    step,
    store_of,
)

pytestmark = pytest.mark.anyio

OLDER = step("filter", column="age", operator="gt", value=26)


def body(*steps: Step, name: str = "people.csv", **more: object) -> dict[str, object]:
    """What is sent."""
    return {"file_name": name, "original_file_size_bytes": 10_240, "processing_steps": steps, **more}


async def plan(visitor: Visitor, *steps: Step, **more: object) -> dict[str, list[dict[str, object]]]:
    """A plan."""
    made: dict[str, list[dict[str, object]]] = await visitor.ask("POST", "/jobs/plan", 200, json=body(*steps, **more))
    assert set(made) == {"steps", "rows", "errors", "warnings"}
    return made


async def assert_nothing_is_left(stack: Stack) -> None:
    """No row and no object that was not there before the visitor came."""
    async with database_of(stack) as database, store_of(stack) as store:
        assert await database.fetchval("SELECT count(*) FROM job WHERE options ? 'mode'") == 0
        known = {row["key"] for row in await database.fetch("SELECT key FROM object")}
        assert set(await store.keys()) <= known


async def test_a_sample_shows_what_a_job_would_do(any_stack: Stack, new_visitor: NewVisitor) -> None:
    ann = await new_visitor(any_stack)
    steps = [OLDER, step("pivot", group_by=["name"], names_from="city", values_from="age")]

    # when
    made = await plan(ann, *steps, sample=PEOPLE.decode())

    # then
    columns = [{"name": "name", "type": "text"}, {"name": "city", "type": "text"}, {"name": "age", "type": "int"}]
    first, second = made["steps"]
    assert first == {"type": "filter", "schema": columns, "streams": True}
    assert second["schema"] == [columns[0], {"name": "New York", "type": "int"}]
    assert "data name the columns" in str(second["note"])
    assert made["rows"] == [{"name": "Alice", "New York": 30}, {"name": "Charlie", "New York": 35}]
    assert made["errors"] == []
    # and it was no job that anybody sees
    assert await ann.ask("GET", "/jobs", 200) == []
    await assert_nothing_is_left(any_stack)
    await assert_left_tidy(any_stack)


async def test_all_that_is_wrong_is_told_at_once(stack: Stack, new_visitor: NewVisitor) -> None:
    ann = await new_visitor(stack)
    steps = [
        step("filter", column="aeg", operator="gt", value=26),
        step("sort", by=[{"column": "name"}]),
        step("select", columns=["Name"]),
        step("convert_format", to_format="parquet"),
    ]

    made = await plan(ann, *steps, sample=PEOPLE.decode())

    assert made["errors"] == [
        "step 1 (filter): there is no column 'aeg'. Did you mean 'age'?",
        "step 3 (select): there is no column 'Name'. Did you mean 'name'?",
    ]
    assert [(one["type"], one["schema"], one["streams"]) for one in made["steps"]] == [
        *(("filter", [], True), ("sort", [], False), ("select", [], True), ("convert_format", [], True)),
    ]
    assert made["rows"] == []
    for text in ("", "a,a\n1,2\n", "a,b\n1\n", '{"a":1}\n{', "\ufeffa;b\n1;2\n", "a\r1\r2"):
        for sentence in (await plan(ann, sample=text))["errors"]:
            assert_nothing_of_the_inside(str(sentence), stack)
    await assert_nothing_is_left(stack)
    await assert_left_tidy(stack)


async def test_the_inputs_of_a_job_are_planned_with(any_stack: Stack, new_visitor: NewVisitor) -> None:
    ann, ben = await new_visitor(any_stack), await new_visitor(any_stack)
    # given a job whose two inputs are uploaded
    further = {"name": "cities", "file_name": "cities.csv"}
    cities = b"city,country\nLondon,GB\n"
    joined = step("join", input="cities", on=["city"], how="inner")
    asked = body(joined, extra_inputs=[further | {"original_file_size_bytes": 100}])
    job = await ann.ask("POST", "/jobs", 201, json=asked)
    refused = await ann.ask("POST", "/jobs/plan", 400, json=asked | {"job_id": job["id"]})
    assert "'input'" in refused["detail"]
    await ann.upload(job, PEOPLE)
    await ann.mark(job)
    url = (await ann.ask("POST", f"/jobs/{job['id']}/upload-url", 200, json={"input": "cities"}))["upload_url"]
    assert (await ann.store.put(url, content=cities)).status_code == 200
    key = f"input/{job['id']}/cities/cities.csv"
    await ann.ask("POST", f"/jobs/{job['id']}/mark-uploaded", 200, json={"object_key": key})
    assert await ann.finished(job) == b"name,city,age,country\nBob,London,25,GB\n"

    # when another pipeline is planned with them
    steps = [joined, step("select", columns=["country", "name"])]
    made = await plan(ann, *steps, extra_inputs=asked["extra_inputs"], job_id=job["id"])

    # then it sees both, and the job and its files are as they were
    assert made["rows"] == [{"country": "GB", "name": "Bob"}]
    assert (made["steps"][0]["streams"], made["errors"]) == (False, [])
    assert [one["id"] for one in await ann.ask("GET", "/jobs", 200)] == [job["id"]]
    assert await ann.output(job) == b"name,city,age,country\nBob,London,25,GB\n"
    # a sample alone is not enough for a join
    sampled = await plan(ann, *steps, extra_inputs=asked["extra_inputs"], sample=PEOPLE.decode())
    assert len(sampled["errors"]) == 1
    assert "job_id" in str(sampled["errors"][0])
    # and nobody else plans with it
    await ben.ask("POST", "/jobs/plan", 403, json=body(job_id=job["id"]))
    await ben.ask("POST", "/jobs/plan", 404, json=body(job_id=str(uuid4())))
    await assert_nothing_is_left(any_stack)
    await assert_left_tidy(any_stack)


async def test_many_plans_at_once(stack: Stack, new_visitor: NewVisitor) -> None:
    ann = await new_visitor(stack)
    asked = body(OLDER, sample=PEOPLE.decode())

    # when
    answers = await asyncio.gather(*(ann.api.post("/jobs/plan", json=asked) for _ in range(30)))

    # then some are made, and the others told when to come again
    made = [answer.json()["rows"] for answer in answers if answer.status_code == 200]
    assert made
    assert all(rows == [{"name": "Alice", "city": "New York", "age": 30}, made[0][1]] for rows in made)
    refused = [answer for answer in answers if answer.status_code != 200]
    assert all(answer.status_code == 429 and int(answer.headers["Retry-After"]) > 0 for answer in refused)
    await assert_nothing_is_left(stack)
    await assert_left_tidy(stack)


async def test_a_plan_does_not_wait_behind_jobs(stack: Stack, new_visitor: NewVisitor) -> None:
    ann, ben = await new_visitor(stack), await new_visitor(stack)
    jobs = [await ann.queue(PEOPLE, [OLDER]) for _ in range(40)]

    made = await plan(ben, OLDER, sample=PEOPLE.decode())

    assert len(made["rows"]) == 2
    for job in jobs:
        await ann.finished(job)
    await assert_left_tidy(stack)


async def test_a_plan_does_not_wait_for_long_jobs(stack: Stack, new_visitor: NewVisitor) -> None:
    ann, ben = await new_visitor(stack), await new_visitor(stack)
    # given long jobs in all slots, and one more that waits
    jobs = [await ann.queue(LONG, [step("convert_format", to_format="ndjson.gz")], "long.csv") for _ in range(3)]
    running = [await ann.until(job, "RUNNING") for job in jobs[:2]]

    # when both the visitor of these jobs and another ask for plans
    mine, his = await asyncio.gather(*(plan(visitor, OLDER, sample=PEOPLE.decode()) for visitor in (ann, ben)))

    # then they are made beside the jobs, of which none has ended yet, nor one more begun
    assert len(mine["rows"]) == len(his["rows"]) == 2
    assert [(await ann.read(job))["status"] for job in jobs] == ["RUNNING", "RUNNING", "QUEUED"]
    assert [(await ann.read(job))["started_at"] for job in running] == [job["started_at"] for job in running]
    for job in jobs:
        await ann.ask("POST", f"/jobs/{job['id']}/cancel", 200)
        await ann.until(job)
    await assert_left_tidy(stack)


async def test_nobody_plans_without_an_account(stack: Stack) -> None:
    async with httpx.AsyncClient(base_url=f"{stack.url}/api/v1") as nobody:
        answer = await nobody.post("/jobs/plan", json=body(sample="a\n1\n"))

    assert answer.status_code == 401
