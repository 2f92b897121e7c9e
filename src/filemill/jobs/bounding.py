"""Bounds what the rows of an account's ended jobs take: jobs without results go first, then no more come."""

from uuid import UUID

from filemill import connections, logs
from filemill.jobs import context
from filemill.jobs.rows import bounds, jobs
from filemill.storage import queries as objects

EVERY_SECONDS = 15
LOCK = 70_460_005
"""The advisory lock of this look. No other lock of the service has this number."""

LOOK_BACK_SECONDS = 4 * EVERY_SECONDS
MOST_AT_ONCE = 500
MOST_IN_ONE_LOOK = 5000


async def bound() -> None:
    """Looks at the accounts of which a job has just ended, unless another process looks."""
    async with connections.only_one(LOCK) as is_ours:
        if not is_ours:
            return
        settings = context.get().settings
        for owner in await bounds.owners(settings.job_row_seconds, LOOK_BACK_SECONDS):
            await bound_one(owner, settings.ended_rows_bytes)


async def bound_one(owner: UUID, most_bytes: int) -> None:
    """Deletes an account's oldest ended jobs without a result, as many as are too many; notes where that is not enough.

    Results are kept as long as was promised: an account whose jobs all have one makes no more until it deletes some.
    """
    gone = 0
    while gone < MOST_IN_ONE_LOOK:
        surplus = await bounds.surplus(owner, most_bytes, MOST_AT_ONCE)
        if not surplus.jobs:
            break
        deleted = await _delete(surplus.jobs)
        gone += deleted
        if not deleted:  # somebody holds them all; the next look comes soon
            break
    await bounds.note_full(owner, surplus.total - surplus.bytes > most_bytes)
    if gone:
        logs.say("filemill.jobs.bounding", "ended jobs were deleted", account=str(owner), jobs=gone)


@connections.in_transaction
async def _delete(ids: list[UUID]) -> int:
    ended = await bounds.lock_ended(ids)
    await objects.leave_all_of(ended)
    await jobs.delete(ended)
    return len(ended)
