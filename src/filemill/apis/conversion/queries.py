"""All SQL on files to be converted."""

from datetime import datetime
from uuid import UUID, uuid4

import msgspec

from filemill.connections import execute, fetch, fetchrow, fetchval

# A file is its session's until that ends, whether sweep has come by or not.
_OWN = "f.guest = $1 AND f.job_id = $2 AND f.expires_at > now()"


class FileRow(msgspec.Struct, frozen=True):
    """A file with its newest job, if it has one. `has_original`: the upload is still there."""

    id: UUID
    file_name: str
    object_id: UUID | None
    has_original: bool
    expires_at: datetime
    task: UUID | None
    status: str | None
    progress: float | None
    error_message: str | None
    ended_at: datetime | None


_FILE = f"""
SELECT f.id, f.file_name, f.object AS object_id, o.state IS NOT DISTINCT FROM 'stored' AS has_original, f.expires_at,
  j.id AS task, j.status, j.progress, j.error_message, j.ended_at
FROM conversion_file f LEFT JOIN object o ON o.id = f.object LEFT JOIN job j ON j.id = f.job
WHERE {_OWN}
"""  # noqa: S608


async def get(guest: UUID, job_id: UUID) -> FileRow | None:
    """The file that a guest calls by this id."""
    row = await fetchrow(_FILE, guest, job_id)
    return None if row is None else FileRow(**row)


async def is_used(guest: UUID, job_id: UUID) -> bool:
    """Whether a guest has a file of this id."""
    there = await fetchval("SELECT true FROM conversion_file WHERE guest = $1 AND job_id = $2", guest, job_id)
    return there is True


async def insert(guest: UUID, job_id: UUID, file_name: str, object_id: UUID, seconds: float) -> bool:
    """Writes down a file that was taken in, for so many seconds -> False where the guest has one of this id."""
    tag = await execute(
        """
        INSERT INTO conversion_file (id, guest, job_id, file_name, object, created_at, expires_at)
        VALUES ($1, $2, $3, $4, $5, now(), now() + make_interval(secs => $6::float8))
        ON CONFLICT (guest, job_id) DO NOTHING
        """,
        uuid4(),
        guest,
        job_id,
        file_name,
        object_id,
        seconds,
    )
    return tag == "INSERT 0 1"


async def set_job(file: UUID, job: UUID) -> bool:
    """Says which job is the newest on a file -> False if the file is not there any more."""
    return await execute("UPDATE conversion_file SET job = $2 WHERE id = $1", file, job) == "UPDATE 1"


async def queue_position(job: UUID) -> int | None:
    """1 and the older jobs that wait in the lane; None where the job does not wait."""
    position: int | None = await fetchval(
        """
        SELECT 1 + (SELECT count(*) FROM job older
          WHERE older.lane = mine.lane AND older.status = 'QUEUED' AND older.queued_at < mine.queued_at)
        FROM job mine WHERE mine.id = $1 AND mine.status = 'QUEUED'
        """,
        job,
    )
    return position


class ResultRow(msgspec.Struct, frozen=True):
    """What a file became: where it lies, its etag and size in bytes, and under which names both are known."""

    key: str
    etag: str
    size: int
    media_type: str | None
    made_as: str
    file_name: str


async def result(guest: UUID, file: UUID) -> ResultRow | None:
    """What a guest's file became, while it is there."""
    row = await fetchrow(
        """
        SELECT o.key, o.etag, o.size, o.media_type, made.file_name AS made_as, f.file_name
        FROM conversion_file f JOIN job j ON j.id = f.job AND j.status = 'COMPLETED'
        JOIN job_file made ON made.job = j.id AND made.side = 'out' AND made.name = 'output'
        JOIN object o ON o.id = made.object AND o.state = 'stored'
        WHERE f.guest = $1 AND f.id = $2 AND f.expires_at > now()
        """,
        guest,
        file,
    )
    return None if row is None else ResultRow(**row)


async def originals_of(job: UUID) -> list[UUID]:
    """The object of the upload that a job has converted, if it is still there."""
    rows = await fetch("SELECT object FROM conversion_file WHERE job = $1 AND object IS NOT NULL", job)
    return [row["object"] for row in rows]


async def forget_original(job: UUID) -> None:
    """Says that the upload is gone which a job has converted; its object is locked already."""
    await execute("UPDATE conversion_file SET object = NULL WHERE job = $1", job)


async def originals_of_guest(guest: UUID) -> list[UUID]:
    """The objects of every upload of a guest that is still there."""
    rows = await fetch("SELECT object FROM conversion_file WHERE guest = $1 AND object IS NOT NULL", guest)
    return [row["object"] for row in rows]


async def expire_all(guest: UUID) -> None:
    """Lets the time of every file of a guest be over; their objects are locked already."""
    await execute("UPDATE conversion_file SET expires_at = now() WHERE guest = $1", guest)


async def forget_all(guest: UUID) -> None:
    """Forgets every file of a guest; their objects are locked already."""
    await execute("DELETE FROM conversion_file WHERE guest = $1", guest)


async def forget_expired() -> None:
    """Forgets the files whose session is over; objects and jobs have an end of their own."""
    await execute(
        """
        DELETE FROM conversion_file WHERE id IN (
          SELECT id FROM conversion_file WHERE expires_at <= now() ORDER BY id FOR UPDATE SKIP LOCKED)
        """
    )
