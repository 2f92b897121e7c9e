"""Uploading to the data API: by one URL, in parts, and the mark that queues the job."""

import asyncio
import hashlib
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import pytest

from filemill import connections
from tests.fixtures.tidy import assert_tidy
from tests.fixtures.visitors import Member

pytestmark = pytest.mark.anyio

JOBS = "/api/v1/jobs"
TABLE = b"name,city,age\nAlice,New York,30\nBob,London,25\n"
PART = 5 * 2**20


@pytest.fixture(autouse=True)
async def tidy(app):
    """Whatever a test did: the store holds nothing that no row knows."""
    there_before = frozenset(await app.state.store.keys())
    yield
    await assert_tidy(app.state.store, connections.fetch, ignoring=there_before)


async def make(member: Member, file_name: str = "sample_data.csv", size: int = 10240) -> str:
    body = {"file_name": file_name, "original_file_size_bytes": size, "processing_steps": []}
    return f"{JOBS}/{(await member.client.post(JOBS, json=body)).json()['id']}"


async def put(url: str, content: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
    async with httpx.AsyncClient() as store:
        answer = await store.put(url, content=content, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer


async def upload(member: Member, job: str, content: bytes = TABLE) -> str:
    """Asks for the URL and puts the file there -> its key."""
    url = (await member.client.post(f"{job}/upload-url")).json()["upload_url"]
    await put(url, content, {"Content-Type": "text/csv"})
    return urlsplit(url).path.split("/", 2)[2]


def key_of(job: str, file_name: str = "sample_data.csv") -> str:
    return f"input/{job.rpartition('/')[2]}/{file_name}"


async def mark(member: Member, job: str, key: str, **more: object) -> httpx.Response:
    return await member.client.post(f"{job}/mark-uploaded", json={"object_key": key, **more})


async def test_a_file_is_uploaded_and_queued(member, settings):
    job = await make(member)

    url = (await member.client.post(f"{job}/upload-url", json={})).json()["upload_url"]
    await put(url, TABLE, {"Content-Type": "text/csv"})
    answer = await mark(member, job, key_of(job))

    assert url.startswith(f"{settings.s3_public_url}/{settings.s3_bucket}/{key_of(job)}?X-Amz-Algorithm=")
    assert answer.status_code == 200
    assert answer.json()["status"] == "QUEUED"
    assert answer.json()["input_object_key"] == key_of(job)
    assert answer.json()["input_size_bytes"] == len(TABLE)
    assert answer.json()["original_file_size_bytes"] == 10240


async def test_while_a_url_is_valid_no_other_is_given(member):
    job = await make(member)
    await member.client.post(f"{job}/upload-url")

    again = await member.client.post(f"{job}/upload-url")

    assert again.status_code == 400


async def test_once_it_has_expired_another_is_given(member):
    job = await make(member)
    await member.client.post(f"{job}/upload-url")
    await connections.execute("UPDATE object SET writable_until = now() WHERE key = $1", key_of(job))

    assert (await member.client.post(f"{job}/upload-url")).status_code == 200


@pytest.mark.parametrize("verb", ["upload-url", "multipart", "mark-uploaded"])
async def test_only_a_pending_job_takes_a_file(member, verb):
    job = await make(member)
    await member.client.post(f"{job}/cancel")

    body = {"object_key": key_of(job)} if verb == "mark-uploaded" else {}
    answer = await member.client.post(f"{job}/{verb}", json=body)

    assert answer.status_code == 400
    assert "CANCELLED" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"object_key": None},
        {"object_key": 1},
        {"object_key": "x", "sha256": 1},
        {"object_key": "x", "size": 1},
        {"object_key": "a\0b"},
        [],
    ],
)
async def test_a_mark_of_a_wrong_shape_is_a_400(member, body):
    job = await make(member)

    assert (await member.client.post(f"{job}/mark-uploaded", json=body)).status_code == 400


async def test_a_refused_key_is_not_repeated_at_any_length(member):
    job = await make(member)

    answer = await mark(member, job, "x" * 100_000)

    assert answer.status_code == 400
    assert len(answer.content) < 1000


async def test_a_mark_without_a_body_is_a_400(member):
    job = await make(member)

    answer = await member.client.post(f"{job}/mark-uploaded")

    assert answer.status_code == 400
    assert answer.json() == {"detail": "The request lacks its body."}


@pytest.mark.parametrize("sha256", ["", "abc", "g" * 64, "a" * 65, "é" * 64])
async def test_a_checksum_that_is_none_is_a_422(member, sha256):
    job = await make(member)

    assert (await mark(member, job, key_of(job), sha256=sha256)).status_code == 422


async def test_a_checksum_may_come_along(member):
    job = await make(member)
    key = await upload(member, job)

    answer = await mark(member, job, key, sha256=hashlib.sha256(TABLE).hexdigest().upper())

    assert answer.status_code == 200


async def test_before_the_file_is_there_the_mark_is_a_400(member):
    job = await make(member)
    await member.client.post(f"{job}/upload-url")

    answer = await mark(member, job, key_of(job))

    assert answer.status_code == 400
    assert (await member.client.get(job)).json()["status"] == "PENDING"


async def test_another_jobs_key_is_a_400(member, stranger):
    job, other, foreign = await make(member), await make(member), await make(stranger)
    keys = [
        await upload(member, other),
        await upload(stranger, foreign),
        "input/x/y.csv",
        "",
        "../etc/passwd",
        "é" * 5000,
    ]
    await upload(member, job)

    for key in keys:
        answer = await mark(member, job, key)
        assert answer.status_code == 400
        assert (await member.client.get(job)).json()["status"] == "PENDING"


async def test_a_larger_file_than_announced_is_a_400_that_names_both_sizes(member):
    job = await make(member, size=10)
    key = await upload(member, job)

    answer = await mark(member, job, key)

    assert answer.status_code == 400
    assert str(len(TABLE)) in answer.json()["detail"]
    assert " 10 " in answer.json()["detail"]
    assert (await member.client.get(job)).json()["status"] == "PENDING"


@pytest.mark.parametrize(
    ("file_name", "content"),
    [
        ("a.csv", b""),
        ("a.parquet", TABLE),
        ("a.csv.gz", TABLE),
        ("a.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + b"\0" * 50),
    ],
)
async def test_a_file_that_is_not_what_its_name_says_is_a_400(member, file_name, content):
    job = await make(member, file_name)
    key = await upload(member, job, content)

    answer = await mark(member, job, key)

    assert answer.status_code == 400
    assert file_name in answer.json()["detail"]


async def test_of_eight_marks_at_once_one_wins(member):
    job = await make(member)
    key = await upload(member, job)

    answers = await asyncio.gather(*(mark(member, job, key) for _ in range(8)))

    assert sorted(answer.status_code for answer in answers) == [200] + [400] * 7
    events = (await member.client.get(f"{job}/events")).json()
    assert [event["data"]["to"] for event in events] == ["PENDING", "QUEUED"]


@pytest.mark.parametrize(
    "file_name", ["ünïcode ?&#%+ 100%.csv", "a b.csv", "日本語.csv", "%2e%2e.csv", "'quoted\".csv"]
)
async def test_any_name_reaches_the_store_as_it_is(member, file_name):
    job = await make(member, file_name)
    await upload(member, job)

    answer = await mark(member, job, key_of(job, file_name))

    assert answer.status_code == 200, answer.text
    assert answer.json()["input_object_key"] == key_of(job, file_name)


async def test_a_deleted_job_takes_its_file_along(member, app):
    job = await make(member)
    key = await upload(member, job)
    await mark(member, job, key)
    await member.client.post(f"{job}/cancel")

    assert (await member.client.delete(job)).status_code == 204

    assert await app.state.store.stat(key) is None


async def test_a_cancelled_job_is_queued_again_while_its_input_is_there(member):
    job = await make(member)
    await mark(member, job, await upload(member, job))
    await member.client.post(f"{job}/cancel")

    answer = await member.client.post(f"{job}/retry")

    assert (answer.status_code, answer.json()["status"]) == (200, "QUEUED")
    assert (await member.client.post(f"{job}/retry")).status_code == 400


async def test_a_file_is_uploaded_in_parts(member):
    content = b"name,city\n" + b"Alice,New York\n" * (PART // 15 + 100)
    pieces = [content[:PART], content[PART:]]
    job = await make(member, size=len(content))

    opened = await member.client.post(f"{job}/multipart")
    signed = await member.client.post(f"{job}/multipart/parts", json={"part_numbers": [1, 2]})
    etags = [
        (await put(part["url"], piece)).headers["etag"].strip('"')
        for part, piece in zip(signed.json()["parts"], pieces, strict=True)
    ]
    there = await member.client.get(f"{job}/multipart")
    finished = {"parts": [{"part_number": number, "etag": etags[number - 1]} for number in (2, 1)]}
    completed = await member.client.post(f"{job}/multipart/complete", json=finished)
    marked = await mark(member, job, key_of(job))

    assert (opened.status_code, list(opened.json())) == (200, ["upload_id"])
    assert there.json() == {
        "parts": [{"part_number": n, "etag": etags[n - 1], "size": len(pieces[n - 1])} for n in (1, 2)]
    }
    assert (completed.status_code, completed.json()["status"]) == (200, "PENDING")
    assert marked.json()["input_size_bytes"] == len(content)


async def test_an_upload_in_parts_can_be_given_up(member):
    job = await make(member)
    await member.client.post(f"{job}/multipart")

    given_up = await member.client.delete(f"{job}/multipart")

    assert (given_up.status_code, given_up.content) == (204, b"")
    assert (await member.client.get(f"{job}/multipart")).status_code == 400


async def test_without_an_open_upload_its_verbs_are_a_400(member):
    job = await make(member)
    part = {"part_number": 1, "etag": "x"}

    assert (await member.client.get(f"{job}/multipart")).status_code == 400
    assert (await member.client.delete(f"{job}/multipart")).status_code == 400
    assert (await member.client.post(f"{job}/multipart/parts", json={"part_numbers": [1]})).status_code == 400
    assert (await member.client.post(f"{job}/multipart/complete", json={"parts": [part]})).status_code == 400


@pytest.mark.parametrize(
    ("status", "verb", "body"),
    [
        (400, "parts", {}),
        (400, "parts", {"part_numbers": ["1"]}),
        (400, "parts", {"part_numbers": [True]}),
        (400, "parts", {"part_numbers": 1}),
        (422, "parts", {"part_numbers": []}),
        (422, "parts", {"part_numbers": [0]}),
        (422, "parts", {"part_numbers": [10_001]}),
        (422, "parts", {"part_numbers": [10**30]}),
        (422, "parts", {"part_numbers": [1] * 1001}),
        (400, "complete", {}),
        (400, "complete", {"parts": [1]}),
        (400, "complete", {"parts": [{"part_number": 1}]}),
        (400, "complete", {"parts": [{"part_number": 1, "etag": 1}]}),
        (400, "complete", {"parts": [{"part_number": 1, "etag": "\0"}]}),
        (400, "complete", {"parts": [{"part_number": 1, "etag": "\x01<&>"}]}),
        (400, "complete", {"parts": [{"part_number": 1, "etag": "wrong"}]}),
        (422, "complete", {"parts": []}),
        (422, "complete", {"parts": [{"part_number": 0, "etag": "x"}]}),
        (422, "complete", {"parts": [{"part_number": 1, "etag": "x"}] * 2}),
    ],
)
async def test_parts_that_cannot_be_are_refused(member, status, verb, body):
    job = await make(member)
    await member.client.post(f"{job}/multipart")

    answer = await member.client.post(f"{job}/multipart/{verb}", json=body)

    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"detail"}


async def test_eight_at_once_open_one_upload(member):
    job = await make(member)

    answers = await asyncio.gather(*(member.client.post(f"{job}/multipart") for _ in range(8)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["upload_id"] for answer in answers}) == 1


async def test_stored_bytes_have_an_end(member):
    job = await make(member)
    key = await upload(member, job)
    await connections.execute(
        "INSERT INTO object (id, owner, key, state, size, etag) VALUES (gen_random_uuid(), $1, $2, 'stored', $3, 'x')",
        UUID(member.account),
        f"pretended/{member.account}",
        200 * 2**30,
    )
    try:
        answer = await mark(member, job, key)
    finally:
        await connections.execute("DELETE FROM object WHERE key = $1", f"pretended/{member.account}")

    assert answer.status_code == 400
    assert str(200 * 2**30) in answer.json()["detail"]
