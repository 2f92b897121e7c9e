"""A stack that stories break: a long job in the middle of its run, who holds it, and what became of it."""

import gzip
from uuid import UUID

from filemill.local import object_store
from filemill.local.process import Process
from filemill.local.server import ObjectStore
from tests.fixtures.faulty import FaultyStack, family, sandbox_children
from tests.journeys.tables import LONG, long_as_ndjson
from tests.journeys.visitor import Job, Visitor, database_of, step

AS_PACKED_JSON = [step("convert_format", to_format="ndjson.gz")]


def restart(store: ObjectStore) -> None:
    """Starts a store again, and waits until it takes what is written."""
    store.start()
    object_store.prepare(store)


async def at_work(stack: FaultyStack, visitor: Visitor) -> tuple[Job, Process]:
    """A long job that is being written, and the worker that runs it."""
    job = await visitor.queue(LONG, AS_PACKED_JSON, "long.csv")
    await visitor.until_written(job)
    return job, await worker_of(stack, job)


async def held(stack: FaultyStack, visitor: Visitor) -> tuple[Job, Process]:
    """A long job stopped in the middle of writing, and the worker that waits for it."""
    job, worker = await at_work(stack, visitor)
    for child in sandbox_children(worker):
        child.suspend()
    assert (await visitor.read(job))["status"] == "RUNNING", "it had ended before it was stopped"
    return job, worker


async def worker_of(stack: FaultyStack, job: Job) -> Process:
    """The worker that holds a job."""
    async with database_of(stack) as database:
        name = await database.fetchval("SELECT worker FROM job WHERE id = $1", UUID(job["id"]))
    pid = int(name.rsplit(":", 1)[1])
    return next(w for w in stack.workers.values() if w.alive and pid in {member.pid for member in family(w)})


async def counts(stack: FaultyStack, job: Job) -> tuple[int, int]:
    """How often a job was claimed in all, and how many of these runs count against it."""
    async with database_of(stack) as database:
        row = await database.fetchrow("SELECT fence, runs FROM job WHERE id = $1", UUID(job["id"]))
    return row["fence"], row["runs"]


async def assert_whole(visitor: Visitor, job: Job, seconds: float = 60) -> None:
    """The long job completes, once, with all it was to write."""
    assert gzip.decompress(await visitor.finished(job, seconds=seconds)) == long_as_ndjson()
