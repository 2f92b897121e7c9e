"""The end of a session's files: their jobs are cancelled, then bytes and rows go."""

import asyncio
import contextlib
from uuid import UUID

from filemill import connections
from filemill.accounts import owner_queries as owners
from filemill.accounts import queries as accounts
from filemill.accounts import sessions
from filemill.accounts.sessions import Session
from filemill.apis.conversion import queries
from filemill.errors import NotFound
from filemill.jobs import closing, context, waiters
from filemill.jobs.job import CONVERSION
from filemill.storage import queries as objects
from filemill.storage import removal

WAIT_SECONDS = 5
"""How long whoever closes waits: for jobs that run, then for bytes to go. What is left by then is swept away."""


async def end(session: Session) -> None:
    """Ends a session with every file of its guest, what they became, and the guest, unless a member signed in to it.

    The guest's time is over first, in a transaction of its own: whatever happens to this request, sweep does the rest.
    Then the session is over, so that no file comes in behind; nobody can ask for one any more.
    """
    until = asyncio.get_running_loop().time() + WAIT_SECONDS
    guest = session.guest
    await accounts.end_guest(guest)
    await _expire(guest)
    await sessions.end(session)
    held = await _begin(guest)
    await asyncio.gather(*(_ended(job, guest) for job in held))
    await closing.clear(guest, CONVERSION)
    # Where the store is away or has much to do, the rows say `leaving`, and sweep goes on.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(until):
            await removal.remove(context.get().store, await objects.leaving_of_owner(guest))
    await closing.close(guest)


@connections.in_transaction
async def _expire(guest: UUID) -> None:
    """A guest that was merged into a member stays, but not what it has here."""
    await owners.lock(guest)
    await closing.expire(guest, CONVERSION)
    await objects.expire(await queries.originals_of_guest(guest))
    await queries.expire_all(guest)


@connections.in_transaction
async def _begin(guest: UUID) -> list[UUID]:
    await owners.lock(guest)
    held = await closing.begin(guest, CONVERSION)
    await objects.leave(await queries.originals_of_guest(guest))
    await queries.forget_all(guest)
    return held


async def _ended(job: UUID, guest: UUID) -> None:
    with contextlib.suppress(NotFound):  # sweep was quicker
        await waiters.until_ended(job, guest, WAIT_SECONDS)
