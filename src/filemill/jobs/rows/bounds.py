"""All SQL on how much the rows of an account's ended jobs take: whose to look at, which go first, who has too much."""

from uuid import UUID

import msgspec

from filemill.connections import execute, fetch

_ROW_BYTES, _EVENT_BYTES = 1000, 200
"""What a job's row takes beside its texts, with its file's row and the indexes; and one event."""

_SIZE = f"""
{_ROW_BYTES} + {_EVENT_BYTES} * j.events + pg_column_size(j.pipeline) + pg_column_size(j.options)
  + pg_column_size(j.as_sent) + coalesce(pg_column_size(j.result), 0) + coalesce(pg_column_size(j.error_message), 0)
"""  # as they lie there, packed or not; nothing is unpacked for it


class Surplus(msgspec.Struct, frozen=True):
    """What an account's ended jobs take, in bytes, and those that may go so that the rest fits, the oldest first."""

    total: int
    jobs: list[UUID]
    bytes: int


async def owners(row_seconds: int, seconds: int) -> list[UUID]:
    """The accounts of which a job has ended within so many seconds, and those that had too much before."""
    rows = await fetch(
        """
        SELECT owner FROM job WHERE expires_at > now() + make_interval(secs => $1::float8)
          AND status IN ('COMPLETED', 'FAILED', 'CANCELLED')
        UNION SELECT id FROM account WHERE rows_full
        """,
        float(row_seconds - seconds),
    )
    return [row["owner"] for row in rows]


async def surplus(owner: UUID, most_bytes: int, limit: int) -> Surplus:
    """Which ended jobs without a stored output have to go, at most `limit`, so that the rest takes `most_bytes`."""
    rows = await fetch(
        f"""
        WITH ended AS MATERIALIZED (
          SELECT j.id, j.ended_at, {_SIZE} AS bytes, EXISTS (
            SELECT FROM object o WHERE o.job = j.id AND o.fence IS NOT NULL AND o.state = 'stored') AS has_output
          FROM job j WHERE j.owner = $1 AND j.status IN ('COMPLETED', 'FAILED', 'CANCELLED')),
        counted AS (
          SELECT id, bytes, has_output, sum(bytes) OVER () AS total,
            sum(bytes) OVER (ORDER BY has_output, ended_at, id) AS so_far
          FROM ended)
        SELECT id, bytes::bigint, total::bigint, NOT has_output AND so_far - bytes < total - $2 AS goes FROM counted
        ORDER BY goes DESC, so_far LIMIT $3
        """,  # noqa: S608 -- put together from constants of this file
        owner,
        most_bytes,
        limit,
    )
    going = [row for row in rows if row["goes"]]
    return Surplus(
        rows[0]["total"] if rows else 0, [row["id"] for row in going], sum((row["bytes"] for row in going), 0)
    )


async def lock_ended(jobs: list[UUID]) -> list[UUID]:
    """Locks those of these jobs that have ended and that nobody else holds."""
    rows = await fetch(
        """
        SELECT id FROM job WHERE id = ANY($1::uuid[]) AND status IN ('COMPLETED', 'FAILED', 'CANCELLED')
        ORDER BY id FOR UPDATE SKIP LOCKED
        """,
        jobs,
    )
    return [row["id"] for row in rows]


async def note_full(owner: UUID, is_full: bool) -> None:
    """Records whether an account has so many ended jobs with results that it may make no more."""
    await execute("UPDATE account SET rows_full = $2 WHERE id = $1 AND rows_full <> $2", owner, is_full)
