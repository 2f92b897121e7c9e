"""Jobs that fill the disk under them, in real sandboxes: nobody's file is to blame, and there is room afterwards."""

import os
import subprocess
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from filemill.jobs.context import Context
from filemill.jobs.job import Status
from filemill.jobs.rows.jobs import NewFile
from filemill.runs.runner import Runner
from filemill.sandbox.pool import Pool
from tests.engines.tables import workshop
from tests.fixtures import hostile
from tests.fixtures.jobs import create, mark_all, now
from tests.sandbox import test_memory

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a file system of some MiB"),
]

DISK_MB, MEMORY_MB = 24, 500
SENTENCE = "The disk that jobs work on is full; the job can be tried again."


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of a few MiB."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MB}m,mode=700", "none", str(place)]
    made = subprocess.run(words, capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"no file system can be mounted here: {made.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


@pytest.fixture
async def runner(at_hand: Context, disk: Path) -> AsyncIterator[Runner]:
    """A runner of tables whose children have that disk alone, and little memory."""
    test_memory.allow(at_hand, MEMORY_MB)
    pool = Pool("tables", disk)
    await pool.open(1)
    yield Runner("tables", "this test", pool, {})
    await pool.close()


async def test_a_workbook_that_fills_the_disk_is_told_so(
    at_hand: Context, owner: object, runner: Runner, disk: Path
) -> None:
    # given a workbook, which is gathered on disk
    steps = [workshop.limit(400_000), workshop.convert("xlsx")]
    job = await test_memory.queue_up(owner, steps, {"input": test_memory.large()})
    # when
    await runner.until_empty()
    # then
    job = await now(job)
    assert (job.status, job.error_code, job.error_message, job.at_fault) == (Status.FAILED, "disk_full", SENTENCE, "us")
    assert not test_memory.left_on_disk(disk)


@pytest.fixture
async def documents(at_hand: Context, disk: Path) -> AsyncIterator[Runner]:
    """A runner of documents whose children have that disk alone."""
    pool = Pool("documents", disk, await hostile.isolated(), memory_mb=at_hand.settings.limits("documents").memory_mb)
    await pool.open(1)
    yield Runner("documents", "this test", pool, {})
    await pool.close()


@pytest.mark.parametrize("megabytes", [30, 14], ids=["it is fetched", "it is converted"])
async def test_a_document_that_fills_the_disk_is_told_so(
    megabytes: int, at_hand: Context, owner: object, documents: Runner
) -> None:
    # given a text that does not fit onto the disk, or fits there once
    content = b"A line of words.\n" * (megabytes << 16)
    pipeline = b'[{"type":"convert_format","params":{"to_format":"html"}}]'
    job = await mark_all(await create(owner, pipeline, NewFile("input", "a.txt", len(content))), {"input": content})
    # when
    await documents.until_empty()
    # then
    job = await now(job)
    assert (job.status, job.error_code, job.error_message, job.at_fault) == (Status.FAILED, "disk_full", SENTENCE, "us")
