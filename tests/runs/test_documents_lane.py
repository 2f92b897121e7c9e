"""The document engine in the isolated sandbox that it works in: its programs start there, and find all they need."""

import asyncio
import contextlib
import time
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import psutil
import pytest

from filemill import connections
from filemill.jobs import commands, context, uploads
from filemill.jobs.context import Context
from filemill.jobs.job import Job, Status
from filemill.jobs.rows.jobs import NewFile
from filemill.runs.runner import Runner
from filemill.sandbox import choice
from filemill.sandbox import pool as pools
from filemill.sandbox.choice import NoSandbox
from filemill.sandbox.kinds import Weak
from filemill.sandbox.pool import Pool
from tests.fixtures import workbooks
from tests.fixtures.jobs import create, upload

pytestmark = pytest.mark.anyio

WORDS = b"# A heading\n\nSome *words*, a [link](https://example.com), and a list:\n\n- one\n- two\n"


@pytest.fixture
async def pool(at_hand: Context, tmp_path: Path) -> AsyncIterator[Pool]:
    try:
        sandbox = await choice.sandbox_of("documents", weak=False)
    except NoSandbox:
        pytest.skip("bubblewrap does not start here")
    limits = at_hand.settings.limits("documents")
    most = limits.memory_mb
    pool = Pool("documents", tmp_path, sandbox, memory_mb=most, most_idle_mb=most, most_resting_mb=most * 3 // 8)
    await pool.open(1)
    if pool.pairs is None or ("docx", "pdf") not in pool.pairs:
        await pool.close()
        pytest.skip("LibreOffice is not installed here (filemill install documents)")
    yield pool
    await pool.close()


@pytest.fixture
async def runner(pool: Pool) -> Runner:
    return Runner("documents", "this test", pool, {})


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


async def test_every_program_works_inside(at_hand: Context, owner: uuid.UUID, runner: Runner, pool: Pool) -> None:
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
    async with pool.borrow() as child:
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


async def test_a_killed_sandbox_costs_a_run_and_its_neighbours_nothing(
    at_hand: Context, owner: uuid.UUID, runner: Runner, pool: Pool
) -> None:
    docx = await convert(owner, runner, "words.md", WORDS, "docx")
    job = await queue_up(owner, "words.docx", docx, "pdf")
    async with pool.borrow() as child:
        members = psutil.Process(child.pid).children(recursive=True)
    work = asyncio.create_task(runner.until_empty())
    for one in members:
        with contextlib.suppress(psutil.NoSuchProcess):
            one.kill()
    await work
    assert (await commands.get(job.id, job.owner)).status is Status.COMPLETED


async def test_a_pause_costs_the_next_document_no_start(
    at_hand: Context, owner: uuid.UUID, runner: Runner, pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a child that has made a pdf, and has rested since
    monkeypatch.setattr(pools, "REST_SECONDS", 0.0)
    docx = await convert(owner, runner, "words.md", WORDS, "docx")
    await convert(owner, runner, "words.docx", docx, "pdf")
    warm = await offices(pool)
    assert len(warm) == 1
    # when it is looked at, before another comes
    await pool.refresh()
    await convert(owner, runner, "words.docx", docx, "pdf")
    # then the same LibreOffice takes that
    assert await offices(pool) == warm


async def offices(pool: Pool) -> list[int]:
    """The process ids of the LibreOffice of the sandbox's next child."""
    async with pool.borrow() as child:
        members = psutil.Process(child.pid).children(recursive=True)
        return [one.pid for one in members if one.name() == "soffice"]


async def test_libreoffice_starts_in_the_weak_sandbox_too(at_hand: Context, owner: uuid.UUID, tmp_path: Path) -> None:
    # given an operator who does without bubblewrap
    pool = Pool("documents", tmp_path, Weak(), memory_mb=at_hand.settings.limits("documents").memory_mb)
    await pool.open(1)
    if pool.pairs is None or ("docx", "pdf") not in pool.pairs:
        await pool.close()
        pytest.skip("LibreOffice is not installed here (filemill install documents)")
    # when a file comes that LibreOffice reads
    pdf = await convert(owner, Runner("documents", "this test", pool, {}), "words.txt", b"Some words\n", "pdf")
    await pool.close()
    # then it is converted
    assert pdf.startswith(b"%PDF-")


async def test_a_guest_has_less_time_than_a_member(owner: uuid.UUID, pool: Pool, at_hand: Context) -> None:
    # given a workbook that LibreOffice computes for minutes, and a guest
    await connections.execute("UPDATE account SET expires_at = now() + interval '1 hour' WHERE id = $1", owner)
    settings = msgspec.structs.replace(at_hand.settings, guest_documents_seconds=2)
    context.open(msgspec.structs.replace(at_hand, settings=settings))
    runner = Runner("documents", "this test", pool, {})
    job = await queue_up(owner, "slow.xlsx", workbooks.slow(3000), "pdf")
    # when it runs
    began = time.monotonic()
    await runner.until_empty()
    # then it is ended as a guest's
    assert time.monotonic() - began < 20
    job = await commands.get(job.id, job.owner)
    assert (job.error_code, job.error_message) == (
        "too_slow",
        "The job took longer than the 2 seconds allowed without an account.",
    )
