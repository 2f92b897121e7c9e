"""The end of a session's files: their jobs are cancelled, then bytes and rows go."""

import asyncio
import contextlib
from uuid import UUID

from filemill import connections
from filemill.accounts import owner_queries as owners
from filemill.apis.conversion import queries
from filemill.errors import NotFound
from filemill.jobs import closing, commands, context
from filemill.jobs.job import CONVERSION
from filemill.storage import queries as objects
from filemill.storage import removal

WAIT_SECONDS = 5
"""How long whoever closes waits: for jobs that run, then for bytes to go. What is left by then is swept away."""


async def close(guest: UUID) -> None:
    """Deletes every file of a guest and what they became, and the guest itself if it owns nothing else.

    Its session has to be over already, so that no file comes in behind; nobody can ask for one any more.
    """
    until = asyncio.get_running_loop().time() + WAIT_SECONDS
    async with connections.transaction():
        await owners.lock(guest)
        await queries.forget_all(guest)
        held = await closing.begin(guest, CONVERSION)
    await asyncio.gather(*(_ended(job, guest) for job in held))
    async with connections.transaction():
        await closing.clear(guest, CONVERSION)
    # Where the store is away or has much to do, the rows say `leaving`, and sweep goes on.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout_at(until):
            await removal.remove(context.get().store, await objects.leaving_of_owner(guest))
    await closing.dismiss(guest)


async def _ended(job: UUID, guest: UUID) -> None:
    with contextlib.suppress(NotFound):  # sweep was quicker
        await commands.wait(job, guest, WAIT_SECONDS)
