"""Stories of jobs that need more memory than they may have, in real cages: the step is named, and nothing is stuck."""

import io
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from filemill import connections
from filemill.jobs import commands, context, steps
from filemill.jobs.cage import Cage
from filemill.jobs.context import Context
from filemill.jobs.job import Job, Status
from filemill.jobs.queries import NewFile
from filemill.jobs.runner import Runner
from tests.engines.tables import workshop
from tests.fixtures.tidy import assert_tidy
from tests.jobs.conftest import mark_all

pytestmark = pytest.mark.anyio

LIMIT = 260
ROWS = 3_000_000
COLUMNS = "abcdefgh"


def large() -> bytes:
    """A table of 192 MB in memory and of little on disk: whole numbers that go up by one."""
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


LARGE = large()

HUNGRY: dict[str, dict[str, Any]] = {
    "sorting": workshop.sort({"column": "a", "descending": True}),
    "deduplicating": workshop.distinct(),
    "aggregating": workshop.aggregate(list(COLUMNS), **{f"n {name}": f"median {name}" for name in COLUMNS}),
    "pivoting": workshop.pivot(list(COLUMNS[2:]), "a", "b"),
    "joining": workshop.join(list(COLUMNS), "full"),
    "sampling": workshop.sample(n=ROWS),
}


@pytest.fixture
async def runner(at_hand: Context, tmp_path: Path) -> AsyncIterator[Runner]:
    """A worker whose jobs may have little memory."""
    context.open(
        msgspec.structs.replace(at_hand, settings=msgspec.structs.replace(at_hand.settings, job_memory_mb=LIMIT))
    )
    cage = Cage("tables", tmp_path)
    await cage.open(1)
    yield Runner("tables", "this test", cage, {})
    await cage.close()


async def queue_up(owner: Any, pipeline: list[dict[str, Any]], inputs: dict[str, bytes]) -> Job:
    wire = msgspec.json.encode(pipeline)
    job = await commands.create(
        commands.NewJob(
            owner=owner,
            door="data",
            pipeline=steps.decode(wire),
            as_sent=wire,
            inputs=tuple(NewFile(name, f"{name}.parquet", len(data)) for name, data in inputs.items()),
        )
    )
    return await mark_all(job, inputs)


@pytest.mark.parametrize("phase", HUNGRY)
async def test_the_step_that_needs_too_much_memory_is_named(
    at_hand: Context, owner: object, runner: Runner, phase: str
) -> None:
    # given a table that is larger than the memory a job may have
    inputs = {"input": LARGE, "other": LARGE} if phase == "joining" else {"input": LARGE}
    hungry = await queue_up(owner, [workshop.rename({"a": "a"}), HUNGRY[phase]], inputs)
    frugal = await queue_up(owner, [workshop.limit(9), workshop.sort("a")], {"input": LARGE})
    # when a step needs all of it at once
    await runner.until_empty()
    # then the job fails, and says which step it was
    job = await commands.get(hungry.id, hungry.owner)
    assert (job.status, job.error_code, job.at_fault) == (Status.FAILED, "too_much_memory", "caller")
    assert job.error_message == f"Step 2 ({phase}) needs more than {LIMIT} MB of memory, and no job may have more."
    # and the worker has gone on with the next one
    assert (await commands.get(frugal.id, frugal.owner)).status is Status.COMPLETED
    await assert_tidy(at_hand.store, connections.fetch)
