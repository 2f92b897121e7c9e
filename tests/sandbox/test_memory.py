"""Stories of jobs that need more memory than they may have, in real sandboxes: the step is named, nothing sticks."""

import asyncio
import contextlib
import io
import os
from collections.abc import AsyncIterator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filemill import connections
from filemill.jobs import commands, context
from filemill.jobs.context import Context
from filemill.jobs.job import Job, Status
from filemill.jobs.rows.jobs import NewFile
from filemill.runs.runner import Runner
from filemill.sandbox import users
from filemill.sandbox.pool import Pool
from tests.engines.tables import workshop
from tests.fixtures.jobs import create, mark_all, now
from tests.fixtures.tidy import assert_tidy

pytestmark = pytest.mark.anyio

LITTLE, ENOUGH = 260, 500
"""Memory that is too little for the table, and enough where rows are put on disk."""

ROWS = 8_000_000
COLUMNS = "abcdefgh"


@cache
def large() -> bytes:
    """A table of 512 MB in memory and of little on disk: whole numbers that go up by one."""
    numbers = pa.array(range(ROWS))
    file = io.BytesIO()
    pq.write_table(
        pa.table(dict.fromkeys(COLUMNS, numbers)),
        file,
        use_dictionary=False,
        column_encoding=dict.fromkeys(COLUMNS, "DELTA_BINARY_PACKED"),
        row_group_size=50_000,
    )
    return file.getvalue()


HUNGRY: dict[str, dict[str, Any]] = {
    "deduplicating": workshop.distinct(),
    "aggregating": workshop.aggregate(list(COLUMNS), **{f"n {name}": f"median {name}" for name in COLUMNS}),
    "pivoting": workshop.pivot(list(COLUMNS[2:]), "a", "b"),
    "joining": workshop.join(list(COLUMNS), "full"),
    "sampling": workshop.sample(n=ROWS),
}
BACKWARDS = workshop.sort({"column": "a", "descending": True})


@pytest.fixture
async def pool(at_hand: Context, tmp_path: Path) -> AsyncIterator[Pool]:
    """A sandbox whose jobs may have little memory."""
    allow(at_hand, LITTLE)
    pool = Pool("tables", tmp_path)
    await pool.open(1)
    yield pool
    await pool.close()


@pytest.fixture
async def runner(pool: Pool) -> Runner:
    return Runner("tables", "this test", pool, {})


def allow(at_hand: Context, memory_mb: int, disk_mb: int = 1000) -> None:
    settings = msgspec.structs.replace(at_hand.settings, job_memory_mb=memory_mb, job_disk_mb=disk_mb)
    context.open(msgspec.structs.replace(at_hand, settings=settings))


async def queue_up(owner: Any, pipeline: list[dict[str, Any]], inputs: dict[str, bytes]) -> Job:
    wire = msgspec.json.encode(pipeline)
    job = await create(owner, wire, *(NewFile(name, f"{name}.parquet", len(data)) for name, data in inputs.items()))
    return await mark_all(job, inputs)


def left_on_disk(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("phase", HUNGRY)
async def test_the_step_that_needs_too_much_memory_is_named(
    at_hand: Context, owner: object, runner: Runner, phase: str
) -> None:
    # given a table that is larger than the memory a job may have
    inputs = {"input": large(), "other": large()} if phase == "joining" else {"input": large()}
    hungry = await queue_up(owner, [workshop.rename({"a": "a"}), HUNGRY[phase]], inputs)
    frugal = await queue_up(owner, [workshop.limit(9), workshop.sort("a")], {"input": large()})
    # when a step needs all of it at once
    await runner.until_empty()
    # then the job fails, and says which step it was
    job = await now(hungry)
    assert (job.status, job.error_code, job.at_fault) == (Status.FAILED, "too_much_memory", "caller")
    assert job.error_message == (
        f"Step 2 ({phase}) needs more than {LITTLE} MB of memory, and no job may have more; drop columns or filter rows"
        " before."
    )
    # and the worker has gone on with the next one
    assert (await now(frugal)).status is Status.COMPLETED
    await assert_tidy(at_hand.store, connections.fetch)


async def test_the_first_rows_of_a_sorted_table_need_no_room_for_the_others(
    at_hand: Context, owner: object, runner: Runner
) -> None:
    job = await queue_up(owner, [BACKWARDS, workshop.select("h"), workshop.limit(3)], {"input": large()})
    await runner.until_empty()
    made = await at_hand.store.get(f"output/{job.id}/input_processed.parquet")
    assert pq.read_table(io.BytesIO(made))["h"].to_pylist() == [ROWS - 1, ROWS - 2, ROWS - 3]


async def test_a_table_larger_than_the_memory_is_sorted_on_disk(
    at_hand: Context, owner: object, runner: Runner, tmp_path: Path
) -> None:
    # given a table that does not fit into the memory a job may have, and a child that has sorted the same before
    allow(at_hand, ENOUGH)
    for _ in range(2):
        job = await queue_up(owner, [BACKWARDS], {"input": large()})
        await runner.until_empty()
    # then every row is there, in order, and nothing is left on disk
    job = await now(job)
    assert (job.status, job.error_message) == (Status.COMPLETED, None)
    file = pq.ParquetFile(io.BytesIO(await at_hand.store.get(f"output/{job.id}/input_processed.parquet")))
    last = ROWS
    for batch in file.iter_batches(columns=["a", "h"]):
        numbers = batch["a"].to_pylist()
        assert numbers == list(range(last - 1, last - 1 - len(numbers), -1)) == batch["h"].to_pylist()
        last -= len(numbers)
    assert last == 0
    assert not left_on_disk(tmp_path)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts children as other users")
async def test_a_user_of_the_jobs_own_sorts_on_disk_and_leaves_nothing(
    at_hand: Context, owner: object, python_for_all: None, runner: Runner, tmp_path: Path
) -> None:
    # given root who starts children that other users are, in a folder that these get through from inside alone
    allow(at_hand, ENOUGH)
    large_job = await queue_up(owner, [BACKWARDS], {"input": large()})
    sheet = await queue_up(owner, [workshop.limit(1000), workshop.convert("xlsx")], {"input": large()})
    # when a table is sorted that does not fit into memory, and another written by way of a temporary file
    work = asyncio.create_task(runner.until_empty())
    owners: set[int] = set()
    while not work.done():
        with contextlib.suppress(FileNotFoundError):
            owners |= {path.stat().st_uid for path in left_on_disk(tmp_path)}
        await asyncio.sleep(0.02)
    await work
    # then the files on disk were that user's, and all is well and gone
    for job in (await now(large_job), await now(sheet)):
        assert (job.status, job.error_message) == (Status.COMPLETED, None)
    assert owners
    assert owners <= set(users.NUMBERS)
    assert not left_on_disk(tmp_path)


async def test_more_groups_than_fit_into_memory_are_put_on_disk(
    at_hand: Context, owner: object, runner: Runner, tmp_path: Path
) -> None:
    # given a table in which every row is a group of its own, and a quarter of the memory that all groups take
    allow(at_hand, 1024)
    asked = {"n": "count", **{f"sum {name}": f"sum {name}" for name in "bcde"}}
    job = await queue_up(owner, [workshop.aggregate(["a"], **asked)], {"input": large()})
    # when they are made
    work = asyncio.create_task(runner.until_empty())
    seen: set[str] = set()
    while not work.done():
        seen |= {path.name for path in left_on_disk(tmp_path)}
        await asyncio.sleep(0.02)
    await work
    # then some were on disk for a while, and all of them are there, right, and in order
    job = await now(job)
    assert (job.status, job.error_message) == (Status.COMPLETED, None)
    assert any(name.startswith("spill-group-by") for name in seen), seen
    file = pq.ParquetFile(io.BytesIO(await at_hand.store.get(f"output/{job.id}/input_processed.parquet")))
    first = 0
    for batch in file.iter_batches():
        numbers = list(range(first, first + batch.num_rows))
        assert all(batch[name].to_pylist() == numbers for name in ("a", "sum b", "sum e"))
        assert set(batch["n"].to_pylist()) == {1}
        first += batch.num_rows
    assert first == ROWS
    assert not left_on_disk(tmp_path)


async def test_a_table_larger_than_the_disk_is_refused_and_nothing_stays_there(
    at_hand: Context, owner: object, runner: Runner, tmp_path: Path
) -> None:
    # given a disk that holds less than the table
    allow(at_hand, ENOUGH, disk_mb=1)
    job = await queue_up(owner, [BACKWARDS], {"input": large()})
    # when it is sorted
    await runner.until_empty()
    # then the job fails, and says which step it was
    job = await now(job)
    assert job.error_message == (
        f"Step 1 (sorting) needs more than {ENOUGH} MB of memory and 1 MB of disk, and no job may have more."
    )
    assert not left_on_disk(tmp_path)
    await assert_tidy(at_hand.store, connections.fetch)


async def test_what_a_killed_process_has_put_on_disk_goes_with_it(
    at_hand: Context, owner: object, runner: Runner, tmp_path: Path
) -> None:
    # given a job that has begun to put rows on disk
    allow(at_hand, ENOUGH)
    job = await queue_up(owner, [BACKWARDS], {"input": large()})
    work = asyncio.create_task(runner.until_empty())
    while not left_on_disk(tmp_path):
        assert not work.done()
        await asyncio.sleep(0.02)
    # when it is cancelled
    await commands.cancel(job.id, job.owner)
    await work
    # then they are gone
    assert (await now(job)).status is Status.CANCELLED
    assert not left_on_disk(tmp_path)
