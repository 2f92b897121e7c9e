"""Stories of an input on its way in."""

import asyncio
import uuid
from typing import Any

import httpx
import msgspec
import pytest

from filemill import connections
from filemill.errors import BadRequest, FilemillError, NotFound, NotYours, WrongStatus
from filemill.jobs import commands, context, uploads
from filemill.jobs.context import Context
from filemill.jobs.job import Status
from filemill.jobs.rows import claims, files, transitions
from filemill.jobs.rows.jobs import NewFile
from filemill.settings import Settings
from filemill.storage import landings, sniffing
from filemill.storage import queries as objects
from filemill.storage.objects import Part
from tests.fixtures.jobs import TABLE, NewJob, events_of, new_account, upload
from tests.fixtures.tidy import assert_tidy

pytestmark = pytest.mark.anyio


async def test_a_marked_upload_queues_the_job(at_hand: Context, new_job: NewJob) -> None:
    # given a PENDING job whose file was put where its URL says
    job = await new_job()
    assert (job.status, job.input_key) == (Status.PENDING, None)
    key = await upload(job)
    # when it is marked
    job = await uploads.mark(job.id, job.owner, key)
    # then the job is QUEUED, and says where its input lies and how large it truly is
    assert (job.status, job.input_key, job.input_size) == (Status.QUEUED, key, len(TABLE))
    await assert_tidy(at_hand.store, connections.fetch)


async def test_marking_eight_times_at_once_has_one_result(at_hand: Context, new_job: NewJob) -> None:
    job = await new_job()
    key = await upload(job)
    results = await asyncio.gather(*(uploads.mark(job.id, job.owner, key) for _ in range(8)), return_exceptions=True)
    queued = [o for o in results if not isinstance(o, BaseException)]
    refused = [o for o in results if isinstance(o, WrongStatus)]
    assert (len(queued), len(refused)) == (1, 7)
    statuses = [e.data["to"] for e in await events_of(job) if e.kind == "moved"]
    assert statuses == ["PENDING", "QUEUED"]


async def test_what_cannot_be_marked_leaves_the_job_pending(new_job: NewJob) -> None:
    # given two jobs, one of them uploaded
    job, other = await new_job(), await new_job()
    others_key = await upload(other)
    refusals = {
        others_key: "not an upload of this job",
        "../../etc/passwd": "not an upload of this job",
        f"input/{job.id}/data.csv": "no upload URL was asked for. Ask for one",
    }
    for key, sentence in refusals.items():
        with pytest.raises(BadRequest, match=sentence):
            await uploads.mark(job.id, job.owner, key)
    # when a URL was asked for, but nothing came
    await uploads.sign(job.id, job.owner)
    with pytest.raises(BadRequest, match="no object under this key yet"):
        await uploads.mark(job.id, job.owner, f"input/{job.id}/data.csv")
    assert (await commands.get(job.id, job.owner)).status is Status.PENDING


async def test_bytes_that_were_marked_before_are_not_looked_at_again(
    new_job: NewJob, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a job that waits for another input, and somebody who counts how often a file is looked at
    job = await new_job(extra=(NewFile("more", "more.csv", 1000),))
    key = await upload(job)
    looked, look = [], sniffing.check

    async def counted(*args: Any) -> None:
        looked.append(args[0])
        await look(*args)

    monkeypatch.setattr(sniffing, "check", counted)
    # when the input is marked again and again
    for _ in range(5):
        await uploads.mark(job.id, job.owner, key)
    # then the file is looked at once; and once more, when other bytes lie there
    assert looked == ["data.csv"]
    await context.get().store.put(key, b"%PDF-1.7\n1 0 obj\n")
    with pytest.raises(BadRequest, match="is not a csv file"):
        await uploads.mark(job.id, job.owner, key)


async def test_a_larger_file_than_announced_is_refused_naming_both_sizes(new_job: NewJob) -> None:
    job = await new_job(size=10)
    key = await upload(job)
    with pytest.raises(BadRequest, match=f"{len(TABLE)} bytes.*10 bytes"):
        await uploads.mark(job.id, job.owner, key)
    assert (await commands.get(job.id, job.owner)).status is Status.PENDING


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("data.csv", b"", "is empty"),
        ("data.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01\0\0\0\x01\x08\x02\0\0\0", "is not a csv file"),
        ("data.csv", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "is not a csv file"),
        ("data.parquet", TABLE, "is not a parquet file"),
        ("data.csv.gz", TABLE, "is not a csv.gz file"),
    ],
)
async def test_a_file_that_is_not_what_its_name_says_is_refused(
    new_job: NewJob, name: str, content: bytes, sentence: str
) -> None:
    job = await new_job(name=name)
    key = await upload(job, content)
    with pytest.raises(BadRequest, match=sentence):
        await uploads.mark(job.id, job.owner, key)
    assert (await commands.get(job.id, job.owner)).status is Status.PENDING


async def test_an_upload_url_is_given_once_until_it_expires(at_hand: Context, new_job: NewJob) -> None:
    job = await new_job()
    await uploads.sign(job.id, job.owner)
    with pytest.raises(WrongStatus, match="still valid"):
        await uploads.sign(job.id, job.owner)
    # given that its time is over, though an upload that began within it may still be on its way
    passed = "UPDATE object SET writable_until = writable_until - make_interval(secs => $1)"
    await connections.execute(passed, float(at_hand.settings.upload_url_seconds))
    assert "X-Amz-Signature" in await uploads.sign(job.id, job.owner)


async def test_a_job_is_its_owners_alone(new_job: NewJob) -> None:
    job, stranger = await new_job(), await new_account()
    for attempt in (
        uploads.sign(job.id, stranger),
        uploads.mark(job.id, stranger, "x"),
        uploads.open_multipart(job.id, stranger),
        commands.get(job.id, stranger),
        commands.cancel(job.id, stranger),
        commands.retry(job.id, stranger),
        commands.delete(job.id, stranger),
        commands.sign_download(job.id, stranger),
        events_of(job, stranger),
    ):
        with pytest.raises(NotYours):
            await attempt
    with pytest.raises(NotFound):
        await commands.get(uuid.uuid4(), stranger)


async def test_an_upload_in_parts_can_be_resumed_and_marked(at_hand: Context, new_job: NewJob) -> None:
    # given an upload in parts whose client was lost after the first part
    job = await new_job(size=6 * 2**20)
    key = f"input/{job.id}/{job.file_name}"
    body = b"n\n" + b"12345678\n" * (6 * 2**20 // 9 - 1)
    first, second = body[: 5 * 2**20], body[5 * 2**20 :]
    upload_id = await uploads.open_multipart(job.id, job.owner)
    async with httpx.AsyncClient() as client:
        (one,) = await uploads.sign_parts(job.id, job.owner, [1])
        assert (await client.put(one.url, content=first)).status_code == 200
        # when it begins again, then it is the same upload, which knows what has arrived
        assert await uploads.open_multipart(job.id, job.owner) == upload_id
        (there,) = await uploads.parts(job.id, job.owner)
        assert (there.part_number, there.size) == (1, len(first))
        (two,) = await uploads.sign_parts(job.id, job.owner, [2])
        etag = (await client.put(two.url, content=second)).headers["etag"].strip('"')
    await uploads.complete(job.id, job.owner, [there, Part(2, etag)])
    job = await uploads.mark(job.id, job.owner, key)
    assert (job.status, job.input_size) == (Status.QUEUED, len(body))
    await assert_tidy(at_hand.store, connections.fetch)


async def test_eight_clients_that_begin_at_once_share_one_upload(at_hand: Context, new_job: NewJob) -> None:
    job = await new_job()
    ids = await asyncio.gather(*(uploads.open_multipart(job.id, job.owner) for _ in range(8)))
    assert len(set(ids)) == 1
    await uploads.abort(job.id, job.owner)
    with pytest.raises(WrongStatus, match="no open upload"):
        await uploads.parts(job.id, job.owner)
    await assert_tidy(at_hand.store, connections.fetch)


async def test_begun_in_parts_then_uploaded_whole_leaves_no_open_upload(at_hand: Context, new_job: NewJob) -> None:
    job = await new_job()
    key = f"input/{job.id}/{job.file_name}"
    await uploads.open_multipart(job.id, job.owner)
    await at_hand.store.put(key, TABLE)
    await uploads.mark(job.id, job.owner, key)
    assert await at_hand.store.open_uploads(key) == []
    await assert_tidy(at_hand.store, connections.fetch)


async def test_stored_bytes_are_limited(at_hand: Context, new_job: NewJob) -> None:
    job = await new_job()
    key = await upload(job)
    tight = msgspec.structs.replace(at_hand.settings, stored_bytes=10)
    context.open(msgspec.structs.replace(at_hand, settings=tight))
    with pytest.raises(BadRequest, match="0 of the 10 bytes allowed"):
        await uploads.mark(job.id, job.owner, key)
    assert (await commands.get(job.id, job.owner)).status is Status.PENDING


async def test_nothing_can_be_uploaded_to_a_cancelled_job(new_job: NewJob) -> None:
    job = await new_job()
    key = await upload(job)
    await commands.cancel(job.id, job.owner)
    for attempt in (uploads.sign(job.id, job.owner), uploads.mark(job.id, job.owner, key)):
        with pytest.raises(FilemillError, match="CANCELLED"):
            await attempt


async def test_who_marks_an_upload_in_parts_too_early_is_told_to_complete_it(new_job: NewJob) -> None:
    # given an upload in parts that was begun
    job = await new_job()
    await uploads.open_multipart(job.id, job.owner)
    # then a mark says what is missing
    with pytest.raises(BadRequest, match="complete the upload in parts first"):
        await uploads.mark(job.id, job.owner, f"input/{job.id}/data.csv")
    # and once it is over, completing says what to do instead
    await uploads.abort(job.id, job.owner)
    with pytest.raises(WrongStatus, match="Mark what was completed; else begin one first"):
        await uploads.complete(job.id, job.owner, [Part(1, "etag")])


async def test_an_output_that_was_never_there_and_one_that_has_gone_are_told_apart(new_job: NewJob) -> None:
    # given a COMPLETED job whose output has expired
    job = await new_job()
    await connections.execute("UPDATE job SET status = 'QUEUED' WHERE id = $1", job.id)
    assert await claims.claim("tables", "me", "tables 1")
    assert await transitions.finish(job.id, 1, b"{}")
    output = await objects.expect(f"output/{job.id}/data_processed.csv", job.owner, job.id, 60, fence=1)
    await files.name_output(job.id, "output", "data_processed.csv", output)
    # then
    with pytest.raises(WrongStatus, match="'output' was kept for a while and is not there any more"):
        await commands.sign_download(job.id, job.owner)
    with pytest.raises(WrongStatus, match="no output 'bad_rows'; its outputs are 'output'"):
        await commands.sign_download(job.id, job.owner, "bad_rows")


async def test_the_mark_says_why_an_upload_is_not_there(at_hand: Context, new_job: NewJob) -> None:
    # given an upload that was larger than announced, and that the service has looked at
    job = await new_job(size=10)
    key = await upload(job)
    await landings.look(at_hand.store, at_hand.settings.stored_bytes)
    assert await at_hand.store.keys() == []
    # when it is marked
    with pytest.raises(BadRequest, match=f"has {len(TABLE)} bytes, more than the 10 bytes announced; the file was re"):
        await uploads.mark(job.id, job.owner, key)
    # then the job waits for another one
    assert (await commands.get(job.id, job.owner)).status is Status.PENDING
    await at_hand.store.put(key, b"a\n1\n")
    assert (await uploads.mark(job.id, job.owner, key)).status is Status.QUEUED
    await assert_tidy(at_hand.store, connections.fetch)


async def test_what_lands_over_a_marked_input_takes_it_away(at_hand: Context, queued: NewJob) -> None:
    # given a QUEUED job, and more bytes than announced under its input's address
    job = await queued(size=100)
    assert job.input_key is not None
    await at_hand.store.put(job.input_key, bytes(101))
    # when the service looks
    await landings.look(at_hand.store, at_hand.settings.stored_bytes)
    # then whoever runs the job learns why its input is gone
    (file,) = await files.of_job(job.id, "in")
    assert file.state == "leaving"
    assert file.refused is not None
    assert "101 bytes, more than the 100 bytes announced" in file.refused
    await assert_tidy(at_hand.store, connections.fetch)


async def test_unmarked_uploads_count_at_the_mark(at_hand: Context, new_job: NewJob) -> None:
    # given an account with an upload that was not marked, as large as the account may have
    await connections.execute("DELETE FROM object")
    waiting, job = await new_job(), await new_job()
    await upload(waiting)
    key = await upload(job)
    await landings.look(at_hand.store, at_hand.settings.stored_bytes)
    context.open(msgspec.structs.replace(at_hand, settings=_with(at_hand, stored_bytes=2 * len(TABLE) - 1)))
    # when another one is marked, then it does not fit
    with pytest.raises(BadRequest, match=f"take {len(TABLE)} of the {2 * len(TABLE) - 1} bytes allowed"):
        await uploads.mark(job.id, job.owner, key)


def _with(at_hand: Context, **changed: int) -> Settings:
    return msgspec.structs.replace(at_hand.settings, **changed)
