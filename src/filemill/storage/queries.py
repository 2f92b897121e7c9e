"""All SQL on object rows: expected, stored, leaving, forgotten."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID, uuid4

import msgspec

from filemill.connections import execute, fetch, fetchrow, fetchval
from filemill.storage.objects import LONGEST_UPLOAD_SECONDS

LOCKED = "ORDER BY o.id FOR NO KEY UPDATE OF o"
"""The lock of several objects in one statement, by id: see the order of locks in docs/architecture.md."""

FREE = f"{LOCKED} SKIP LOCKED"
"""The lock of sweep, which waits for nobody: locked objects are left to the next round."""


def _leave(which: str) -> str:
    return f"""
    WITH picked AS MATERIALIZED (SELECT o.id FROM object o WHERE {which} {LOCKED})
    UPDATE object SET state = 'leaving', writable_until = greatest(object.writable_until, clock_timestamp()),
      expires_at = NULL
    FROM picked WHERE object.id = picked.id AND object.state <> 'leaving' RETURNING object.key
    """  # noqa: S608 -- put together from constants of this file


class ObjectRow(msgspec.Struct, frozen=True):
    """The row of an object. `is_signed`: a URL for an upload is still valid."""

    id: UUID
    key: str
    state: str
    upload_id: str | None
    writable_until: datetime | None
    is_writable: bool
    is_signed: bool = False


async def expect(
    key: str, owner: UUID, job: UUID, seconds: int, *, fence: int | None = None, most_bytes: int | None = None
) -> UUID:
    """Makes or renews the row of `key` before the first byte: bytes may arrive for `seconds` -> the object's id.

    `most_bytes` is given for what a stranger uploads: see `landed_queries`.
    """
    found: UUID = await fetchval(
        """
        INSERT INTO object (id, owner, job, fence, key, state, writable_until, most_bytes)
        VALUES ($1, $2, $3, $4, $5, 'arriving', clock_timestamp() + make_interval(secs => $6), $7)
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
        most_bytes,
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
    """Records the id of an object's open upload in parts; None where no upload is open."""
    await execute("UPDATE object SET upload_id = $2 WHERE id = $1", object_id, upload_id)


async def stored_bytes(owners: list[UUID], *, but: UUID) -> int:
    """The bytes of these accounts that lie in the store, without the object `but`: stored ones, and what has landed."""
    total: int = await fetchval(
        """
        SELECT coalesce(sum(greatest(size, landed_bytes)), 0)::bigint FROM object
        WHERE owner = ANY($1::uuid[]) AND state IN ('stored', 'arriving') AND id <> $2
        """,
        owners,
        but,
    )
    return total


async def size_of(object_id: UUID) -> int:
    """The size of a stored object in bytes."""
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
    """Marks an object as stored, kept for `seconds` where given -> False where the object is `leaving` already.

    Once a run's output is stored, nobody writes under its key any more; the URL of an input stays valid.
    """
    tag = await execute(
        """
        UPDATE object SET state = 'stored', size = $2, etag = $3, media_type = $4, sha256 = $5, upload_id = NULL,
          landed_bytes = NULL, refused = NULL, writable_until = CASE WHEN fence IS NULL THEN writable_until END,
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
    """Locks every object of these jobs, in any state, until the transaction ends."""
    await execute(f"SELECT FROM object o WHERE o.job = ANY($1::uuid[]) {LOCKED}", jobs)


async def leave(object_ids: list[UUID]) -> None:
    """Makes these objects `leaving`."""
    await execute(_leave("o.id = ANY($1::uuid[])"), object_ids)


async def leave_all_of(jobs: list[UUID]) -> list[str]:
    """Makes every object of these jobs `leaving` -> their keys."""
    return [row["key"] for row in await fetch(_leave("o.job = ANY($1::uuid[])"), jobs)]


async def leave_all_owned(owner: UUID) -> None:
    """Makes every object of an account `leaving`."""
    await execute(_leave("o.owner = $1"), owner)


async def expire(object_ids: list[UUID]) -> None:
    """Sets the end of these objects to now."""
    await execute(
        f"""
        WITH picked AS MATERIALIZED (SELECT o.id FROM object o WHERE o.id = ANY($1::uuid[]) {LOCKED})
        UPDATE object SET expires_at = now() FROM picked WHERE object.id = picked.id AND object.state = 'stored'
        """,  # noqa: S608
        object_ids,
    )


async def leave_losers(job: UUID, fence: int, seconds: int) -> None:
    """Makes the unfinished outputs of the runs up to `fence` `leaving`.

    The last of these runs calls this at its end, so its bytes arrive within `seconds`. Nobody knows whether the other
    runs have ended, so their outputs keep their time too.
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
    """Makes expected objects of ended jobs and lost runs `leaving` -> their number."""
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
    """Makes expired objects `leaving`, and overdue uploads without a job -> their number."""
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
    """The objects whose bytes are to be removed: for the first time, or again once nobody can write there any more."""
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
    """Records that the bytes of `leaving` objects are removed, and deletes the rows under which nobody can write.

    A row that another transaction holds stays `leaving`, and its bytes are removed once more.
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
    """The keys among these that have no row."""
    rows = await fetch(
        "SELECT key FROM unnest($1::text[]) AS one (key) WHERE NOT EXISTS (SELECT FROM object o WHERE o.key = one.key)",
        keys,
    )
    return [row["key"] for row in rows]


async def leaving_of_owner(owner: UUID) -> list[ObjectRow]:
    """The `leaving` objects of an account."""
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
    """The `leaving` objects among these keys."""
    rows = await fetch(
        """
        SELECT id, key, state, upload_id, writable_until,
               coalesce(writable_until > clock_timestamp(), false) AS is_writable
        FROM object WHERE state = 'leaving' AND key = ANY($1::text[])
        """,
        keys,
    )
    return [ObjectRow(**row) for row in rows]
