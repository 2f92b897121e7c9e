"""The document engine in the closed cage that it works in: its programs start there, and find all they need."""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from filemill.jobs import cage as cages
from filemill.jobs import commands, context, uploads
from filemill.jobs.cage import Cage, NoWalls
from filemill.jobs.context import Context
from filemill.jobs.job import Job, Status
from filemill.jobs.queries import NewFile
from filemill.jobs.runner import Runner
from filemill.jobs.walls import Weak
from tests.jobs.conftest import create, upload

pytestmark = pytest.mark.anyio

WORDS = b"# A heading\n\nSome *words*, a [link](https://example.com), and a list:\n\n- one\n- two\n"


@pytest.fixture
async def cage(at_hand: Context, tmp_path: Path) -> AsyncIterator[Cage]:
    try:
        walls = await cages.walls_of("documents", weak=False)
    except NoWalls:
        pytest.skip("bubblewrap does not start here")
    limits = at_hand.settings.limits("documents")
    most = limits.memory_mb
    cage = Cage("documents", tmp_path, walls, memory_mb=most, most_idle_mb=most, most_resting_mb=most * 3 // 8)
    await cage.open(1)
    if cage.pairs is None or ("docx", "pdf") not in cage.pairs:
        await cage.close()
        pytest.skip("LibreOffice is not installed here (filemill install documents)")
    yield cage
    await cage.close()


@pytest.fixture
async def runner(cage: Cage) -> Runner:
    return Runner("documents", "this test", cage, {})


async def queue_up(owner: uuid.UUID, name: str, content: bytes, target: str) -> Job:
    pipeline = b'[{"type":"convert_format","params":{"to_format":"%s"}}]' % target.encode()
    job = await create(owner, pipeline, NewFile("input", name, len(content)))
    return await uploads.mark(job.id, job.owner, await upload(job, content))


async def convert(owner: uuid.UUID, runner: Runner, name: str, content: bytes, target: str) -> bytes:
    job = await queue_up(owner, name, content, target)
    await runner.until_empty()
    job = await commands.get(job.id, job.owner)
    assert (job.status, job.error_message) == (Status.COMPLETED, None)
    return await context.get().store.get(job.output_key or "")


async def test_every_program_works_inside(at_hand: Context, owner: uuid.UUID, runner: Runner, cage: Cage) -> None:
    # when one thing is made of the other: by pandoc, LibreOffice, PDFium, Pillow, img2pdf, xberg, typst
    docx = await convert(owner, runner, "words.md", WORDS, "docx")
    pdf = await convert(owner, runner, "words.docx", docx, "pdf")
    png = await convert(owner, runner, "words.pdf", pdf, "png")
    webp = await convert(owner, runner, "page.png", png, "webp")
    image = await convert(owner, runner, "page.webp", webp, "pdf")
    words = await convert(owner, runner, "words.pdf", pdf, "md")
    typeset = await convert(owner, runner, "words.md", WORDS, "pdf")
    # then each is what it should be
    assert docx.startswith(b"PK")
    assert all(one.startswith(b"%PDF-") for one in (pdf, image, typeset))
    assert png.startswith(b"\x89PNG")
    assert webp.startswith(b"RIFF")
    assert b"heading" in words
    # and it fits with room to spare
    async with cage.borrow() as child:
        assert 0 < child.memory_mb < at_hand.settings.documents_memory_mb // 2


async def test_a_killed_libreoffice_costs_no_job_and_no_neighbour(
    at_hand: Context, owner: uuid.UUID, runner: Runner
) -> None:
    # given a warm LibreOffice
    docx = await convert(owner, runner, "words.md", WORDS, "docx")
    await convert(owner, runner, "words.docx", docx, "pdf")
    # when it is killed, and files wait
    killed = [one for one in psutil.Process().children(recursive=True) if one.name().startswith("soffice")]
    assert killed
    for one in killed:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    jobs = [await queue_up(owner, "words.docx", docx, "pdf") for _ in range(2)]
    await runner.until_empty()
    # then each of them is converted in its first run
    for job in jobs:
        job = await commands.get(job.id, job.owner)  # noqa: PLW2901
        assert (job.status, job.fence) == (Status.COMPLETED, 1)


async def test_a_killed_cage_costs_a_run_and_its_neighbours_nothing(
    at_hand: Context, owner: uuid.UUID, runner: Runner, cage: Cage
) -> None:
    docx = await convert(owner, runner, "words.md", WORDS, "docx")
    job = await queue_up(owner, "words.docx", docx, "pdf")
    async with cage.borrow() as child:
        members = psutil.Process(child.pid).children(recursive=True)
    work = asyncio.create_task(runner.until_empty())
    for one in members:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    await work
    assert (await commands.get(job.id, job.owner)).status is Status.COMPLETED


async def test_a_pause_costs_the_next_document_no_start(
    at_hand: Context, owner: uuid.UUID, runner: Runner, cage: Cage, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a child that has made a pdf, and has rested since
    monkeypatch.setattr(cages, "REST_SECONDS", 0.0)
    docx = await convert(owner, runner, "words.md", WORDS, "docx")
    await convert(owner, runner, "words.docx", docx, "pdf")
    warm = await offices(cage)
    assert len(warm) == 1
    # when it is looked at, before another comes
    await cage.refresh()
    await convert(owner, runner, "words.docx", docx, "pdf")
    # then the same LibreOffice takes that
    assert await offices(cage) == warm


async def offices(cage: Cage) -> list[int]:
    """The process ids of the LibreOffice of the cage's next child."""
    async with cage.borrow() as child:
        members = psutil.Process(child.pid).children(recursive=True)
        return [one.pid for one in members if one.name() == "soffice.bin"]


async def test_libreoffice_starts_in_the_weak_cage_too(at_hand: Context, owner: uuid.UUID, tmp_path: Path) -> None:
    # given an operator who does without bubblewrap
    cage = Cage("documents", tmp_path, Weak(), memory_mb=at_hand.settings.limits("documents").memory_mb)
    await cage.open(1)
    if cage.pairs is None or ("docx", "pdf") not in cage.pairs:
        await cage.close()
        pytest.skip("LibreOffice is not installed here (filemill install documents)")
    # when a file comes that LibreOffice reads
    pdf = await convert(owner, Runner("documents", "this test", cage, {}), "words.txt", b"Some words\n", "pdf")
    await cage.close()
    # then it is converted
    assert pdf.startswith(b"%PDF-")
