"""All SQL on object rows: expected, stored, leaving, forgotten."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

import msgspec

from filemill.connections import execute, fetch, fetchrow, fetchval
from filemill.storage.objects import LONGEST_UPLOAD_SECONDS

LOCKED = "ORDER BY o.id FOR NO KEY UPDATE OF o"
"""As a statement locks several objects, before what hangs on them: the order of locks (docs/architecture.md)."""

FREE = f"{LOCKED} SKIP LOCKED"
"""As sweep locks objects, which waits for nobody: what somebody else holds is there in the next round, too."""


def _leave(which: str) -> str:
    return f"""
    WITH picked AS MATERIALIZED (SELECT o.id FROM object o WHERE {which} {LOCKED})
    UPDATE object SET state = 'leaving', writable_until = greatest(object.writable_until, clock_timestamp()),
      expires_at = NULL
    FROM picked WHERE object.id = picked.id AND object.state <> 'leaving' RETURNING object.key
    """  # noqa: S608 -- put together from constants of this file


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


async def lock(object_ids: list[UUID]) -> None:
    """Locks these objects until the transaction ends."""
    await execute(f"SELECT FROM object o WHERE o.id = ANY($1::uuid[]) {LOCKED}", object_ids)


async def lock_all_of(jobs: list[UUID]) -> None:
    """Locks every object of these jobs, whatever its state, until the transaction ends."""
    await execute(f"SELECT FROM object o WHERE o.job = ANY($1::uuid[]) {LOCKED}", jobs)


async def leave(object_ids: list[UUID]) -> None:
    """Sends these objects away."""
    await execute(_leave("o.id = ANY($1::uuid[])"), object_ids)


async def leave_all_of(jobs: list[UUID]) -> list[str]:
    """Sends away every object of these jobs -> their keys."""
    return [row["key"] for row in await fetch(_leave("o.job = ANY($1::uuid[])"), jobs)]


async def leave_all_owned(owner: UUID) -> None:
    """Sends away every object of an account."""
    await execute(_leave("o.owner = $1"), owner)


async def expire(object_ids: list[UUID]) -> None:
    """Lets the time of these objects be over."""
    await execute(
        f"""
        WITH picked AS MATERIALIZED (SELECT o.id FROM object o WHERE o.id = ANY($1::uuid[]) {LOCKED})
        UPDATE object SET expires_at = now() FROM picked WHERE object.id = picked.id AND object.state = 'stored'
        """,  # noqa: S608
        object_ids,
    )


async def leave_losers(job: UUID, fence: int, seconds: int) -> None:
    """Sends away what runs up to `fence` began and did not finish.

    The last of them asks for it once it is over: what it has sent lands within so many seconds. Of the others nobody
    knows whether they are, so they keep their time too.
    """
    await execute(
        f"""
        WITH picked AS MATERIALIZED (
          SELECT o.id FROM object o
          WHERE o.job = $1 AND o.state IN ('arriving', 'leaving')
            AND (o.fence = $2 OR (o.fence < $2 AND o.state = 'arriving'))
          {LOCKED})
        UPDATE object SET state = 'leaving',
          writable_until = greatest(CASE WHEN fence < $2 THEN writable_until END,
            clock_timestamp() + make_interval(secs => $3::float8))
        FROM picked WHERE object.id = picked.id
        """,  # noqa: S608
        job,
        fence,
        float(seconds),
    )


async def leave_strays(seconds: int) -> int:
    """Sends away what still arrives for a job that has ended or under a fence that is over -> how many."""
    tag = await execute(
        f"""
        WITH picked AS MATERIALIZED (
          SELECT o.id FROM object o JOIN job j ON o.job = j.id
          WHERE o.state = 'arriving'
            AND (j.status IN ('COMPLETED', 'FAILED', 'CANCELLED') OR o.fence < j.fence
                 OR (o.fence = j.fence AND j.status NOT IN ('RUNNING', 'CANCELLATION_REQUESTED')))
          {FREE})
        UPDATE object SET state = 'leaving',
          writable_until = CASE WHEN fence IS NULL THEN writable_until
            ELSE greatest(writable_until, clock_timestamp() + make_interval(secs => $1::float8)) END
        FROM picked WHERE object.id = picked.id
        """,  # noqa: S608
        float(seconds),
    )
    return int(tag.split()[-1])


async def leave_expired() -> int:
    """Sends away what was to be kept until now, or lost its job or its process on the way in -> how many."""
    tag = await execute(
        f"""
        WITH picked AS MATERIALIZED (
          SELECT o.id FROM object o
          WHERE (o.state = 'stored' AND o.expires_at < now())
             OR (o.state = 'arriving' AND o.job IS NULL AND coalesce(o.expires_at < now(), true))
          {FREE})
        UPDATE object SET state = 'leaving', expires_at = NULL FROM picked WHERE object.id = picked.id
        """  # noqa: S608
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
    """The bytes of leaving objects were taken away; a row goes with them unless somebody could still write there.

    A row that somebody else holds stays `leaving`, and its bytes are taken away once more.
    """
    await execute(
        """
        WITH ours AS MATERIALIZED (
          SELECT o.id FROM object o WHERE o.id = ANY($1::uuid[] || $2::uuid[]) AND o.state = 'leaving'
          ORDER BY o.id FOR UPDATE OF o SKIP LOCKED),
        gone AS (DELETE FROM object USING ours WHERE object.id = ours.id AND ours.id = ANY($1::uuid[]))
        UPDATE object SET removed_at = clock_timestamp()
        FROM ours WHERE object.id = ours.id AND ours.id = ANY($2::uuid[])
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
