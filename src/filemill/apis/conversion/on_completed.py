"""What this API does once a file was converted: the original goes, the result stays until the session ends."""

from uuid import UUID

from filemill.apis.conversion import queries
from filemill.storage import queries as objects


async def converted(job_id: UUID) -> None:
    """Runs in the transaction in which the job becomes COMPLETED."""
    await objects.leave(await queries.originals_of(job_id))
    await queries.forget_original(job_id)
