"""The end of accounts, and of what one has begun at a door: first its jobs are cancelled, then bytes go, then rows.

Nothing here waits: what a worker still holds is left to the next sweep.
"""

from uuid import UUID

from filemill import connections, logs
from filemill.accounts import queries as accounts
from filemill.jobs import closing_queries, commands, moves
from filemill.jobs.job import Status
from filemill.storage import queries as objects


async def close_ended() -> None:
    """Every account whose time is over, or that was closed, goes with all it owns; sweep calls this."""
    for account in await accounts.ended():
        if await close(account):
            logs.say("filemill.jobs.closing", "an account has gone", account=str(account))


async def close(account: UUID) -> bool:
    """Cancels the jobs of an account whose time is over; once no worker holds one, all it owns goes -> whether it did.

    Objects stay as `leaving` until their bytes are gone.
    """
    async with connections.transaction():
        if not await accounts.lock_ended(account):
            return False
        await _cancel(account, None)
        if await closing_queries.held(account, None):
            return False
        await objects.leave_all_owned(account)
        return await accounts.delete(account)


async def begin(account: UUID, door: str) -> list[UUID]:
    """Ends, inside a transaction, what an account has begun at a door -> the jobs that a worker still holds.

    `clear` does the rest once they have ended; where nobody calls it, sweep does.
    """
    await _cancel(account, door)
    await closing_queries.expire_now(account, door)
    return await closing_queries.held(account, door)


async def clear(account: UUID, door: str) -> None:
    """Deletes, inside a transaction, the ended jobs of an account at a door and sends their objects away."""
    jobs = await closing_queries.ended_jobs(account, door)
    await objects.leave_all_of(jobs)
    await closing_queries.delete(jobs)


async def dismiss(guest: UUID) -> None:
    """Lets a guest go that owns nothing any more; one that was merged into a member stays."""
    if await closing_queries.expire_if_empty(guest):
        await close(guest)


async def _cancel(account: UUID, door: str | None) -> None:
    moved = await moves.cancel_all([account], "its owner's time was over", door)
    await commands.settle([job.id for job in moved if job.status is Status.CANCELLED])
