"""What `POST /jobs/plan` refuses, and what becomes of a plan that no worker takes in hand."""

import json
from uuid import UUID

import pytest

from filemill import connections
from filemill.jobs import plans, sweep
from filemill.jobs.rows import plans as plan_rows

pytestmark = pytest.mark.anyio

PLAN = "/api/v1/jobs/plan"
BODY = {"file_name": "people.csv", "original_file_size_bytes": 100, "processing_steps": []}
SAMPLE = {"sample": "name,age\nAda,36\n"}
AMONG_MANY = {"type": "filter", "params": {"column": "a", "operator": "in", "value": ["x" * 20] * 9_000}}
NOBODYS = "00000000-0000-4000-8000-000000000000"
LIMIT = {"type": "limit", "params": {"n": 1}}


async def left_of(member):
    """How many plans of an account have a row."""
    return await connections.fetchval(
        "SELECT count(*) FROM job WHERE owner = $1 AND options ? 'mode'", UUID(member.account)
    )


@pytest.mark.parametrize(
    ("status", "more"),
    [
        (400, {"processing_steps": [{"type": "sharpen", "params": {}}]}),
        (400, {"processing_steps": [{"type": "limit", "params": {"n": "1"}}]}),
        (400, {"file_name": None}),
        (422, {"processing_steps": [{"type": "limit", "params": {"n": -1}}]}),
        (422, {"processing_steps": [LIMIT] * 101}),
        (422, {"processing_steps": [{"type": "add_column", "params": {"name": "a", "expression": "1 +"}}]}),
        (422, {"processing_steps": [{"type": "join", "params": {"input": "x", "on": ["a"], "how": "left"}}]}),
        (422, {"file_name": "people.exe"}),
        (422, {"original_file_size_bytes": -1}),
        (422, {"input_options": {"delimiter": ";;"}}),
    ],
    ids=repr,
)
async def test_what_a_job_is_refused_for_a_plan_is_refused_for_alike(member, status, more):
    job = await member.client.post("/api/v1/jobs", json=BODY | more)
    plan = await member.client.post(PLAN, json=BODY | SAMPLE | more)

    assert (plan.status_code, plan.json()) == (job.status_code, job.json())
    assert plan.status_code == status


@pytest.mark.parametrize(
    ("status", "more", "word"),
    [
        (400, {}, "sample"),
        (400, SAMPLE | {"job_id": NOBODYS}, "sample"),
        (400, {"sample": 5}, "sample"),
        (400, {"sample": None}, "sample"),
        (400, {"sample": "a\n\0\n"}, "NUL"),
        (404, {"job_id": NOBODYS}, "job"),
        (404, {"job_id": "no id"}, "job"),
        (404, {"job_id": NOBODYS.replace("-", "")}, "no job with this id"),
        (422, {"sample": "ü" * 2**19 + "ü"}, "1 MiB"),
        (422, {"sample": "a", "file_name": "people.parquet"}, "parquet"),
        (413, {"sample": "a" * 5 * 2**20}, "bytes"),
        (413, SAMPLE | {"processing_steps": [AMONG_MANY]}, "bytes"),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_a_plan_needs_some_data(member, status, more, word):
    answer = await member.client.post(PLAN, json=BODY | more)

    assert answer.status_code == status, answer.text
    assert word in answer.json()["detail"]
    assert await left_of(member) == 0


async def test_another_s_job_is_not_planned_with(member, stranger):
    job = (await stranger.client.post("/api/v1/jobs", json=BODY)).json()["id"]

    theirs = await member.client.post(PLAN, json=BODY | {"job_id": job})
    not_uploaded = await stranger.client.post(PLAN, json=BODY | {"job_id": job})

    assert (theirs.status_code, not_uploaded.status_code) == (403, 400)


async def test_a_plan_that_no_worker_takes_is_a_503_and_gone(member, monkeypatch):
    # given that nobody works here
    monkeypatch.setattr(plans, "WAIT_SECONDS", 0.3)

    # when
    answer = await member.client.post(PLAN, json=BODY | SAMPLE)

    # then
    assert answer.status_code == 503
    assert answer.json()["detail"].startswith("No worker was free")
    assert int(answer.headers["Retry-After"]) > 0
    assert await left_of(member) == 0
    assert (await member.client.get("/api/v1/jobs")).json() == []


async def test_a_plan_that_is_not_ready_in_time_is_a_504_and_gone(member, monkeypatch):
    # given a worker that takes it, and nothing more is heard
    monkeypatch.setattr(plans, "WAIT_SECONDS", 0.3)
    insert = plan_rows.insert

    async def taken(**plan):
        made = await insert(**plan)
        await connections.execute(
            "UPDATE job SET status = 'RUNNING', lease_until = now() + interval '9 s', fence = 1 WHERE id = $1", made
        )
        return made

    monkeypatch.setattr(plan_rows, "insert", taken)

    # when
    answer = await member.client.post(PLAN, json=BODY | SAMPLE)

    # then
    assert answer.status_code == 504
    assert set(answer.json()) == {"detail"}
    assert await left_of(member) == 0


async def test_only_so_many_at_once_and_they_are_no_open_jobs(member):
    # given as many plans as an account may have, whose callers have gone
    async def left() -> UUID:
        return await plan_rows.insert(
            owner=UUID(member.account),
            api="data",
            lane="tables",
            pipeline=b"[]",
            options=json.dumps({"mode": "plan", "sample": "a\n1\n"}).encode(),
            files=[plan_rows.PlanFile("input", "a.csv")],
        )

    made = [await left() for _ in range(4)]

    # when one more is asked for
    answer = await member.client.post(PLAN, json=BODY | SAMPLE)

    # then it is refused, and none of them is seen
    assert answer.status_code == 429
    assert answer.headers["Retry-After"]
    assert (await member.client.get("/api/v1/jobs")).json() == []
    # and sweep takes them away once their time is over
    await connections.execute("UPDATE job SET expires_at = now() - interval '1 s' WHERE id = ANY($1::uuid[])", made)
    await sweep.expire()
    assert await left_of(member) == 0
