"""Takes a lane's jobs through: claim, sandbox, outputs, finish. Every run of a job may be the second one."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar
from uuid import UUID

from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from filemill import connections, logs
from filemill.errors import DatabaseAway, JobFailed, StoreAway
from filemill.jobs import commands, context, receipts
from filemill.jobs.job import Status
from filemill.jobs.rows import claims, crashes, files, transitions
from filemill.jobs.rows import receipts as receipt_rows
from filemill.jobs.rows.claims import Claimed
from filemill.jobs.rows.files import FileRow
from filemill.pipelines import formats, fullness, options, pairs
from filemill.runs.attempt import Attempt, Ran
from filemill.runs.files import AFTER_LEASE_SECONDS, Found, Output
from filemill.runs.lease import Drain, Ended, Lease
from filemill.sandbox.pool import NoChild, Pool
from filemill.storage import queries as objects
from filemill.storage import removal

T = TypeVar("T")

OnCompleted = Callable[[UUID], Awaitable[None]]
"""Writes an API's own rows for a COMPLETED job, in the transaction that finishes the job."""

INSIST_SECONDS = 30
PROBE_SECONDS = 1.0
AGAIN_SECONDS = 2
"""Seconds until a job may be claimed again whose run could not begin, or could not reach the store."""


class Runner:
    """Runs a lane's jobs in one worker process: `slots` jobs at once, and plans beside them in the lane of tables.

    `on_completed` maps an API to the function that writes the API's own rows when a job COMPLETED.
    """

    def __init__(
        self, lane: str, worker: str, pool: Pool, on_completed: Mapping[str, OnCompleted], slots: int = 1
    ) -> None:
        self.lane = lane
        self.worker = worker
        self._drain = Drain()
        self._slots = asyncio.Semaphore(slots)
        self._pool = pool
        self._on_completed = on_completed
        self._away_since: float | None = None

    @property
    def engine(self) -> str:
        """The engines of this lane with their versions, as one text."""
        return ", ".join(f"{name} {version}" for name, version in sorted(self._pool.engines.items()))

    @property
    def away_seconds(self) -> float | None:
        """Seconds since the store went out of reach; None while the store answers."""
        return None if self._away_since is None else time.monotonic() - self._away_since

    def drain(self) -> None:
        """Stops claiming; running jobs go back into the queue at once."""
        self._drain.asked = True

    async def until_empty(self) -> None:
        """Claims and runs jobs until no job is due, no slot is free, or this worker drains.

        Callers wait for plans, so a plan comes before all jobs and takes no slot of a job.
        """
        while not self._drain.asked:
            if self._away_since is not None and not await self._probe():
                await asyncio.sleep(PROBE_SECONDS)
                continue
            if self.lane == pairs.TABLES_LANE and await self._run_next(pairs.PLANS_LANE):
                continue
            if self._slots.locked():
                return  # the run in the last slot looks for more once it ends
            async with self._slots:
                if not await self._run_next(self.lane):
                    return

    async def _run_next(self, lane: str) -> bool:
        """Claims the next job of `lane` and runs it -> False where no job can be claimed."""
        asked = time.monotonic()
        try:
            claimed = await self._claim(lane)
        except DatabaseAway as error:
            logs.warn("filemill.runs.runner", "the database is away; sweep wakes the lane again", cause=error)
            return False
        if claimed is None:
            return False
        token = logs.job_id.set(str(claimed.id))
        try:
            await self.run(claimed, asked)
        finally:
            logs.job_id.reset(token)
        return True

    async def _claim(self, lane: str) -> Claimed | None:
        # Plans are few: a look costs less than a claim that finds none.
        if lane == pairs.PLANS_LANE and not await claims.is_waiting(lane):
            return None
        # Another worker's probe may have locked the rows for a moment: ask once more beside waiting objects.
        for _ in range(2):
            if claimed := await claims.claim(lane, self.worker, self.engine):
                return claimed
            if not await claims.is_waiting(lane):
                return None
        return None

    async def _probe(self) -> bool:
        try:
            await context.get().store.probe()
        except StoreAway:
            return False
        self._away_since = None
        return True

    async def run(self, claimed: Claimed, started: float) -> None:
        """Takes a claimed job to its next status. `started` is the time of the claim, on the monotonic clock."""
        logs.say("filemill.runs.runner", "run begins", fence=claimed.fence, run=claimed.runs)
        keys: list[str] = []
        try:
            async with Lease(claimed, self._drain, started) as lease:
                inputs = await lease.beside(self._inputs(claimed))
                ran = await Attempt(claimed, lease, self._pool, started, keys).carry_out(inputs)
                await lease.told()
                how = await self._finish(claimed, ran)
        except JobFailed as failure:
            how = await self._insist(self._fail, claimed, failure)
        except Ended as ended:
            how = await self._insist(self._leave, claimed, ended.how)
        except StoreAway as error:
            logs.warn("filemill.runs.runner", "the store is away", cause=error)
            self._away_since = self._away_since or time.monotonic()
            how = await self._insist(self._leave, claimed, "store away")
        except NoChild as error:  # the job is not to blame
            logs.warn("filemill.runs.runner", "no child could be started", cause=error)
            how = await self._insist(self._leave, claimed, "no child")
        except DatabaseAway as error:
            logs.warn("filemill.runs.runner", "the database is away", cause=error)
            how = await self._insist(self._leave, claimed, "database away")
        except Exception as error:  # noqa: BLE001 -- the job must not stay RUNNING after any error
            logs.warn("filemill.runs.runner", "a run ended in a way nobody foresaw", cause=error)
            how = await self._insist(self._fail, claimed, _unforeseen(error))
        seconds = round(time.monotonic() - started, 3)
        logs.say("filemill.runs.runner", "run ended", fence=claimed.fence, how=how, seconds=seconds)
        if how != "finished":
            await self._tidy(claimed, keys)

    # --- before the sandbox ------------------------------------------------------------------------------------------

    async def _inputs(self, claimed: Claimed) -> list[FileRow]:
        """The inputs as recorded when their uploads were marked. Raises JobFailed for a missing or a refused input."""
        inputs = await files.of_job(claimed.id, "in")
        if options.decode(claimed.options).sample is not None:
            return inputs  # the sample of a plan is not in the store
        for file in inputs:
            if file.state != "stored":
                raise JobFailed("input_changed", file.refused or "An input of the job is not there any more.")
        if await crashes.is_known(claimed.id):
            raise JobFailed(
                "crashed",
                "The same files with the same steps have ended their worker several times in the last 30 days; they are"
                " not tried again. Change the steps, or save the files anew.",
                at_fault="us",
            )
        return inputs

    # --- how it ends -------------------------------------------------------------------------------------------------

    async def _finish(self, claimed: Claimed, ran: Ran) -> str:
        read, written = [one.sum for one in ran.inputs_now], [one.sum for one in ran.outputs_now]
        result = receipts.encode(ran.done, read, written, self._pool.engines)
        hash_due = [one.object_id for one in (*ran.inputs_now, *ran.outputs_now) if one.sum.sha256 is None]

        @connections.in_transaction
        async def finish() -> str:
            if not await transitions.finish(claimed.id, claimed.fence, result):
                return "cancelled" if await self._cancelled(claimed) else "lost"
            await objects.lock([one.object_id for one in (*ran.inputs_now, *ran.outputs_now)])
            for output, found in zip(ran.outputs, ran.outputs_now, strict=True):
                await self._keep(claimed, output, found)
            if hash_due:
                await receipt_rows.due(hash_due)
            await commands.settle([claimed.id])
            if claimed.api in self._on_completed:
                await self._on_completed[claimed.api](claimed.id)
            return "finished"

        return await self._insist(finish)

    async def _keep(self, claimed: Claimed, output: Output, found: Found) -> None:
        """Names a run's object as an output of the job. Raises JobFailed where the object is gone."""
        is_stored = await objects.store(
            output.object_id,
            size=found.sum.size,
            etag=found.etag,
            media_type=formats.media_type_of(output.file.format),
            sha256=found.sum.sha256,
        )
        if not is_stored:
            raise JobFailed("internal", "An output was taken away.", at_fault="us")
        await files.name_output(claimed.id, output.file.name, output.file.file_name, output.object_id)

    async def _cancelled(self, claimed: Claimed) -> bool:
        """Ends a job that its owner has cancelled meanwhile -> False where nobody has cancelled the job."""
        if not await transitions.cancelled(claimed.id, claimed.fence):
            return False
        await commands.settle([claimed.id])
        return True

    @connections.in_transaction
    async def _fail(self, claimed: Claimed, failure: JobFailed) -> str:
        if not await transitions.fail(claimed.id, claimed.fence, failure.code, failure.message, failure.at_fault):
            return "cancelled" if await self._cancelled(claimed) else "lost"
        if failure.code == "crashed":
            await crashes.remember([claimed.id])
        await commands.settle([claimed.id])
        return f"failed: {failure.code}"

    @connections.in_transaction
    async def _leave(self, claimed: Claimed, how: str) -> str:
        """Lets go of an unfinished job, with the transition that fits `how`."""
        if how == "cancelled":
            return how if await self._cancelled(claimed) else "lost"
        if how == "killed":
            status = await transitions.lost_process(claimed.id, claimed.fence)
        elif how == "store away" and claimed.fence - claimed.runs > _most_absences():
            status = await self._give_up_on_store(claimed)
        else:
            after = AGAIN_SECONDS if how in ("no child", "store away") else 0
            status = await transitions.give_back(claimed.id, claimed.fence, how, after)
        if how == "killed" and status is Status.FAILED:
            await crashes.remember([claimed.id])
        if status in (Status.FAILED, Status.CANCELLED):
            await commands.settle([claimed.id])
        return how if status is not None else "lost"

    async def _give_up_on_store(self, claimed: Claimed) -> Status | None:
        """Fails a job whose files the store refuses again and again, although the store answers otherwise."""
        message = "The object store could not be read from or written to, time and again; the job can be tried again."
        failed = await transitions.fail(claimed.id, claimed.fence, "store_away", message, "us")
        if failed:
            return Status.FAILED
        return Status.CANCELLED if await self._cancelled(claimed) else None

    async def _insist(self, do: Callable[..., Awaitable[T]], *args: object) -> T:
        """Calls `do`, again for 30 s while the database is away. Then sweep takes over, as the lease has ended."""
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(DatabaseAway),
            wait=wait_fixed(0.3),
            stop=stop_after_delay(INSIST_SECONDS),
            reraise=True,
        ):
            with attempt:
                return await do(*args)
        raise DatabaseAway

    async def _tidy(self, claimed: Claimed, keys: list[str]) -> None:
        """Removes the outputs of an unfinished run; sweep looks once more later.

        The rows of a run that was paused for hours may be gone. So bytes under `keys` without a row go too.
        """
        store = context.get().store
        with contextlib.suppress(DatabaseAway, StoreAway):
            await objects.leave_losers(claimed.id, claimed.fence, AFTER_LEASE_SECONDS)
            await removal.remove(store, await objects.leaving_of(keys))
            await removal.take_away(store, dict.fromkeys(await objects.unknown_of(keys)))


def _most_absences() -> int:
    """How often a job may come back because of the store: as often as fits into the longest time away."""
    return context.get().settings.store_away_seconds // AGAIN_SECONDS


def _unforeseen(error: Exception) -> JobFailed:
    """What the caller hears of an error that nobody foresaw."""
    if fullness.is_behind(error):
        return fullness.failure()
    return JobFailed("internal", "Something went wrong on our side.", at_fault="us")
