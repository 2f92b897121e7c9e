"""Lists of any length at the data API: every field and the order as ever, page by page where they are long."""

from uuid import UUID

import pytest

from filemill import connections
from filemill.errors import DatabaseAway
from filemill.jobs.rows import lists
from tests.apis.test_data_jobs import JOBS, make

pytestmark = pytest.mark.anyio

LARGE = {"type": "filter", "params": {"column": "a", "operator": "in", "value": ["é" * 100] * 200}}


async def make_large(member, count):
    """So many jobs, newest first, each as it reads; their steps do not fit on one page."""
    ids = [(await make(member, processing_steps=[LARGE], file_name=f"{n}.csv"))["id"] for n in range(count)]
    return [(await member.client.get(f"{JOBS}/{each}")).json() for each in reversed(ids)]


async def test_a_long_list_tells_of_each_job_what_the_job_tells(member):
    made = await make_large(member, 5)

    answer = await member.client.get(JOBS)

    assert answer.json() == made
    assert answer.headers["content-type"] == "application/json"
    assert "content-length" not in answer.headers


async def test_a_long_list_is_taken_by_skip_and_limit(member):
    made = await make_large(member, 6)

    for skip, limit in ((0, 4), (1, 4), (2, 1000), (5, 1), (6, 10)):
        page = (await member.client.get(JOBS, params={"skip": skip, "limit": limit})).json()
        assert page == made[skip : skip + limit]


async def test_large_and_small_jobs_stand_in_one_order(member):
    large = await make_large(member, 3)
    small = [await make(member) for _ in range(3)]
    more = await make_large(member, 3)

    assert (await member.client.get(JOBS)).json() == [*more, *reversed(small), *large]


async def test_a_short_list_tells_its_length(member):
    await make(member)

    answer = await member.client.get(JOBS)

    assert answer.headers["content-length"] == str(len(answer.content))


async def test_head_of_a_list_tells_what_get_tells_and_no_job(member):
    assert (await member.client.head(JOBS)).headers["content-length"] == "2"
    await make_large(member, 4)

    answer = await member.client.head(JOBS)

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == "application/json"
    assert "content-length" not in answer.headers


async def test_events_are_listed_page_by_page(member):
    job = await make(member)
    await connections.execute(
        """
        INSERT INTO job_event (job, n, at, kind, data)
        SELECT $1, n, now(), 'warning', jsonb_build_object('code', 'guessed', 'message', n, 'step', null)
        FROM generate_series(2, 1200) n
        """,
        UUID(job["id"]),
    )

    all_of_them = (await member.client.get(f"{JOBS}/{job['id']}/events")).json()
    rest = (await member.client.get(f"{JOBS}/{job['id']}/events", params={"after": 1150})).json()

    assert [each["n"] for each in all_of_them] == list(range(1, 1001))
    assert [each["data"]["message"] for each in rest] == list(range(1151, 1201))


@pytest.mark.parametrize("pages", [0, 1])
async def test_a_list_whose_beginning_cannot_be_read_is_a_503(member, monkeypatch, pages):
    await make_large(member, 4)
    read = 0

    async def fetch(*args):
        nonlocal read
        if "ORDINALITY" in args[0]:
            read += 1
            if read > pages:
                raise DatabaseAway
        return await connections.fetch(*args)

    monkeypatch.setattr(lists, "fetch", fetch)

    answer = await member.client.get(JOBS)

    assert answer.status_code == 503
    assert "database" in answer.json()["detail"]


async def test_others_lists_are_theirs(member, stranger):
    await make_large(member, 3)

    assert (await stranger.client.get(JOBS)).json() == []
    assert (await stranger.client.get(f"{JOBS}/{(await make(member))['id']}/events")).status_code == 403
