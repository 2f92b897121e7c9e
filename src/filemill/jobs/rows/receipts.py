"""All SQL on receipts: the results of COMPLETED jobs, and the objects that are due for their SHA-256."""

from datetime import datetime
from uuid import UUID

import msgspec

from filemill.connections import execute, fetchrow, fetchval
from filemill.jobs.rows.transitions import CHANNEL
from filemill.storage.queries import LOCKED


class Ended(msgspec.Struct, frozen=True):
    """A COMPLETED job: the times of its last run's begin and end, and the run's result as JSON text."""

    started_at: datetime
    ended_at: datetime
    result: str


async def of(job_id: UUID) -> Ended | None:
    """The end of a COMPLETED job, or None for another job."""
    row = await fetchrow(
        "SELECT started_at, ended_at, result FROM job WHERE id = $1 AND status = 'COMPLETED' AND result IS NOT NULL",
        job_id,
    )
    return None if row is None else Ended(row["started_at"], row["ended_at"], row["result"])


class Due(msgspec.Struct, frozen=True):
    """An object to be hashed, held by one worker until the hold ends."""

    id: UUID
    key: str
    size: int
    etag: str


async def due(object_ids: list[UUID]) -> None:
    """Makes these objects due for hashing, inside the transaction that finishes their job."""
    await execute(
        f"""
        WITH picked AS MATERIALIZED (SELECT o.id FROM object o WHERE o.id = ANY($1::uuid[]) {LOCKED})
        UPDATE object SET hash_due = clock_timestamp() FROM picked WHERE object.id = picked.id
        """,  # noqa: S608
        object_ids,
    )


async def take(seconds: int) -> Due | None:
    """Takes the smallest object that is due, for `seconds`; None where no object is due."""
    row = await fetchrow(
        """
        UPDATE object SET hash_due = clock_timestamp() + make_interval(secs => $1::float8) WHERE id = (
          SELECT id FROM object WHERE hash_due <= clock_timestamp() AND state = 'stored'
          ORDER BY size LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING id, key, size, etag
        """,
        float(seconds),
    )
    return None if row is None else Due(**row)


async def renew(object_id: UUID, seconds: int) -> bool:
    """Holds an object for `seconds` more -> False where the object is not due any more."""
    tag = await execute(
        """
        UPDATE object SET hash_due = clock_timestamp() + make_interval(secs => $2::float8)
        WHERE id = $1 AND state = 'stored' AND hash_due IS NOT NULL
        """,
        object_id,
        float(seconds),
    )
    return tag == "UPDATE 1"


async def hashed(object_id: UUID, sha256: str | None) -> None:
    """Writes an object's SHA-256 (None where there is none) to its row and its job's receipt, and wakes the waiters."""
    await execute(
        f"""
        WITH its_job AS MATERIALIZED (
          SELECT id FROM job WHERE id = (SELECT job FROM object WHERE id = $1) FOR NO KEY UPDATE),
        known AS (
          UPDATE object SET sha256 = $2::text, hash_due = NULL
          WHERE id = $1 AND hash_due IS NOT NULL AND (SELECT count(*) FROM its_job) >= 0  -- locked first
          RETURNING job, key),
        shown AS (
          UPDATE job SET result = jsonb_set(result, ARRAY['sha256', known.key], to_jsonb($2::text)) FROM known
          WHERE job.id = known.job AND job.status = 'COMPLETED' AND $2::text IS NOT NULL)
        SELECT pg_notify('{CHANNEL}', job::text) FROM known
        """,  # noqa: S608
        object_id,
        sha256,
    )


async def count_due(keys: list[str], most_bytes: int) -> int:
    """The number of these objects, up to `most_bytes` each, that are still due for hashing."""
    count: int = await fetchval(
        """
        SELECT count(*) FROM object
        WHERE key = ANY($1::text[]) AND hash_due IS NOT NULL AND state = 'stored' AND size <= $2
        """,
        keys,
        most_bytes,
    )
    return count
