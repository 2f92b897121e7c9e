"""A disk that is nearly full: nothing is taken in, in each API's own words, and what is in hand goes on."""

from uuid import uuid4

import pytest

from filemill.errors import NoRoom
from filemill.storage.disk import Disks, Room
from tests.apis.conversions import refusal, told
from tests.apis.test_data_uploads import JOBS, TABLE, make, mark, upload

pytestmark = pytest.mark.anyio

SENTENCE = NoRoom().message


@pytest.fixture
async def full(app, monkeypatch):
    """Makes the disk nearly full, and less so again."""
    disks: Disks = app.state.disks

    async def fill(is_full: bool) -> None:
        free = 1 if is_full else 10**12
        monkeypatch.setattr(disks, "_looks", {"a disk": lambda: Room(10**12, free)})
        await disks.look()

    yield fill
    await fill(is_full=False)


async def test_data_jobs_takes_nothing_in_while_the_disk_is_full(member, full):
    # given a job that waits for its upload, one whose file is there, and one in parts
    waiting, there, parts = await make(member), await make(member), await make(member)
    key = await upload(member, there)
    await member.client.post(f"{parts}/multipart")
    await full(is_full=True)
    # when somebody wants to bring more
    body = {"file_name": "a.csv", "original_file_size_bytes": 10, "processing_steps": []}
    answers = [
        await member.client.post(JOBS, json=body),
        await member.client.post(f"{waiting}/upload-url"),
        await member.client.post(f"{waiting}/multipart"),
        await member.client.post(f"{parts}/multipart/parts", json={"part_numbers": [1]}),
        await mark(member, there, key),
    ]
    # then it is refused for a while
    assert [answer.status_code for answer in answers] == [503] * 5
    assert {answer.json()["detail"] for answer in answers} == {SENTENCE}
    assert {answer.headers["Retry-After"] for answer in answers} == {"60"}
    # and once there is room, all goes on where it was
    await full(is_full=False)
    assert (await mark(member, there, key)).json()["status"] == "QUEUED"
    assert (await mark(member, waiting, await upload(member, waiting))).json()["status"] == "QUEUED"


async def test_data_jobs_goes_on_with_what_is_in_hand(member, full):
    # given a job, made under a key
    headers = {"Idempotency-Key": str(uuid4())}
    body = {"file_name": "a.csv", "original_file_size_bytes": len(TABLE), "processing_steps": []}
    made = (await member.client.post(JOBS, json=body, headers=headers)).json()
    job = f"{JOBS}/{made['id']}"
    await mark(member, job, await upload(member, job))
    await full(is_full=True)
    # when it is asked for, listed, made once more under its key, cancelled and tried again
    assert (await member.client.get(job)).status_code == 200
    assert (await member.client.get(JOBS)).status_code == 200
    assert (await member.client.post(JOBS, json=body, headers=headers)).json()["id"] == made["id"]
    assert (await member.client.post(f"{job}/cancel")).status_code == 200
    assert (await member.client.post(f"{job}/retry")).json()["status"] == "QUEUED"
    # and deleted, then that makes room
    await member.client.post(f"{job}/cancel")
    assert (await member.client.delete(job)).status_code == 204


async def test_conversions_take_nothing_in_and_convert_what_is_there(guest, full):
    # given a file that was uploaded
    job_id = str(uuid4())
    told(await guest.send(job_id))
    await full(is_full=True)
    # when another one comes
    answer = await guest.send()
    # then it is refused for a while, and the first one is converted
    assert refusal(answer) == (503, "ServiceUnavailable")
    assert answer.json()["data"]["message"] == SENTENCE
    assert answer.headers["Retry-After"] == "60"
    converting = await guest.client.post("/convert", json={"job_id": job_id, "target_format": "xlsx"})
    assert told(converting)["status"] == "processing"


async def test_the_service_says_that_it_is_full_and_stays_alive(client, full):
    await full(is_full=True)
    assert (await client.get("/health/live")).status_code == 200
    assert (await client.get("/health/ready")).json()["parts"]["disk"] == "full"
    await full(is_full=False)
    assert (await client.get("/health/ready")).json()["parts"]["disk"] == "ok"
