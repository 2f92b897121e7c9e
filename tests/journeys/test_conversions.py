"""Conversions without an account, from the session to the download, on a running stack; and what is left of them."""

import asyncio
import contextlib
import io
import time
import zipfile
from uuid import uuid4

import docx
import openpyxl
import pytest
import redis

from filemill.local import system
from tests.fixtures.faulty import FaultyStack
from tests.journeys.guest import UNLIMITED, Guest
from tests.journeys.tables import LONG, PEOPLE
from tests.journeys.visitor import (
    assert_left_tidy,
    assert_nothing_of_the_inside,
    database_of,
    store_of,
    until,
)

pytestmark = pytest.mark.anyio

EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR" + rb"-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
NOTHING = dict.fromkeys(("account", "conversion_file", "job", "store"), 0)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    return tmp_path_factory.mktemp("conversions")


@pytest.fixture(scope="module")
def open_stack(home):
    """A stack of this file's own, which does not count what an address does: all of us come from one."""

    running = FaultyStack(home / "home", environ=UNLIMITED, lanes=system.lanes(weak=False))
    running.start()
    yield running
    running.stop()


@pytest.fixture
async def new_guest():
    async with contextlib.AsyncExitStack() as stack:

        async def make(url: str) -> Guest:
            guest = Guest(url)
            stack.push_async_callback(guest.http.aclose)
            await guest.begin()
            return guest

        yield make


async def left(stack) -> dict[str, int]:
    async with database_of(stack) as database, store_of(stack) as store:
        rows = {name: await database.fetchval(f"SELECT count(*) FROM {name}") for name in NOTHING if name != "store"}
        return rows | {"store": len(await store.keys())}


async def until_nothing_is_left(stack, seconds: float = 30) -> None:
    async def is_empty() -> bool:
        return await left(stack) == NOTHING

    try:
        await until(is_empty, "nothing", seconds)
    except AssertionError:
        assert await left(stack) == NOTHING


async def test_a_visitor_has_a_table_converted(open_stack, new_guest):
    # given
    guest = await new_guest(open_stack.url)
    job_id = await guest.upload()
    assert (await guest.status(job_id))["status"] == "uploaded"
    # when
    await guest.convert(job_id, "xlsx")
    status = await guest.ended(job_id)
    # then
    assert (status["status"], status["error_message"]) == ("completed", None)
    answer = await guest.download(job_id)
    assert answer.headers["content-disposition"].endswith("filename=people.xlsx")
    assert "xl/workbook.xml" in zipfile.ZipFile(io.BytesIO(answer.content)).namelist()
    # and it can be had again, until the session is closed
    assert (await guest.download(job_id)).content == answer.content
    await guest.close()
    await until_nothing_is_left(open_stack)
    await assert_left_tidy(open_stack)


async def test_a_document_becomes_a_pdf(open_stack, new_guest):
    # given a worker for documents, which is ready some time after the stack is
    guest = await new_guest(open_stack.url)
    if "documents" not in open_stack.workers:
        pytest.skip("no isolated sandbox can be made here (filemill doctor)")

    async def is_offered() -> bool:
        return "pdf" in (await guest.ask("GET", "/convert/formats"))["formats"].get("docx", [])

    await until(is_offered, "a worker that makes pdf of docx", 120)
    document = docx.Document()
    document.add_heading("Größe", 1)
    document.add_paragraph("Ein Satz.")
    written = io.BytesIO()
    document.save(written)
    # when
    job_id = await guest.upload(written.getvalue(), "Brief an Zoë.docx")
    await guest.convert(job_id, "pdf")
    status = await guest.ended(job_id)
    # then
    assert (status["status"], status["error_message"]) == ("completed", None)
    answer = await guest.download(job_id)
    assert answer.content.startswith(b"%PDF-")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["content-disposition"].endswith("filename=Brief_an_Zoe.pdf")
    await guest.close()
    await until_nothing_is_left(open_stack)


async def test_a_csv_of_ragged_rows_becomes_a_sheet(open_stack, new_guest):
    # given a worker for documents, to which a sheet is a plain grid
    guest = await new_guest(open_stack.url)
    if "documents" not in open_stack.workers:
        pytest.skip("no isolated sandbox can be made here (filemill doctor)")

    async def is_offered() -> bool:
        return "ods" in (await guest.ask("GET", "/convert/formats"))["formats"].get("csv", [])

    await until(is_offered, "a worker that makes ods of csv", 120)
    # when
    job_id = await guest.upload(b"Report,,\na,b,c\nd,e\nf,g,h,i\n", "ragged.csv")
    await guest.convert(job_id, "xlsx")
    status = await guest.ended(job_id)
    # then
    assert (status["status"], status["error_message"]) == ("completed", None)
    sheet = openpyxl.load_workbook(io.BytesIO((await guest.download(job_id)).content)).active
    rows = [[cell for cell in row if cell] for row in sheet.iter_rows(values_only=True)]
    assert rows == [["Report"], ["a", "b", "c"], ["d", "e"], ["f", "g", "h", "i"]]
    await guest.close()
    await until_nothing_is_left(open_stack)


async def test_a_conversion_that_fails_says_why_in_a_sentence_and_may_be_tried_again(open_stack, new_guest):
    # given a file that cannot be read to its end
    guest = await new_guest(open_stack.url)
    job_id = await guest.upload(b'{"a": 1}\n{"a": ', "broken.ndjson")
    # when
    first = await guest.convert(job_id, "csv")
    status = await guest.ended(job_id)
    # then
    assert status["status"] == "failed"
    assert status["error_message"].endswith(".")
    assert_nothing_of_the_inside(status["error_message"], open_stack)
    assert await guest.convert(job_id, "parquet") != first
    await guest.ended(job_id)
    await guest.close()
    await until_nothing_is_left(open_stack)


async def test_a_virus_is_refused_and_nothing_of_it_is_kept(open_stack, new_guest):
    guest = await new_guest(open_stack.url)
    if not open_stack.settings.clamd:
        pytest.skip("clamd is not installed (filemill install)")

    form = {"data": {"job_id": str(uuid4())}, "files": {"file": ("virus.csv", EICAR)}}
    answer = await guest.http.post("/upload", **form)

    assert (answer.status_code, answer.json()["data"]["error"]) == (400, "VirusDetectedError")
    await guest.close()
    await until_nothing_is_left(open_stack)


async def test_one_visitors_many_files_do_not_keep_another_waiting(open_stack, new_guest):
    # given somebody with twelve conversions of a moment each
    busy, other = await new_guest(open_stack.url), await new_guest(open_stack.url)
    many = [await busy.upload(PEOPLE * 10_000) for _ in range(12)]
    one = await other.upload()
    for job_id in many:
        await busy.convert(job_id, "xlsx")
    # when somebody else comes with one
    await other.convert(one, "xlsx")
    # then it does not wait for all of them
    assert (await other.ended(one))["status"] == "completed"
    waiting = [(await busy.status(job_id))["status"] for job_id in many].count("processing")
    assert waiting >= 6
    # and both may go, whatever still runs
    await asyncio.gather(busy.close(), other.close())
    await until_nothing_is_left(open_stack)


async def test_a_session_that_is_closed_in_the_middle_of_a_run_leaves_nothing(open_stack, new_guest):
    # given a conversion that takes a while
    guest = await new_guest(open_stack.url)
    job_id = await guest.upload(LONG, "long.csv")
    await guest.convert(job_id, "json.gz")

    async def runs() -> bool:
        return (await guest.ask("GET", "/job_progress", params={"job_id": job_id}))["queue_position"] is None

    await until(runs, "a run")
    # when
    began = time.monotonic()
    await guest.close()
    # then
    assert time.monotonic() - began < 6
    assert (await guest.http.get("/job_status", params={"job_id": job_id})).status_code == 401
    await until_nothing_is_left(open_stack)
    await assert_left_tidy(open_stack)


async def test_a_session_that_is_left_goes_when_its_time_is_over_without_redis(faulty, new_guest):
    # given sessions of fifteen seconds
    stack = faulty(environ=UNLIMITED | {"FILEMILL_GUEST_SECONDS": "15"})
    stack.start()
    guest = await new_guest(stack.url)
    converted, waiting = await guest.upload(), await guest.upload()
    await guest.convert(converted, "xlsx")
    assert (await guest.ended(converted))["status"] == "completed"
    assert (await left(stack))["conversion_file"] == 2
    # when all that Redis holds is lost
    with contextlib.closing(redis.Redis.from_url(stack.settings.redis_url)) as lost:
        lost.flushall()
    assert (await guest.http.get("/job_status", params={"job_id": waiting})).status_code == 401
    # then nothing is left soon after the time is over
    await until_nothing_is_left(stack, 60)
    await assert_left_tidy(stack)


async def test_without_redis_there_is_an_answer_and_afterwards_things_go_on(faulty, new_guest):
    # given
    stack = faulty(environ=UNLIMITED)
    stack.start()
    guest = await new_guest(stack.url)
    job_id = await guest.upload()
    # when Redis is away
    stack.redis.kill()
    # then every address that needs a session says so, in time
    for method, path in (("GET", f"/job_status?job_id={job_id}"), ("GET", "/session/init"), ("POST", "/upload")):
        answer = await guest.http.request(method, path)
        assert (answer.status_code, answer.json()["data"]["error"]) == (503, "ServiceUnavailable"), path
        assert answer.headers["retry-after"]
    # and once it is back, the session goes on or is over, as Redis remembers, and a new one may begin
    stack.redis.start()
    assert (await guest.http.get("/job_status", params={"job_id": job_id})).status_code in (200, 401)
    await guest.begin()
    await guest.upload()
