"""Two hundred hostile documents through the API of a running stack: `make hostile`.

Each is refused, fails with a reason, or is converted; and what comes after it is converted as if nothing had been.
"""

import asyncio
import contextlib
from collections import Counter
from uuid import uuid4

import pytest

from filemill.engines.documents.engine import Documents
from filemill.local import system
from tests.engines.documents.hostile_catalogue import KINDS, Hostile
from tests.engines.documents.samples import Samples
from tests.fixtures.faulty import FaultyStack
from tests.journeys.guest import UNLIMITED, Guest
from tests.journeys.visitor import assert_nothing_of_the_inside, until

pytestmark = [pytest.mark.anyio, pytest.mark.hostile]

AT_ONCE = 4
SECONDS = 30
"""A document may take so long: what is meant to take for ever is ended then."""

LONGEST_SECONDS = 600
OUR_FAULT = "on our side"


@pytest.fixture(scope="module")
def samples(tmp_path_factory):
    with contextlib.closing(Documents()) as engine:
        yield Samples(tmp_path_factory.mktemp("samples"), engine)


@pytest.fixture(scope="module")
def documents_stack(tmp_path_factory):
    if why := system.why_not_isolated():
        pytest.skip(f"no isolated sandbox can be made here: {why}")
    environ = UNLIMITED | {
        "FILEMILL_DOCUMENTS_SECONDS": str(SECONDS),
        "FILEMILL_GUEST_DOCUMENTS_SECONDS": str(SECONDS),
    }
    running = FaultyStack(tmp_path_factory.mktemp("hostile") / "home", environ=environ, lanes=("tables", "documents"))
    running.start()
    yield running
    running.stop()


@pytest.fixture
async def guest(documents_stack):
    one = Guest(documents_stack.url)
    await one.begin()

    async def is_offered() -> bool:
        return "pdf" in (await one.ask("GET", "/convert/formats"))["formats"].get("docx", [])

    await until(is_offered, "a worker that makes pdf of docx", 120)
    yield one
    await one.close()
    await one.http.aclose()


@pytest.mark.parametrize("kind", KINDS)
async def test_hostile_files_do_no_harm(kind, samples, documents_stack, guest):
    # given
    files = list(KINDS[kind](samples))
    room = asyncio.Semaphore(AT_ONCE)

    async def take(file: Hostile) -> str:
        async with room:
            return await end_of(guest, file, documents_stack)

    # when
    ends = await asyncio.gather(*map(take, files), return_exceptions=True)
    # then each was answered as it should be
    wrong = [f"{file.name!r} to {file.target}: {how}" for file, how in zip(files, ends, strict=True) if how not in FINE]
    print(kind, Counter(how for how in ends if isinstance(how, str)))
    assert not wrong, "\n".join(wrong)
    # and a file that is whole is converted, soon
    clean = await guest.upload(samples.of("docx").read_bytes(), "clean.docx")
    await guest.convert(clean, "pdf")
    assert (await guest.ended(clean))["status"] == "completed"
    assert (await guest.download(clean)).content.startswith(b"%PDF-")


FINE = ("refused", "failed", "converted")


async def end_of(guest: Guest, file: Hostile, stack: FaultyStack) -> str:
    """What became of a file: refused, failed with a reason, converted; anything else is told."""
    job = {"job_id": str(uuid4())}
    for path, more in (
        ("/upload", {"data": job, "files": {"file": (file.name, file.content)}}),
        ("/convert", {"json": job | {"target_format": file.target}}),
    ):
        answer = await guest.http.post(path, timeout=LONGEST_SECONDS, **more)
        if 400 <= answer.status_code < 500:
            return reason(answer.json()["data"]["message"], stack) or "refused"
        if answer.status_code != 200:
            return f"{path} answered {answer.status_code}: {answer.text}"

    async def has_ended() -> bool:
        return (await guest.status(job["job_id"]))["status"] != "processing"

    await until(has_ended, "its end", LONGEST_SECONDS)
    status = await guest.status(job["job_id"])
    if status["status"] == "failed":
        return reason(status["error_message"], stack) or "failed"
    answer = await guest.download(job["job_id"])
    is_there = answer.status_code == 200 and answer.content
    return "converted" if is_there else f"the download answered {answer.status_code} with {len(answer.content)} bytes"


def reason(sentence: str, stack: FaultyStack) -> str:
    """What is wrong with a sentence that says what is wrong, "" where nothing is."""
    assert_nothing_of_the_inside(sentence, stack)
    return "" if sentence.endswith(".") and OUR_FAULT not in sentence else sentence
