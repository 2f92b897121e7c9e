"""SQL on the row of an object that comes in through the API."""

from uuid import UUID, uuid4

from filemill.connections import execute, fetchrow
from filemill.storage.queries import ObjectRow


async def begin(key: str, owner: UUID, media_type: str, seconds: int) -> UUID | None:
    """Says, before the first byte, that a file may come in under a new key, for so many seconds -> the object's id.

    A row whose process dies meanwhile is sent away after that. None where there is no such account (any more).
    """
    object_id = uuid4()
    tag = await execute(
        """
        INSERT INTO object (id, owner, key, state, media_type, writable_until, expires_at)
        SELECT $1, id, $3, 'arriving', $4, clock_timestamp() + make_interval(secs => $5),
               now() + make_interval(secs => $5)
        FROM account WHERE id = $2 FOR KEY SHARE
        """,
        object_id,
        owner,
        key,
        media_type,
        float(seconds),
    )
    return object_id if tag == "INSERT 0 1" else None


async def keep(object_id: UUID, *, size: int, etag: str, sha256: str, scan: str, seconds: int | None) -> bool:
    """Says that the bytes are there, to be kept for `seconds` where given -> False if it is not arriving any more."""
    tag = await execute(
        """
        UPDATE object SET state = 'stored', size = $2, etag = $3, sha256 = $4, scan = $5, upload_id = NULL,
          writable_until = NULL, expires_at = now() + make_interval(secs => $6::float8)
        WHERE id = $1 AND state = 'arriving'
        """,
        object_id,
        size,
        etag,
        sha256,
        scan,
        None if seconds is None else float(seconds),
    )
    return tag == "UPDATE 1"


async def leave(object_id: UUID, seconds: int) -> ObjectRow | None:
    """Sends away what was not kept; what was sent of it lands within so many seconds -> its row, if it was not kept."""
    row = await fetchrow(
        """
        UPDATE object SET state = 'leaving', expires_at = NULL,
          writable_until = clock_timestamp() + make_interval(secs => $2::float8)
        WHERE id = $1 AND state <> 'stored'
        RETURNING id, key, state, upload_id, writable_until, true AS is_writable
        """,
        object_id,
        float(seconds),
    )
    return None if row is None else ObjectRow(**row)
