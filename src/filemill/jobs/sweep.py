"""The sweep every three seconds, in one process at a time: takes jobs back, ends, expires, wakes, removes bytes."""

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from filemill import connections, logs
from filemill.accounts import queries as accounts
from filemill.accounts import sign_in
from filemill.jobs import closing, commands, context, wakeups
from filemill.jobs.job import Status
from filemill.jobs.rows import crashes, jobs, plans, transitions, workers
from filemill.jobs.rows.transitions import Transition
from filemill.pipelines import pairs
from filemill.storage import queries as objects
from filemill.storage import removal

Forget = Callable[[], Awaitable[None]]

EVERY_SECONDS = 3
LOCK, REMOVAL_LOCK = 70_460_002, 70_460_003
"""The advisory locks of sweep and of the removal of bytes. No other lock of the service has these numbers."""

MOST_REMOVED = 500
STRAY_SECONDS = transitions.LEASE_SECONDS + 60
AWAY_MESSAGE = (
    "The object store was out of reach for longer than {} seconds; the job was not run. It can be tried again."
)


async def sweep(apis: Sequence[Forget] = ()) -> None:
    """One round through the rows, unless another process sweeps. Every part may be repeated.

    `apis` are the functions that delete the APIs' own expired rows.

    Under the lock, sweep asks only the database: a store or Redis that does not answer must not hold up the round.
    """
    async with connections.only_one(LOCK) as is_ours:
        if not is_ours:
            return
        await take_back()
        await end_waiting_for_store()
        await expire()
        for forget_at in apis:
            await forget_at()
    await wake()


async def take_back() -> None:
    """Puts jobs of lost workers back into the queue, or ends the jobs after their last allowed run."""
    for job in await _take_back():
        logs.say("filemill.jobs.sweep", "taken back", job=str(job.id), status=job.status)
    await objects.leave_strays(STRAY_SECONDS)


@connections.in_transaction
async def _take_back() -> list[Transition]:
    moved = await transitions.take_back()
    if failed := [job.id for job in moved if job.status is Status.FAILED]:
        await crashes.remember(failed)
    await _settle(moved)
    return moved


async def end_waiting_for_store() -> None:
    """Fails jobs that have waited too long for the store; the error names the store."""
    most = context.get().settings.store_away_seconds
    away: dict[str, list[float | None]] = {}
    for worker in await workers.alive():
        away.setdefault(worker.lane, []).append(worker.away_seconds)
    for lane, seconds in away.items():
        if any(s is None or s <= most for s in seconds):
            continue
        shortest = min(s for s in seconds if s is not None)
        await _fail_store_away(lane, shortest, most)


@connections.in_transaction
async def _fail_store_away(lane: str, seconds: float, most: int) -> None:
    await _settle(await transitions.fail_store_away(lane, seconds, most, AWAY_MESSAGE.format(most)))


async def expire() -> None:
    """Ends or deletes everything expired: missing uploads, guests, files, jobs, keys, old workers' rows."""
    settings = context.get().settings
    await _expire_jobs()
    await closing.close_ended()
    await objects.leave_expired()
    for job_id in await jobs.expired_rows():
        await forget(job_id)
    await plans.forget_left()
    await jobs.forget_idempotency_keys(settings.idempotency_seconds)
    await workers.forget()
    await crashes.forget()
    await accounts.forget_old(sign_in.WINDOW_SECONDS)


@connections.in_transaction
async def _expire_jobs() -> None:
    await _settle(await transitions.expire())


@connections.in_transaction
async def forget(job_id: UUID) -> None:
    """Deletes an expired ended job with its files, unless its owner has just queued the job again."""
    if await jobs.lock_expired(job_id):
        await objects.leave_all_of([job_id])
        await jobs.delete([job_id])


async def remove_leaving() -> None:
    """Removes the bytes of `leaving` objects, up to `MOST_REMOVED` a round, unless another process removes."""
    async with connections.only_one(REMOVAL_LOCK) as is_ours:
        if is_ours and (rows := await objects.leaving(MOST_REMOVED)):
            await removal.remove(context.get().store, rows)


async def wake() -> None:
    """Wakes every lane with due jobs, with no more wakeups than the lane has idle slots."""
    slots: dict[str, int] = {}
    for worker in await workers.alive():
        slots[worker.lane] = slots.get(worker.lane, 0) + worker.slots
        if worker.lane == pairs.TABLES_LANE:
            slots[pairs.PLANS_LANE] = slots.get(pairs.PLANS_LANE, 0) + 1
    for lane, (waiting, held) in (await jobs.waiting_and_held(list(slots))).items():
        idle = slots[lane] - held
        if waiting and idle > 0:
            served_by = pairs.TABLES_LANE if lane == pairs.PLANS_LANE else lane
            await wakeups.wake(served_by, min(waiting, idle))


async def _settle(moved: list[Transition]) -> None:
    ended: list[UUID] = [job.id for job in moved if job.status in (Status.FAILED, Status.CANCELLED)]
    if ended:
        await commands.settle(ended)
