"""Sessions and accounts that end by the dozen beside workers, sweeps and owners: nobody stands in anybody's way."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from types import SimpleNamespace
from uuid import UUID, uuid4

import msgspec
import pytest

from filemill import connections, redis_pool
from filemill.accounts import sessions
from filemill.accounts.sessions import Session
from filemill.apis.conversion import closing, files
from filemill.errors import BadRequest, FilemillError, JobFailed, NotFound, WrongStatus
from filemill.jobs import commands, sweep, uploads
from filemill.jobs.context import Context
from filemill.jobs.receipts import FileSum
from filemill.jobs.rows import claims, receipts
from filemill.jobs.rows import files as job_files
from filemill.jobs.rows.claims import Claimed
from filemill.pipelines import formats
from filemill.pipelines.run import Done, OutputFile
from filemill.runs.attempt import Ran
from filemill.runs.files import Found, expect_outputs
from filemill.runs.runner import Runner
from filemill.settings import Settings
from filemill.storage.intake import Intake
from filemill.storage.objects import output_key
from tests.apis.conversions import CSV, open_lane
from tests.fixtures.jobs import AS_IT_IS, create, jobs_of, new_account
from tests.fixtures.tidy import assert_tidy
from workers.on_completed import EXPIRIES, ON_COMPLETED

pytestmark = pytest.mark.anyio

SESSIONS, FILES_EACH = 18, 2
MEMBERS, JOBS_EACH = 8, 3
WORKERS = 4
OVER_SECONDS = 3.0
"""Within so long all of them end, each at a moment of its own."""

_dice = random.Random(7)


@pytest.fixture
async def crowded(at_hand: Context, settings: Settings) -> AsyncIterator[Context]:
    """A process with many connections, as there are many processes."""
    await connections.close()
    await connections.open(settings.database_url, size=20)
    redis_pool.open(settings.redis_url)
    await open_lane()
    yield at_hand
    await redis_pool.close()


async def deadlocks(settings: Settings) -> int:
    """How many PostgreSQL has ended in this database; those of closed connections are all counted."""
    await connections.close()
    await connections.open(settings.database_url, size=20)
    found: int = await connections.fetchval("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
    return found


# --- what there is ----------------------------------------------------------------------------------------------------


async def _chunks() -> AsyncIterator[bytes]:
    yield CSV


async def _a_session(at_hand: Context, intake: Intake) -> Session:
    """A visitor's, with files that wait to be converted; every third visitor has signed in."""
    session = await sessions.begin(3600, most_unused=1000)
    if _dice.random() < 0.3:
        session = await sessions.sign_in(session, await new_account(), 0, 3600)
    await session.admit_guest()
    csv = formats.FORMATS["csv"]
    for _ in range(FILES_EACH):
        job_id = uuid4()

        async def keep(taken: object, job_id: UUID = job_id) -> None:
            await files.keep(session, job_id, "people.csv", taken.object_id)  # type: ignore[attr-defined]

        await intake.receive(
            _chunks(),
            owner=session.guest,
            key=files.new_key(csv),
            file_name="people.csv",
            kind=csv,
            most_bytes=1000,
            address=session.id,
            seconds=3600,
            writes=keep,
        )
        await files.convert(session, job_id, "xlsx", "192.0.2.1")
    return session


async def _a_member(at_hand: Context) -> UUID:
    """Somebody with jobs that are queued and one that waits for its upload."""
    member = await new_account()
    for _ in range(JOBS_EACH):
        job = await create(member, AS_IT_IS, job_files_input())
        await uploads.sign(job.id, member)
        key = f"input/{job.id}/data.csv"
        await at_hand.store.put(key, CSV)
        if _dice.random() < 0.8:
            await uploads.mark(job.id, member, key)
    return member


def job_files_input() -> commands.NewInput:
    """The one input of a member's job."""
    return commands.NewInput("input", "data.csv", 1000)


# --- who is at it -----------------------------------------------------------------------------------------------------


class Worker:
    """A worker whose runs take no time: what it writes down is written by the real runner."""

    def __init__(self, at_hand: Context) -> None:
        self._store = at_hand.store
        pool = SimpleNamespace(engines={"tables": "1"}, is_isolated=False)
        self._runner = Runner("tables", str(uuid4()), pool, ON_COMPLETED)  # type: ignore[arg-type]

    async def work(self) -> None:
        """Takes one job to one of its ends, if there is one."""
        claimed = await claims.claim("tables", "a worker", "tables 1")
        if claimed is None:
            await asyncio.sleep(0.02)
            return
        how = _dice.choices(["finish", "fail", "drained", "killed", "lost"], [12, 2, 2, 1, 1])[0]
        match how:
            case "finish":
                with contextlib.suppress(JobFailed):
                    await self._finish(claimed)
            case "fail":
                await self._runner._fail(claimed, JobFailed("crashed", "It was too much."))
            case "lost":
                await connections.execute("UPDATE job SET lease_until = now() WHERE id = $1", claimed.id)
            case _:
                await self._runner._leave(claimed, how)
        if how != "finish":
            await self._runner._tidy(claimed, [])

    async def _finish(self, claimed: Claimed) -> None:
        inputs = await job_files.of_job(claimed.id, "in")
        key = output_key(claimed.id, claimed.fence, "made.csv")
        (output,) = await expect_outputs(claimed, (OutputFile("output", "made.csv", key, "csv"),), 60)
        await self._store.put(key, CSV)
        stat = await self._store.stat(key)
        assert stat is not None
        found = Found(output.object_id, stat.etag, FileSum("output", key, stat.size, None))
        read = [
            Found(one.object_id, one.etag or "", FileSum(one.name, one.key or "", one.size or 0, None))
            for one in inputs
            if one.object_id is not None
        ]
        if await self._runner._finish(claimed, Ran(Done(2, ()), [output], read, [found])) != "finished":
            await self._runner._tidy(claimed, [key])


async def _hash() -> None:
    if (due := await receipts.take(30)) is not None:
        await receipts.hashed(due.id, "0" * 64)
    await asyncio.sleep(0.01)


async def _sweep() -> None:
    await sweep.sweep(EXPIRIES)
    await sweep.remove_leaving()
    await asyncio.sleep(0.05)


def _meddler(members: list[UUID]) -> Callable[[], Awaitable[None]]:
    async def meddle() -> None:
        """An owner cancels, tries again or deletes one of its jobs."""
        member = _dice.choice(members)
        with contextlib.suppress(NotFound, WrongStatus, BadRequest):
            for job in await jobs_of(member, 0, 2):
                do = _dice.choice([commands.cancel, commands.retry, commands.delete])
                await do(job.id, member)
        await asyncio.sleep(0.01)

    return meddle


async def _again_until(over: asyncio.Event, do: Callable[[], Awaitable[None]]) -> None:
    while not over.is_set():
        await do()


async def _later(end: Callable[[], Awaitable[object]]) -> None:
    await asyncio.sleep(_dice.uniform(0, OVER_SECONDS))
    await end()


# --- the story --------------------------------------------------------------------------------------------------------


async def test_a_crowd_that_ends_leaves_no_deadlock_and_nothing_else(crowded: Context, settings: Settings) -> None:
    # given visitors and members with jobs in the queue
    before = await deadlocks(settings)
    intake = Intake(msgspec.structs.replace(settings, clamd="", intake_slots=SESSIONS), crowded.store)
    visitors = await asyncio.gather(*(_a_session(crowded, intake) for _ in range(SESSIONS)))
    members = await asyncio.gather(*(_a_member(crowded) for _ in range(MEMBERS)))
    merged = [v.member for v in visitors if v.member is not None]
    # when all of them end, each at a moment of its own, while workers, sweeps and owners go on
    over = asyncio.Event()
    workers = [Worker(crowded).work for _ in range(WORKERS)]
    busy = [*workers, _sweep, _hash, _hash, _meddler(members), _meddler(members)]
    at_it = asyncio.gather(*(_again_until(over, do) for do in busy))
    ends = [lambda v=v: closing.end(v) for v in visitors]
    ends += [lambda m=m: _close(m) for m in (*members, *merged)]
    await asyncio.gather(*(_later(end) for end in ends))
    over.set()
    await at_it
    # then PostgreSQL had to end nobody
    assert await deadlocks(settings) == before
    # and after the next sweeps nothing is left
    await connections.execute("UPDATE job SET lease_until = now() WHERE lease_until IS NOT NULL")
    for _ in range(4):
        await sweep.sweep(EXPIRIES)
    await connections.execute("UPDATE object SET writable_until = now() - interval '1 s' WHERE state = 'leaving'")
    await sweep.remove_leaving()
    accounts = [*members, *merged, *(v.guest for v in visitors)]
    left = {
        what: await connections.fetchval(f"SELECT count(*) FROM {table} WHERE {column} = ANY($1::uuid[])", accounts)
        for what, table, column in (
            ("accounts", "account", "id"),
            ("jobs", "job", "owner"),
            ("files", "conversion_file", "guest"),
        )
    }
    assert left == {"accounts": 0, "jobs": 0, "files": 0}
    assert await connections.fetchval("SELECT count(*) FROM object") == 0
    assert await crowded.store.keys() == []
    await assert_tidy(crowded.store, connections.fetch)


async def _close(member: UUID) -> None:
    with contextlib.suppress(FilemillError):
        await connections.execute("UPDATE account SET closed_at = now() WHERE id = $1", member)
