"""All SQL on object rows: expected, stored, leaving, forgotten."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

import msgspec

from filemill.connections import execute, fetch, fetchrow, fetchval
from filemill.storage.objects import LONGEST_UPLOAD_SECONDS


class ObjectRow(msgspec.Struct, frozen=True):
    """An object as its row knows it. `is_signed`: a URL given for an upload is still valid."""

    id: UUID
    key: str
    state: str
    upload_id: str | None
    writable_until: datetime | None
    is_writable: bool
    is_signed: bool = False


async def expect(key: str, owner: UUID, job: UUID, seconds: int, *, fence: int | None = None) -> UUID:
    """Says, before the first byte, that bytes may arrive under `key` for so many seconds -> the object's id."""
    found: UUID = await fetchval(
        """
        INSERT INTO object (id, owner, job, fence, key, state, writable_until)
        VALUES ($1, $2, $3, $4, $5, 'arriving', clock_timestamp() + make_interval(secs => $6))
        ON CONFLICT (key) DO UPDATE SET
          writable_until = greatest(object.writable_until, excluded.writable_until)
        RETURNING id
        """,
        uuid4(),
        owner,
        job,
        fence,
        key,
        float(seconds),
    )
    return found


async def by_key(key: str) -> ObjectRow | None:
    """The row of a key, locked until the transaction ends."""
    row = await fetchrow(
        """
        SELECT id, key, state, upload_id, writable_until,
               coalesce(writable_until > clock_timestamp(), false) AS is_writable,
               coalesce(writable_until - make_interval(secs => $2) > clock_timestamp(), false) AS is_signed
        FROM object WHERE key = $1 FOR UPDATE
        """,
        key,
        float(LONGEST_UPLOAD_SECONDS),
    )
    return None if row is None else ObjectRow(**row)


async def note_upload(object_id: UUID, upload_id: str | None) -> None:
    """Remembers the open upload in parts of an object, or that there is none."""
    await execute("UPDATE object SET upload_id = $2 WHERE id = $1", object_id, upload_id)


async def stored_bytes(owners: list[UUID], *, but: UUID) -> int:
    """How many bytes of these accounts are stored, one object left out."""
    total: int = await fetchval(
        """
        SELECT coalesce(sum(size), 0)::bigint FROM object
        WHERE owner = ANY($1::uuid[]) AND state = 'stored' AND id <> $2
        """,
        owners,
        but,
    )
    return total


async def size_of(object_id: UUID) -> int:
    """The bytes of an object that was stored."""
    size: int = await fetchval("SELECT size FROM object WHERE id = $1", object_id)
    return size


async def store(
    object_id: UUID,
    *,
    size: int,
    etag: str,
    media_type: str | None,
    sha256: str | None = None,
    seconds: int | None = None,
) -> bool:
    """Says that an object's bytes are there, to be kept for `seconds` where given -> False if it is leaving already.

    Once a run's output is stored, nobody writes there any more; an input's URL stays valid.
    """
    tag = await execute(
        """
        UPDATE object SET state = 'stored', size = $2, etag = $3, media_type = $4, sha256 = $5, upload_id = NULL,
          writable_until = CASE WHEN fence IS NULL THEN writable_until END,
          expires_at = CASE WHEN $6::float8 IS NULL THEN NULL ELSE now() + make_interval(secs => $6::float8) END
        WHERE id = $1 AND state <> 'leaving'
        """,
        object_id,
        size,
        etag,
        media_type,
        sha256,
        None if seconds is None else float(seconds),
    )
    return tag == "UPDATE 1"


LEAVE_JOB = """
UPDATE object SET state = 'leaving', writable_until = greatest(writable_until, clock_timestamp()), expires_at = NULL
WHERE job = ANY($1::uuid[]) AND state <> 'leaving' RETURNING key
"""


async def leave_all_of(jobs: list[UUID]) -> list[str]:
    """Sends away every object of these jobs -> their keys."""
    return [row["key"] for row in await fetch(LEAVE_JOB, jobs)]


async def leave_all_owned(owner: UUID) -> None:
    """Sends away every object of an account."""
    await execute(
        """
        UPDATE object SET state = 'leaving', writable_until = greatest(writable_until, clock_timestamp()),
          expires_at = NULL
        WHERE owner = $1 AND state <> 'leaving'
        """,
        owner,
    )


async def leave_losers(job: UUID, fence: int, seconds: int) -> None:
    """Sends away what runs up to `fence` began and did not finish.

    The last of them asks for it once it is over: what it has sent lands within so many seconds. Of the others nobody
    knows whether they are, so they keep their time too.
    """
    await execute(
        """
        UPDATE object SET state = 'leaving',
          writable_until = greatest(CASE WHEN fence < $2 THEN writable_until END,
            clock_timestamp() + make_interval(secs => $3::float8))
        WHERE job = $1 AND state IN ('arriving', 'leaving') AND (fence = $2 OR (fence < $2 AND state = 'arriving'))
        """,
        job,
        fence,
        float(seconds),
    )


async def leave_strays(seconds: int) -> int:
    """Sends away what still arrives for a job that has ended or under a fence that is over -> how many."""
    tag = await execute(
        """
        UPDATE object o SET state = 'leaving',
          writable_until = CASE WHEN o.fence IS NULL THEN o.writable_until
            ELSE greatest(o.writable_until, clock_timestamp() + make_interval(secs => $1::float8)) END
        FROM job j WHERE o.job = j.id AND o.state = 'arriving'
          AND (j.status IN ('COMPLETED', 'FAILED', 'CANCELLED') OR o.fence < j.fence
               OR (o.fence = j.fence AND j.status NOT IN ('RUNNING', 'CANCELLATION_REQUESTED')))
        """,
        float(seconds),
    )
    return int(tag.split()[-1])


async def leave_expired() -> int:
    """Sends away what was to be kept until now, or lost its job or its process on the way in -> how many."""
    tag = await execute(
        """
        UPDATE object SET state = 'leaving', expires_at = NULL
        WHERE (state = 'stored' AND expires_at < now())
           OR (state = 'arriving' AND job IS NULL AND coalesce(expires_at < now(), true))
        """
    )
    return int(tag.split()[-1])


async def leaving(limit: int) -> list[ObjectRow]:
    """Objects whose bytes are to be removed: for the first time, or once more now that nobody can write there."""
    rows = await fetch(
        """
        SELECT id, key, state, upload_id, writable_until,
               coalesce(writable_until > clock_timestamp(), false) AS is_writable
        FROM object WHERE state = 'leaving'
          AND (removed_at IS NULL OR writable_until IS NULL OR writable_until <= clock_timestamp())
        ORDER BY writable_until NULLS FIRST LIMIT $1
        """,
        limit,
    )
    return [ObjectRow(**row) for row in rows]


async def removed(rows: Sequence[ObjectRow]) -> None:
    """The bytes of leaving objects were taken away; a row goes with them unless somebody could still write there."""
    await execute(
        """
        WITH gone AS (DELETE FROM object WHERE id = ANY($1::uuid[]) AND state = 'leaving')
        UPDATE object SET removed_at = clock_timestamp() WHERE id = ANY($2::uuid[])
        """,
        [row.id for row in rows if not row.is_writable],
        [row.id for row in rows if row.is_writable],
    )


async def unknown_of(keys: list[str]) -> list[str]:
    """Those of these keys that no row knows."""
    rows = await fetch(
        "SELECT key FROM unnest($1::text[]) AS one (key) WHERE NOT EXISTS (SELECT FROM object o WHERE o.key = one.key)",
        keys,
    )
    return [row["key"] for row in rows]


async def leaving_of_owner(owner: UUID) -> list[ObjectRow]:
    """The leaving objects of an account."""
    rows = await fetch(
        """
        SELECT id, key, state, upload_id, writable_until,
               coalesce(writable_until > clock_timestamp(), false) AS is_writable
        FROM object WHERE state = 'leaving' AND owner = $1
        """,
        owner,
    )
    return [ObjectRow(**row) for row in rows]


async def leaving_of(keys: list[str]) -> list[ObjectRow]:
    """The leaving objects among these keys."""
    rows = await fetch(
        """
        SELECT id, key, state, upload_id, writable_until,
               coalesce(writable_until > clock_timestamp(), false) AS is_writable
        FROM object WHERE state = 'leaving' AND key = ANY($1::text[])
        """,
        keys,
    )
    return [ObjectRow(**row) for row in rows]
