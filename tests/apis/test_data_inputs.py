"""A job of several inputs at the data API: announced together, uploaded one by one, queued with the last mark."""

from urllib.parse import urlsplit

import httpx
import pytest

from filemill import connections
from tests.fixtures.tidy import assert_tidy

pytestmark = pytest.mark.anyio

JOBS = "/api/v1/jobs"
PEOPLE = b"name,city\nAda,Rome\n"
CITIES = b"city,country\nRome,Italy\n"
CITY_FILE = {"name": "cities", "file_name": "all cities.csv", "original_file_size_bytes": 1000}
BODY = {
    "file_name": "people.csv",
    "original_file_size_bytes": 1000,
    "processing_steps": [],
    "extra_inputs": [CITY_FILE],
}


@pytest.fixture(autouse=True)
async def tidy(app):
    """Whatever a test did: the store holds nothing that no row knows."""
    there_before = frozenset(await app.state.store.keys())
    yield
    await assert_tidy(app.state.store, connections.fetch, ignoring=there_before)


async def make(member, **more):
    answer = await member.client.post(JOBS, json=BODY | more)
    assert answer.status_code == 201, answer.text
    return f"{JOBS}/{answer.json()['id']}"


async def upload(member, job, content, name=None):
    """Asks for the URL of an input and puts the file there -> its key."""
    answer = await member.client.post(f"{job}/upload-url", json={"input": name} if name else {})
    assert answer.status_code == 200, answer.text
    url = answer.json()["upload_url"]
    async with httpx.AsyncClient() as store:
        assert (await store.put(url, content=content)).status_code == 200
    return urlsplit(url).path.split("/", 2)[2].replace("%20", " ")


async def mark(member, job, key):
    return await member.client.post(f"{job}/mark-uploaded", json={"object_key": key})


@pytest.mark.parametrize("order", [("main", "extra"), ("extra", "main")])
async def test_the_last_mark_queues_the_job(member, order):
    # given a job of two inputs, both uploaded
    job = await make(member)
    keys = {"main": await upload(member, job, PEOPLE), "extra": await upload(member, job, CITIES, "cities")}
    assert keys["extra"] == f"input/{job.rpartition('/')[2]}/cities/all cities.csv"

    # when they are marked, one after the other
    first = await mark(member, job, keys[order[0]])
    last = await mark(member, job, keys[order[1]])

    # then the job is queued with the last one, and shows its main input
    assert (first.status_code, first.json()["status"]) == (200, "PENDING")
    assert (last.status_code, last.json()["status"]) == (200, "QUEUED")
    assert last.json()["input_object_key"] == keys["main"]
    assert last.json()["input_size_bytes"] == len(PEOPLE)


async def test_an_input_marked_twice_does_not_stand_for_the_other(member):
    job = await make(member)
    key = await upload(member, job, PEOPLE)

    answers = [await mark(member, job, key) for _ in range(2)]

    assert [answer.json()["status"] for answer in answers] == ["PENDING", "PENDING"]


async def test_each_input_has_an_upload_in_parts_of_its_own(member):
    # given uploads in parts, open for both inputs
    job = await make(member)
    main = (await member.client.post(f"{job}/multipart")).json()["upload_id"]
    extra = (await member.client.post(f"{job}/multipart", json={"input": "cities"})).json()["upload_id"]
    again = (await member.client.post(f"{job}/multipart", json={"input": "cities"})).json()["upload_id"]
    assert main != extra == again

    # when the part of one has arrived, and the connection is lost
    wanted = {"part_numbers": [1], "input": "cities"}
    url = (await member.client.post(f"{job}/multipart/parts", json=wanted)).json()["parts"][0]["url"]
    async with httpx.AsyncClient() as store:
        assert (await store.put(url, content=CITIES)).status_code == 200

    # then its list of parts says so, and the upload can be completed and marked
    parts = (await member.client.get(f"{job}/multipart", params={"input": "cities"})).json()["parts"]
    assert (await member.client.get(f"{job}/multipart")).json() == {"parts": []}
    assert [(part["part_number"], part["size"]) for part in parts] == [(1, len(CITIES))]
    done = {"parts": [{"part_number": 1, "etag": parts[0]["etag"]}], "input": "cities"}
    assert (await member.client.post(f"{job}/multipart/complete", json=done)).status_code == 200
    assert (await mark(member, job, f"input/{job.rpartition('/')[2]}/cities/all cities.csv")).status_code == 200

    # and the other one can be given up
    assert (await member.client.delete(f"{job}/multipart", params={"input": "input"})).status_code == 204
    assert (await member.client.get(f"{job}/multipart")).status_code == 400


async def test_an_input_nobody_announced_is_a_400(member):
    job = await make(member)

    answers = [
        await member.client.post(f"{job}/upload-url", json={"input": "towns"}),
        await member.client.post(f"{job}/multipart", json={"input": "towns"}),
        await member.client.get(f"{job}/multipart", params={"input": "towns"}),
        await mark(member, job, f"input/{job.rpartition('/')[2]}/towns/all cities.csv"),
    ]

    assert [answer.status_code for answer in answers] == [400] * 4
    assert answers[0].json()["detail"] == "The job has no input 'towns'; its inputs are 'input', 'cities'."


@pytest.mark.parametrize(
    ("extra", "word"),
    [
        ([CITY_FILE | {"name": "input"}], "input"),
        ([CITY_FILE, CITY_FILE], "cities"),
        ([CITY_FILE | {"name": ""}], "name"),
        ([CITY_FILE | {"name": "Cities"}], "name"),
        ([CITY_FILE | {"name": "1st"}], "name"),
        ([CITY_FILE | {"name": "a" * 41}], "name"),
        ([CITY_FILE | {"name": "a/b"}], "name"),
        ([CITY_FILE | {"name": "cities\n"}], "name"),
        ([CITY_FILE | {"file_name": "cities.doc"}], "file_name"),
        ([CITY_FILE | {"file_name": "../cities.csv"}], "file_name"),
        ([CITY_FILE | {"original_file_size_bytes": -1}], "original_file_size_bytes"),
        ([CITY_FILE | {"name": f"n{n}"} for n in range(51)], "50"),
    ],
    ids=[
        *("input", "twice", "empty", "capital", "digit first", "long", "slash", "line end", "format", "path", "size"),
        "many",
    ],
)
async def test_an_impossible_input_is_a_422(member, extra, word):
    answer = await member.client.post(JOBS, json=BODY | {"extra_inputs": extra})

    assert answer.status_code == 422, answer.text
    assert word in answer.json()["detail"]


@pytest.mark.parametrize(
    "extra",
    [None, {}, [1], [{"name": "a", "file_name": "a.csv"}], [CITY_FILE | {"size": 1}], [CITY_FILE | {"name": 1}]],
    ids=repr,
)
async def test_an_input_of_a_wrong_shape_is_a_400(member, extra):
    answer = await member.client.post(JOBS, json=BODY | {"extra_inputs": extra})

    assert answer.status_code == 400, answer.text


async def test_the_same_key_with_another_extra_input_is_another_body(member):
    headers = {"Idempotency-Key": "two-inputs"}
    first = await member.client.post(JOBS, json=BODY, headers=headers)

    same = await member.client.post(JOBS, json=BODY, headers=headers)
    other = await member.client.post(JOBS, json=BODY | {"extra_inputs": []}, headers=headers)

    assert same.json()["id"] == first.json()["id"]
    assert other.status_code == 422


async def test_a_deleted_job_takes_all_its_inputs_with_it(app, member):
    # given a job whose inputs are uploaded, one of them marked
    job = await make(member)
    keys = [await upload(member, job, PEOPLE), await upload(member, job, CITIES, "cities")]
    await mark(member, job, keys[1])

    # when
    answer = await member.client.delete(job)

    # then
    assert answer.status_code == 204
    assert not set(keys) & set(await app.state.store.keys())


async def test_a_job_without_one_of_its_inputs_cannot_be_tried_again(member):
    # given a job that was cancelled before its last input came
    job = await make(member)
    await mark(member, job, await upload(member, job, PEOPLE))
    await member.client.post(f"{job}/cancel")

    # when
    answer = await member.client.post(f"{job}/retry")

    # then
    assert answer.status_code == 400


async def test_no_output_but_the_named_ones(member):
    job = await make(member)

    answers = [await member.client.post(f"{job}/download-url", json=body) for body in ({"output": 1}, {"name": "x"})]

    assert [answer.status_code for answer in answers] == [400, 400]
