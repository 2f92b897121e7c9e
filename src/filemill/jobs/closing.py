"""The end of an account, or of an account's jobs at one API: first jobs are cancelled, then bytes go, then rows.

Nothing here waits: jobs that a worker still holds are left to the next sweep.
"""

from uuid import UUID

from filemill import connections, logs
from filemill.accounts import queries as accounts
from filemill.jobs import commands
from filemill.jobs.job import Status
from filemill.jobs.rows import closing, jobs, transitions
from filemill.storage import queries as objects


async def close_ended() -> None:
    """Deletes every expired or closed account with all it owns. Sweep calls this function."""
    for account in await accounts.ended():
        if await close(account):
            logs.say("filemill.jobs.closing", "an account has gone", account=str(account))


@connections.in_transaction
async def close(account: UUID) -> bool:
    """Cancels the jobs of an ended account and, once no worker holds one, deletes the account -> whether it is deleted.

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
    """Ends an account's jobs at an API, inside a transaction -> the jobs that a worker still holds.

    `clear` deletes the jobs once all have ended; where nobody calls `clear`, sweep deletes the jobs.
    """
    await expire(account, api)
    await _cancel(account, api)
    return await closing.held(account, api)


async def expire(account: UUID, api: str) -> None:
    """Sets the end of all jobs of an account at an API to now, inside a transaction."""
    await closing.lock_jobs(account, api)
    await closing.expire_now(account, api)


@connections.in_transaction
async def clear(account: UUID, api: str) -> None:
    """Deletes the ended jobs of an account at an API; their objects become `leaving`."""
    ended = await closing.ended_jobs(account, api)
    await objects.leave_all_of(ended)
    await jobs.delete(ended)


async def dismiss(guest: UUID) -> None:
    """Deletes a guest without jobs and objects. A guest that was merged into a member stays."""
    if await closing.expire_if_empty(guest):
        await close(guest)


async def _cancel(account: UUID, api: str | None) -> None:
    moved = await transitions.cancel_all([account], "its owner's time was over", api)
    await commands.settle([job.id for job in moved if job.status is Status.CANCELLED])
