"""The end of accounts, and of what one has begun at an API: first its jobs are cancelled, then bytes go, then rows.

Nothing here waits: what a worker still holds is left to the next sweep.
"""

from uuid import UUID

from filemill import connections, logs
from filemill.accounts import queries as accounts
from filemill.jobs import commands
from filemill.jobs.job import Status
from filemill.jobs.rows import closing, jobs, transitions
from filemill.storage import queries as objects


async def close_ended() -> None:
    """Every account whose time is over, or that was closed, goes with all it owns; sweep calls this."""
    for account in await accounts.ended():
        if await close(account):
            logs.say("filemill.jobs.closing", "an account has gone", account=str(account))


@connections.in_transaction
async def close(account: UUID) -> bool:
    """Cancels the jobs of an account whose time is over; once no worker holds one, all it owns goes -> whether it did.

    Objects stay as `leaving` until their bytes are gone.
    """
    if not await accounts.lock_ended(account):
        return False
    await closing.lock_jobs(account, None)
    await _cancel(account, None)
    if await closing.held(account, None):
        return False
    await accounts.seal(account)
    await objects.leave_all_owned(account)
    return await accounts.delete(account)


async def begin(account: UUID, api: str) -> list[UUID]:
    """Ends, inside a transaction, what an account has begun at an API -> the jobs that a worker still holds.

    `clear` does the rest once they have ended; where nobody calls it, sweep does.
    """
    await expire(account, api)
    await _cancel(account, api)
    return await closing.held(account, api)


async def expire(account: UUID, api: str) -> None:
    """Lets, inside a transaction, the time of all jobs be over that an account has begun at an API."""
    await closing.lock_jobs(account, api)
    await closing.expire_now(account, api)


@connections.in_transaction
async def clear(account: UUID, api: str) -> None:
    """Deletes the ended jobs of an account at an API and sends their objects away."""
    ended = await closing.ended_jobs(account, api)
    await objects.leave_all_of(ended)
    await jobs.delete(ended)


async def dismiss(guest: UUID) -> None:
    """Lets a guest go that owns nothing any more; one that was merged into a member stays."""
    if await closing.expire_if_empty(guest):
        await close(guest)


async def _cancel(account: UUID, api: str | None) -> None:
    moved = await transitions.cancel_all([account], "its owner's time was over", api)
    await commands.settle([job.id for job in moved if job.status is Status.CANCELLED])
