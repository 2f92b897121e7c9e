"""Uploading, converting and asking at the conversion API: the order of checks, states, and whose file it is."""

import asyncio
import io
import re
import time
from uuid import UUID, uuid4

import docx
import msgspec
import pytest

from filemill import connections, redis_pool
from filemill.accounts import sessions, sign_in
from filemill.engines.documents import routes
from filemill.jobs import commands, context
from filemill.jobs.rows import jobs, transitions, workers
from filemill.jobs.rows.workers import WorkerRow
from tests.apis.conversions import CSV, Visitor, claim, fail, finish, open_lane, refusal, told
from tests.fixtures.visitors import an_address, visitor

pytestmark = pytest.mark.anyio


@pytest.fixture
def relaxed(app, settings):
    """No limits per minute worth speaking of."""
    app.state.settings = msgspec.structs.replace(
        settings, uploads_per_minute=1000, conversions_per_minute=1000, downloads_per_minute=1000
    )
    yield
    app.state.settings = settings


def saved(document) -> bytes:
    """The document as a file."""
    written = io.BytesIO()
    document.save(written)
    return written.getvalue()


FILE_WITHOUT_A_NAME = b'--x\r\nContent-Disposition: form-data; name="file"\r\n\r\na\r\n--x--\r\n'
ORIGINAL = "SELECT o.id, o.key FROM conversion_file f JOIN object o ON o.id = f.object WHERE job_id = $1"


# --- upload -----------------------------------------------------------------------------------------------------------


async def test_a_file_is_taken_in(guest):
    # given
    job_id = str(uuid4())
    # when
    answer = await guest.send(job_id)
    # then
    assert told(answer) == {"job_id": job_id, "status": "uploaded"}
    assert await guest.status(job_id) == {"status": "uploaded", "error_message": None, "completed_at": None}
    assert await guest.progress(job_id) == {"progress": 0.0, "queue_position": None}
    # and nobody's word stands in its key
    key = (await connections.fetchrow(ORIGINAL, UUID(job_id)))["key"]
    assert re.fullmatch(r"input/[0-9a-f-]{36}/upload\.csv", key)
    assert job_id not in key
    assert await context.get().store.get(key) == CSV


async def test_the_guest_is_made_by_the_first_upload_and_ends_with_the_session(guest):
    async def row():
        session = msgspec.json.decode(await _redis_get(f"session:{guest.session_id}"))
        return await connections.fetchrow(
            "SELECT password_hash, extract(epoch FROM expires_at - now()) AS seconds FROM account WHERE id = $1",
            UUID(session["guest"]),
        )

    assert await row() is None
    await guest.upload()
    assert (await row())["password_hash"] is None
    assert 86_300 < (await row())["seconds"] <= 86_400


async def _redis_get(key):

    return await redis_pool.client().get(key)


async def test_the_form_may_name_the_job_behind_the_file(guest):
    job_id = str(uuid4())
    parts = [("file", ("a.csv", CSV)), ("job_id", (None, job_id))]

    answer = await guest.client.post("/upload", files=parts)

    assert told(answer)["job_id"] == job_id


@pytest.mark.usefixtures("relaxed")
@pytest.mark.parametrize(
    "job_id",
    [
        "",
        "1",
        "6a05d1a4-e5e7-11f1-a07b-02fc00000001",
        "{3f0c1a52-9d1e-4c86-9a1b-0e9d8f7c6b5a}",
        "3f0c1a529d1e4c869a1b0e9d8f7c6b5a",
        "urn:uuid:3f0c1a52-9d1e-4c86-9a1b-0e9d8f7c6b5a",
        "é",
    ],
)
async def test_only_a_uuid_of_version_4_names_a_job(guest, job_id):
    answer = await guest.send(job_id) if job_id else await guest.client.post("/upload", files={"file": ("a.csv", CSV)})

    assert refusal(answer) == (400, "ValidationError")
    for asked in ("/job_status", "/job_progress"):
        assert refusal(await guest.client.get(asked, params={"job_id": job_id})) == (400, "ValidationError")
    assert refusal(await guest.ask(job_id)) == (400, "ValidationError")


@pytest.mark.parametrize(
    ("address", "lacks"), [("/job_status", "job_id"), ("/job_progress?job=1", "job_id"), ("/download", "token")]
)
async def test_a_question_that_says_not_what_it_is_about_is_told_so(guest, address, lacks):
    answer = await guest.client.get(address)

    assert refusal(answer) == (400, "ValidationError")
    assert answer.json()["data"]["message"] == f"The query lacks {lacks}."


async def test_a_uuid_is_the_same_in_capitals(guest):
    job_id = str(uuid4())

    assert told(await guest.send(job_id.upper()))["job_id"] == job_id
    assert (await guest.status(job_id.upper()))["status"] == "uploaded"


async def test_a_job_id_is_used_once(guest):
    # given
    job_id = await guest.upload()
    # when it is used again, before and behind the file
    again = await guest.send(job_id)
    behind = await guest.client.post("/upload", files=[("file", ("a.csv", CSV)), ("job_id", (None, job_id))])
    # then
    assert refusal(again) == refusal(behind) == (400, "ValidationError")
    assert "already" in again.json()["data"]["message"]
    # and nothing is left of either
    owner = await connections.fetchval("SELECT guest FROM conversion_file WHERE job_id = $1", UUID(job_id))
    assert await connections.fetchval("SELECT count(*) FROM object WHERE owner = $1 AND state <> 'leaving'", owner) == 1


async def test_another_session_may_use_the_same_job_id(guest, other_guest):
    job_id = await guest.upload()

    assert (await other_guest.upload(job_id=job_id, content=b"a,b\n1,2\n")) == job_id
    assert await connections.fetchval("SELECT count(*) FROM conversion_file WHERE job_id = $1", UUID(job_id)) == 2


@pytest.mark.usefixtures("relaxed")
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("program.exe", b"MZ\x90\x00"),
        ("noextension", CSV),
        ("empty.csv", b""),
        ("picture.png", CSV),
        ("letter.docx", b"%PDF-1.7\n"),
        ("archive.zip", b"PK\x03\x04"),
        ("table.log.csv.exe", CSV),
    ],
)
async def test_a_file_that_is_not_what_it_says_is_refused(guest, name, content):
    assert refusal(await guest.send(name=name, content=content)) == (400, "FileValidationError")


async def test_a_file_that_is_too_large_is_refused_in_the_documents_words(guest, app, settings):
    app.state.settings = msgspec.structs.replace(settings, conversion_bytes=2**20)
    try:
        answers = [
            await guest.send(content=b"a\n" * 2**20),
            await guest.send(content=b"a\n" * 2**20, headers={"Content-Length": "1000"}),
        ]
    finally:
        app.state.settings = settings

    assert refusal(answers[0]) == (400, "ValidationError")
    assert answers[0].json()["data"]["message"] == "File size exceeds 1MB limit."


async def test_what_a_guest_may_store_is_bounded(guest, app, settings):
    await guest.upload()
    before = context.get()
    context.open(msgspec.structs.replace(before, settings=msgspec.structs.replace(settings, guest_stored_bytes=40)))
    try:
        answer = await guest.send()
    finally:
        context.open(before)

    assert refusal(answer) == (400, "ValidationError")
    assert answer.json()["data"]["message"] == (
        f"Your files take {len(CSV)} of the 40 bytes allowed; this one of {len(CSV)} does not fit."
    )


# --- the order of checks ----------------------------------------------------------------------------------------------


async def test_session_then_csrf_then_limit_then_body_then_object(guest, client):
    convert = {"content": b"not json"}
    # no session: whatever else is wrong
    headers = {"Cookie": "", "X-CSRF-Token": "wrong"}
    assert refusal(await client.post("/convert", headers=headers, **convert)) == (401, "SessionValidationError")
    # a session, no token
    for wrong in ({"X-CSRF-Token": ""}, {"X-CSRF-Token": "wrong"}, {"X-CSRF-Token": "é".encode()}):
        assert refusal(await client.post("/convert", headers=wrong, **convert)) == (403, "CSRFValidationError")
    # what came so far has not counted; from here on everything does, five times
    for _ in range(3):
        assert refusal(await client.post("/convert", **convert)) == (400, "ValidationError")
    for _ in range(2):
        assert refusal(await guest.ask(str(uuid4()))) == (404, "ResourceNotFound")
    limited = await client.post("/convert", **convert)
    assert refusal(limited) == (429, "RateLimitExceeded")
    assert 1 <= int(limited.headers["retry-after"]) <= 60
    # and the limit is told before the body is looked at, but after session and token
    assert refusal(await client.post("/convert", headers={"X-CSRF-Token": ""})) == (403, "CSRFValidationError")


async def test_an_address_may_upload_three_files_a_minute_whoever_it_is(app):
    where = an_address()
    async with visitor(app, where) as one, visitor(app, where) as other:
        for client in (one, one, other):
            await (await Visitor(client).begin()).upload()
        refused = await (await Visitor(other).begin()).send()

    assert refusal(refused) == (429, "RateLimitExceeded")
    assert refused.json()["data"]["message"].startswith("Too many uploads from your address: 3 a minute are allowed.")


async def test_an_upload_that_is_refused_for_what_it_is_spends_no_turn(guest, app, settings):
    # given an address that may upload three files a minute, and has sent two
    await guest.upload()
    await guest.upload()
    app.state.settings = msgspec.structs.replace(settings, conversion_bytes=2**20)
    try:
        # when it sends files that are refused for type, name and size
        refused = [
            await guest.send(name="program.exe"),
            await guest.send(name="picture.png", content=CSV),
            await guest.send(name="empty.csv", content=b""),
            await guest.send(name="..csv"),
            await guest.send(name=f"{'long' * 64}.csv"),
            await guest.send(content=b"a\n" * 2**20),
            await guest.send(content=b"a\n" * 2**20, headers={"Content-Length": "1000"}),
        ]
        # then there is still one to be sent
        assert {answer.status_code for answer in refused} == {400}
        # and a request that is refused for something else takes it
        assert refusal(await guest.send("no uuid")) == (400, "ValidationError")
        assert refusal(await guest.send()) == (429, "RateLimitExceeded")
        # and once there is none left, even those are not looked at
        assert refusal(await guest.send(name="program.exe")) == (429, "RateLimitExceeded")
    finally:
        app.state.settings = settings


@pytest.mark.usefixtures("relaxed")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"job_id": "x"}',
        b'{"target_format": "xlsx"}',
        b'{"job_id": 1, "target_format": "xlsx"}',
        b'{"job_id": "3f0c1a52-9d1e-4c86-9a1b-0e9d8f7c6b5a", "target_format": 1}',
        b'{"job_id": "3f0c1a52-9d1e-4c86-9a1b-0e9d8f7c6b5a", "target_format": null}',
        b'{"job_id": "3f0c1a52-9d1e-4c86-9a1b-0e9d8f7c6b5a", "target_format": "xlsx", "more": 1}',
        b"\xff\xfe",
        b"[" * 5_000,
        b'{"job_id": "\\u0000", "target_format": "xlsx"}',
        b"x" * 20_000,
    ],
)
@pytest.mark.parametrize("kind", ["application/json", "text/plain;charset=UTF-8"])
async def test_a_hostile_body_is_a_400(guest, body, kind):
    for path in ("/convert", "/download_token"):
        if path == "/download_token" and body.startswith(b'{"job_id": "x'):
            continue
        answer = await guest.client.post(path, content=body, headers={"Content-Type": kind})
        assert refusal(answer) == (400, "ValidationError"), answer.text


@pytest.mark.usefixtures("relaxed")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--x\r\n",
        b"--x--\r\n",
        FILE_WITHOUT_A_NAME,
        b"\0" * 1000,
    ],
)
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=x", "multipart/form-data", "application/json", ""])
async def test_a_hostile_form_is_a_400(guest, body, kind):
    answer = await guest.client.post("/upload", content=body, headers={"Content-Type": kind})

    assert refusal(answer) == (400, "ValidationError")


async def test_a_page_may_send_its_json_as_plain_text(guest):
    job_id = await guest.upload()
    body = msgspec.json.encode({"job_id": job_id, "target_format": "xlsx"})

    for kind in ({"Content-Type": "text/plain;charset=UTF-8"},):
        answer = await guest.client.post("/convert", content=body, headers=kind)

    assert told(answer)["status"] == "processing"


# --- converted --------------------------------------------------------------------------------------------------------


async def test_a_conversion_from_end_to_end(guest):
    # given
    job_id = await guest.upload()
    # when it is asked for
    data = told(await guest.ask(job_id))
    # then it waits
    assert set(data) == {"job_id", "task_id", "status"}
    assert (data["job_id"], data["status"]) == (job_id, "processing")
    assert (await guest.status(job_id))["status"] == "processing"
    assert (await guest.progress(job_id))["queue_position"] >= 1
    # when it is done
    await finish(data["task_id"])
    # then
    status = await guest.status(job_id)
    assert status["status"] == "completed"
    assert status["error_message"] is None
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\dZ", status["completed_at"])
    assert await guest.progress(job_id) == {"progress": 1.0, "queue_position": None}


async def test_a_file_names_its_newest_conversion_whose_events_tell_what_is_worth_knowing(guest):
    # given a file that nobody has converted
    job_id = await guest.upload()
    asked = {"url": "/job_status", "params": {"job_id": job_id}}
    assert "X-Task-ID" not in (await guest.client.get(**asked)).headers

    # when the first conversion fails and the second one warns
    await fail(await guest.convert(job_id))
    task = await guest.convert(job_id)
    job = await claim(task)
    warning = {"code": "guessed", "message": "people.csv: cells are taken to be separated by semicolons.", "step": None}
    await transitions.note(job.id, job.fence, "warning", warning)

    # then the status names the second one, and its events are there for the session
    named = (await guest.client.get(**asked)).headers["X-Task-ID"]
    assert named == task
    events = (await guest.client.get(f"/api/v1/jobs/{named}/events")).json()
    assert [event["data"] for event in events if event["kind"] == "warning"] == [warning]


async def test_waiting_ends_with_the_conversion(guest):
    # given
    job_id = await guest.upload()
    task = await guest.convert(job_id)

    # when
    waiting = asyncio.create_task(guest.client.get("/job_status", params={"job_id": job_id, "wait": 30}, timeout=40))
    await asyncio.sleep(0)
    started = time.monotonic()
    await finish(task)

    # then
    assert told(await waiting)["status"] == "completed"
    assert time.monotonic() - started < 5


async def test_waiting_ends_with_the_time_and_what_is_not_converted_is_not_waited_for(guest):
    # given
    job_id = await guest.upload()

    # when nothing has been asked for
    started = time.monotonic()
    uploaded = told(await guest.client.get("/job_status", params={"job_id": job_id, "wait": 30}))
    # then
    assert (uploaded["status"], time.monotonic() - started < 5) == ("uploaded", True)

    # when the conversion waits for a worker
    await guest.convert(job_id)
    asked = told(await guest.client.get("/job_status", params={"job_id": job_id, "wait": 1}))
    # then
    assert asked["status"] == "processing"


async def test_who_waits_for_a_file_of_a_session_that_is_closed_is_told_that_it_is_gone(guest):
    # given
    job_id = await guest.upload()
    await guest.convert(job_id)
    waiting = asyncio.create_task(guest.client.get("/job_status", params={"job_id": job_id, "wait": 30}, timeout=40))
    await asyncio.sleep(0.1)

    # when
    told(await guest.client.post("/session/close"))

    # then
    assert refusal(await waiting) == (404, "ResourceNotFound")


@pytest.mark.parametrize("wait", ["-1", "31", "x", "1.5", ""])
async def test_a_wait_that_cannot_be_is_a_400(guest, wait):
    job_id = await guest.upload()

    answer = await guest.client.get("/job_status", params={"job_id": job_id, "wait": wait})

    assert refusal(answer) == (400, "ValidationError")


async def test_the_original_goes_with_the_conversion_and_the_result_stays_until_the_session_ends(guest):
    # given
    job_id = await guest.upload()
    original = await connections.fetchrow(ORIGINAL, UUID(job_id))
    # when
    task = await guest.convert(job_id)
    await finish(task)
    # then
    assert await connections.fetchval("SELECT state FROM object WHERE id = $1", original["id"]) in ("leaving", None)
    file, job, result = await connections.fetchrow(
        "SELECT f.expires_at, j.expires_at, o.expires_at FROM conversion_file f JOIN job j ON j.id = f.job"
        " JOIN object o ON o.job = j.id WHERE f.job_id = $1",
        UUID(job_id),
    )
    assert file == job == result
    # and the file cannot be converted once more
    again = await guest.ask(job_id, "parquet")
    assert refusal(again) == (400, "ValidationError")
    assert "upload it again" in again.json()["data"]["message"]


async def test_while_it_is_processed_it_is_not_converted_twice(guest):
    job_id = await guest.upload()
    task = await guest.convert(job_id)

    assert refusal(await guest.ask(job_id)) == (400, "ValidationError")
    await claim(task)
    assert refusal(await guest.ask(job_id)) == (400, "ValidationError")


async def test_of_two_at_once_one_is_done(guest):
    # given two uploads of one name at once
    job_id = str(uuid4())
    uploads = await asyncio.gather(guest.send(job_id), guest.send(job_id))
    assert sorted(answer.status_code for answer in uploads) == [200, 400]
    # when it is to be converted twice at once
    answers = await asyncio.gather(*(guest.ask(job_id) for _ in range(3)))
    # then
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400]
    owner = await connections.fetchval("SELECT guest FROM conversion_file WHERE job_id = $1", UUID(job_id))
    assert await connections.fetchval("SELECT count(*) FROM job WHERE owner = $1", owner) == 1


async def test_a_conversion_that_failed_says_why_and_may_be_tried_again(guest):
    # given
    job_id = await guest.upload()
    first = await guest.convert(job_id)
    # when
    await fail(first, "The file is damaged.")
    # then
    assert await guest.status(job_id) == {
        "status": "failed",
        "error_message": "The file is damaged.",
        "completed_at": None,
    }
    # and it can be tried again, into something else too
    second = await guest.convert(job_id, "parquet")
    assert second != first
    assert (await guest.status(job_id))["status"] == "processing"
    await finish(second)
    assert (await guest.status(job_id))["status"] == "completed"


async def test_a_cancelled_conversion_has_failed(guest):
    job_id = await guest.upload()
    task = await guest.convert(job_id)

    job = await jobs.get(UUID(task))
    await commands.cancel(job.id, job.owner)

    assert await guest.status(job_id) == {"status": "failed", "error_message": "Cancelled.", "completed_at": None}
    assert (await guest.convert(job_id)) != task


@pytest.mark.usefixtures("relaxed")
@pytest.mark.parametrize("target", ["", "docx", "XLSX", "exe", "csv/../x", "log", "x" * 5_000, "\u202e"])
async def test_what_a_file_cannot_become_is_told_with_what_it_can(guest, target):
    answer = await guest.ask(await guest.upload(), target)

    assert refusal(answer) == (400, "ValidationError")
    assert "xlsx, " in answer.json()["data"]["message"]
    assert len(answer.json()["data"]["message"]) < 500


async def test_where_nobody_can_convert_it_it_is_said_so(guest):
    job_id = await guest.upload()
    await connections.execute("DELETE FROM worker")

    assert refusal(await guest.ask(job_id)) == (503, "ServiceUnavailable")
    assert told(await guest.client.get("/convert/formats"))["formats"] == {}
    await open_lane()
    assert (await guest.status(job_id))["status"] == "uploaded"


async def test_where_no_worker_for_documents_runs_it_is_said_what_to_install(guest):
    # given workers for tables alone
    job_id = await guest.upload(content=saved(docx.Document()), name="letter.docx")
    # when
    answer = await guest.ask(job_id, "pdf")
    # then
    assert refusal(answer) == (503, "ServiceUnavailable")
    assert "this service has no worker for documents" in answer.json()["data"]["message"]
    assert "filemill install documents" in answer.json()["data"]["message"]
    # and such pairs are not offered
    offered = told(await guest.client.get("/convert/formats"))["formats"]
    assert "docx" not in offered
    assert "xlsx" in offered["csv"]


async def test_where_libreoffice_is_missing_it_is_said_what_to_install(guest):
    # given a worker for documents that has every program but that
    tools = {leg.tool for route in routes.ROUTES.values() for leg in route} - {"libreoffice"}
    lacking = WorkerRow("one without LibreOffice", "here", "documents", 1, {}, "isolated", None, routes.possible(tools))
    await workers.beat(lacking)
    # when
    job_id = await guest.upload(content=saved(docx.Document()), name="letter.docx")
    answer = await guest.ask(job_id, "pdf")
    # then
    assert refusal(answer) == (503, "ServiceUnavailable")
    assert "A docx file cannot become pdf here" in answer.json()["data"]["message"]
    assert "filemill install documents" in answer.json()["data"]["message"]
    # and what it can become without is offered, and taken
    offered = told(await guest.client.get("/convert/formats"))["formats"]
    assert "pdf" not in offered["docx"]
    assert {"html", "md", "txt"} <= set(offered["docx"])
    assert await guest.convert(job_id, "html")


@pytest.fixture
async def documents_worker():
    """A worker for documents beside that for tables, as long as the test goes."""
    await workers.beat(WorkerRow("one more", "here", "documents", 1, {}, "isolated", None, (("csv", "xlsx"),)))
    yield
    await connections.execute("DELETE FROM worker WHERE lane = 'documents'")


@pytest.mark.usefixtures("documents_worker")
async def test_a_sheet_becomes_another_as_a_grid(guest):
    # when a csv becomes an xlsx, and a table of another format
    grid, table = await guest.convert(await guest.upload()), await guest.convert(await guest.upload(), "parquet")
    # then the engine of documents takes the grid
    assert (await jobs.get(UUID(grid))).lane == "documents"
    assert (await jobs.get(UUID(table))).lane == "tables"


async def test_what_can_be_converted_is_told_to_everybody(client):
    await open_lane()

    data = told(await client.get("/convert/formats"))

    assert set(data) == {"formats", "max_size_bytes"}
    assert data["max_size_bytes"] == 100 * 2**20
    assert "xlsx" in data["formats"]["csv"]
    assert "csv" in data["formats"]["parquet"]


async def test_the_place_in_the_queue_counts_down(guest, other_guest):
    first, second = await guest.upload(), await other_guest.upload()
    first_task = await guest.convert(first)
    await other_guest.convert(second)
    place = (await other_guest.progress(second))["queue_position"]
    assert place == (await guest.progress(first))["queue_position"] + 1

    await claim(first_task)

    assert (await other_guest.progress(second))["queue_position"] < place
    assert (await guest.progress(first))["queue_position"] is None


# --- whose it is ------------------------------------------------------------------------------------------------------


async def test_nobody_sees_anothers_file(guest, other_guest):
    job_id = await guest.converted()

    for answer in (
        await other_guest.client.get("/job_status", params={"job_id": job_id}),
        await other_guest.client.get("/job_progress", params={"job_id": job_id}),
        await other_guest.ask(job_id),
        await other_guest.client.post("/download_token", json={"job_id": job_id}),
    ):
        assert refusal(answer) == (404, "ResourceNotFound")


async def test_a_bearer_alone_is_no_session_and_beside_a_session_the_file_is_the_sessions(guest, member):
    bearer = {"Authorization": member.client.headers["Authorization"]}

    assert refusal(await member.client.post("/upload")) == (401, "SessionValidationError")
    job_id = told(await guest.send(headers=bearer))["job_id"]

    assert (await guest.status(job_id))["status"] == "uploaded"


async def test_a_conversion_shows_at_the_api_of_data_jobs_too(guest, other_guest):
    # given
    job_id = await guest.upload()
    task = await guest.convert(job_id)
    # then its guest sees it there
    (job,) = (await guest.client.get("/api/v1/jobs")).json()
    assert job["id"] == task
    assert job["file_name"] == "people.csv"
    assert job["original_file_size_bytes"] == job["input_size_bytes"] == len(CSV)
    assert job["processing_steps"] == [{"type": "convert_format", "params": {"to_format": "xlsx"}}]
    assert job["status"] == "QUEUED"
    # and nobody else
    assert (await other_guest.client.get("/api/v1/jobs")).status_code == 401
    await other_guest.upload()
    assert (await other_guest.client.get(f"/api/v1/jobs/{task}")).status_code == 403
    # and may cancel it there, but nothing else before it is done
    for method, path, body in (
        ("POST", "retry", None),
        ("POST", "upload-url", None),
        ("POST", "mark-uploaded", {"object_key": "x"}),
        ("POST", "multipart", None),
        ("DELETE", "", None),
    ):
        answer = await guest.client.request(method, f"/api/v1/jobs/{task}/{path}".rstrip("/"), json=body)
        assert answer.status_code == 400, (path, answer.text)
        assert "conversion-sessions" in answer.json()["detail"]
    assert (await guest.client.post(f"/api/v1/jobs/{task}/cancel")).json()["status"] == "CANCELLED"


async def test_whoever_signs_in_keeps_the_conversions(app, guest):

    # given a converted file of a guest
    job_id = await guest.converted(b"kept")
    (task,) = [job["id"] for job in (await guest.client.get("/api/v1/jobs")).json()]
    member = await sign_in.register(f"{uuid4().hex}@example.com", "correct horse battery")
    # when the guest signs in
    former = await sessions.read(guest.session_id)
    session = await sessions.sign_in(former, member.id, 0, 3600)
    # then the old cookie is dead, and under the new one all is as before
    assert (await guest.client.get("/job_status", params={"job_id": job_id})).status_code == 401
    guest.client.headers.update({"Cookie": f"session_id={session.id}", "X-CSRF-Token": session.csrf})
    assert (await guest.status(job_id))["status"] == "completed"
    assert [job["id"] for job in (await guest.client.get("/api/v1/jobs")).json()] == [task]
    # and no URL is signed for the result: it would open without the cookie
    refused = await guest.client.post(f"/api/v1/jobs/{task}/download-url")
    assert refused.status_code == 400
    assert "conversion-sessions; its result can be downloaded there alone" in refused.json()["detail"]
    # and what is uploaded now is the member's as well
    await guest.convert(await guest.upload())
    assert len((await guest.client.get("/api/v1/jobs")).json()) == 2


async def test_guests_of_one_address_share_slots_as_one(app, guest):
    # given a second session from the same address, one from another, and one of a member
    shares = {}

    async def begin(name, address):
        async with visitor(app, address) as client:
            task = await (one := await Visitor(client).begin()).convert(await one.upload())
        shares[name] = await connections.fetchval("SELECT share FROM job WHERE id = $1", task)

    address, elsewhere = an_address(), an_address()
    for name, at in (("first", address), ("second", address), ("elsewhere", elsewhere)):
        await begin(name, at)
    # then the first two count as one, and the address itself stands in no row
    assert shares["first"] == shares["second"] != shares["elsewhere"]
    assert address not in str(shares)


async def test_a_guest_has_so_many_open_jobs(guest, settings):
    first, second = await guest.upload(), await guest.upload()
    await guest.convert(first)
    before = context.get()
    context.open(msgspec.structs.replace(before, settings=msgspec.structs.replace(settings, guest_open_jobs=1)))
    try:
        answer = await guest.ask(second)
    finally:
        context.open(before)

    assert refusal(answer) == (429, "RateLimitExceeded")
    assert (await guest.status(second))["status"] == "uploaded"


async def test_after_the_end_of_its_time_a_file_is_not_there_even_before_it_is_swept(guest):
    job_id = await guest.upload()
    await connections.execute("UPDATE conversion_file SET expires_at = now() WHERE job_id = $1", UUID(job_id))

    assert refusal(await guest.client.get("/job_status", params={"job_id": job_id})) == (404, "ResourceNotFound")
    assert refusal(await guest.ask(job_id)) == (404, "ResourceNotFound")


async def test_health_in_two_words(client):
    await open_lane()
    assert told(await client.get("/health")) == {"status": "ok"}
    await connections.execute("DELETE FROM worker")
    assert refusal(await client.get("/health")) == (503, "ServiceUnavailable")
