"""All SQL on the files of a job: announced, bound to an object, marked as uploaded, named as an output."""

from uuid import UUID

import msgspec

from filemill.connections import execute, fetch, fetchval
from filemill.storage.queries import LOCKED


class FileRow(msgspec.Struct, frozen=True):
    """A named input or output with the columns of its object. Sizes are in bytes.

    `refused`: why what was uploaded last was taken away.
    """

    name: str
    file_name: str
    announced_size: int | None
    is_marked: bool
    object_id: UUID | None
    key: str | None
    state: str | None
    size: int | None
    etag: str | None
    sha256: str | None
    upload_id: str | None
    refused: str | None


async def of_job(job_id: UUID, side: str) -> list[FileRow]:
    """The inputs (`side` is `in`) or outputs (`out`) of a job."""
    rows = await fetch(
        """
        SELECT f.name, f.file_name, f.announced_size, f.marked_at IS NOT NULL AS is_marked, o.id AS object_id, o.key,
          o.state, o.size, o.etag, o.sha256, o.upload_id, o.refused
        FROM job_file f LEFT JOIN object o ON o.id = f.object WHERE f.job = $1 AND f.side = $2 ORDER BY f.id
        """,
        job_id,
        side,
    )
    return [FileRow(**row) for row in rows]


async def expect_input(job_id: UUID, name: str, object_id: UUID, pending_seconds: int) -> None:
    """Binds an object to an input, and keeps the PENDING job for at least `pending_seconds` from now."""
    await execute(
        """
        WITH bound AS (UPDATE job_file SET object = $3 WHERE job = $1 AND side = 'in' AND name = $2)
        UPDATE job SET updated_at = clock_timestamp(),
          expires_at = greatest(expires_at, now() + make_interval(secs => $4::float8))
        WHERE id = $1 AND status = 'PENDING'
        """,
        job_id,
        name,
        object_id,
        float(pending_seconds),
    )


async def bind_input(job_id: UUID, name: str, object_id: UUID) -> None:
    """Binds a stored object to an input and marks the input as uploaded."""
    await execute(
        "UPDATE job_file SET object = $3, marked_at = now() WHERE job = $1 AND side = 'in' AND name = $2",
        job_id,
        name,
        object_id,
    )


async def mark_input(job_id: UUID, name: str) -> bool:
    """Marks an input as uploaded -> True where no other input is missing."""
    ready: bool = await fetchval(
        """
        WITH marked AS (UPDATE job_file SET marked_at = now() WHERE job = $1 AND side = 'in' AND name = $2)
        SELECT NOT EXISTS (SELECT FROM job_file WHERE job = $1 AND side = 'in' AND name <> $2 AND marked_at IS NULL)
        """,
        job_id,
        name,
    )
    return ready


async def name_output(job_id: UUID, name: str, file_name: str, object_id: UUID) -> None:
    """Names an object as an output of the job."""
    await execute(
        """
        INSERT INTO job_file (job, side, name, file_name, object) VALUES ($1, 'out', $2, $3, $4)
        ON CONFLICT (job, side, name) DO UPDATE SET file_name = excluded.file_name, object = excluded.object
        """,
        job_id,
        name,
        file_name,
        object_id,
    )


async def keep_inputs(job_id: UUID) -> bool:
    """Keeps a job's inputs from expiring -> True where all inputs are still stored."""
    inputs = await fetch(
        f"SELECT o.id FROM object o JOIN job_file f ON f.object = o.id WHERE f.job = $1 AND f.side = 'in' {LOCKED}",  # noqa: S608
        job_id,
    )
    there: bool = await fetchval(
        """
        SELECT bool_and(f.marked_at IS NOT NULL AND o.state IS NOT DISTINCT FROM 'stored')
        FROM job_file f LEFT JOIN object o ON o.id = f.object WHERE f.job = $1 AND f.side = 'in'
        """,
        job_id,
    )
    if there:
        await execute(
            "UPDATE object SET expires_at = NULL WHERE id = ANY($1::uuid[]) AND job = $2",
            [row["id"] for row in inputs],
            job_id,
        )
    return bool(there)
