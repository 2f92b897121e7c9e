"""SQL on what strangers upload under addresses that they hold: which rows to look at, what was seen there."""

from collections.abc import Sequence
from uuid import UUID

import msgspec

from filemill.connections import execute, fetch, fetchrow

_WATCHED = "o.most_bytes IS NOT NULL AND o.writable_until > clock_timestamp()"
"""An address to upload to is still good, or what was begun under it may still land."""


class Place(msgspec.Struct, frozen=True):
    """A key under which somebody may write, and what its row knows: sizes are in bytes."""

    id: UUID
    owner: UUID | None
    key: str
    state: str
    size: int | None
    most_bytes: int
    landed_bytes: int | None
    upload_id: str | None


_COLUMNS = "id, owner, key, state, size, most_bytes, landed_bytes, upload_id"


async def count() -> tuple[int, int]:
    """How many places are to be looked at, and how many inputs there are at all."""
    row = await fetchrow(
        f"""
        SELECT count(*) FILTER (WHERE {_WATCHED}), count(*) FROM object o
        WHERE o.most_bytes IS NOT NULL AND o.state <> 'leaving'
        """  # noqa: S608 -- put together from constants of this file
    )
    return row[0], row[1]


async def places(most: int | None = None) -> list[Place]:
    """The places to look at, or `most` of them: as many of each owner where there are more, by chance which ones."""
    rows = await fetch(
        f"""
        SELECT {_COLUMNS} FROM (
          SELECT o.*, CASE WHEN $1::int IS NULL THEN 0
            ELSE row_number() OVER (PARTITION BY o.owner ORDER BY random()) END AS turn
          FROM object o WHERE {_WATCHED} AND o.state <> 'leaving') AS o
        ORDER BY turn LIMIT $1
        """,  # noqa: S608
        most,
    )
    return [Place(**row) for row in rows]


async def lock(place: UUID) -> Place | None:
    """The place as it stands, locked until the transaction ends; None where it is leaving."""
    row = await fetchrow(
        f"SELECT {_COLUMNS} FROM object WHERE id = $1 AND state <> 'leaving' FOR NO KEY UPDATE",  # noqa: S608
        place,
    )
    return None if row is None else Place(**row)


async def landed(seen: Sequence[tuple[UUID, int]]) -> None:
    """Records how many bytes were seen to lie in these places."""
    await execute(
        """
        WITH picked AS MATERIALIZED (
          SELECT o.id, one.bytes FROM unnest($1::uuid[], $2::bigint[]) AS one (id, bytes) JOIN object o USING (id)
          WHERE o.state <> 'leaving' ORDER BY o.id FOR NO KEY UPDATE OF o SKIP LOCKED)
        UPDATE object SET landed_bytes = picked.bytes FROM picked WHERE object.id = picked.id
        """,
        [place for place, _ in seen],
        [size for _, size in seen],
    )


async def refuse(place: UUID, why: str) -> None:
    """Says of a place why what was uploaded there is taken away, and that nothing lies there any more."""
    await execute(
        "UPDATE object SET refused = $2, landed_bytes = NULL, upload_id = NULL WHERE id = $1",
        place,
        why,
    )


async def unmarked(owners: list[UUID]) -> list[Place]:
    """What has landed of these accounts and was not marked as uploaded, the latest first."""
    rows = await fetch(
        f"""
        SELECT {_COLUMNS} FROM object
        WHERE owner = ANY($1::uuid[]) AND state = 'arriving' AND most_bytes IS NOT NULL AND landed_bytes > 0
        ORDER BY created_at DESC
        """,  # noqa: S608
        owners,
    )
    return [Place(**row) for row in rows]


async def to_empty_again(most: int, seconds: int) -> list[tuple[UUID, str]]:
    """The ids and keys of `leaving` uploads under whose address bytes may have landed since the last removal."""
    rows = await fetch(
        f"""
        SELECT o.id, o.key FROM object o
        WHERE {_WATCHED} AND o.state = 'leaving'
          AND o.removed_at < clock_timestamp() - make_interval(secs => $2::float8)
        ORDER BY o.removed_at LIMIT $1
        """,  # noqa: S608
        most,
        float(seconds),
    )
    return [(row["id"], row["key"]) for row in rows]


async def emptied(places: list[UUID]) -> None:
    """Records that whatever landed in these places is removed."""
    await execute(
        """
        WITH picked AS MATERIALIZED (
          SELECT o.id FROM object o WHERE o.id = ANY($1::uuid[]) AND o.state = 'leaving'
          ORDER BY o.id FOR NO KEY UPDATE OF o SKIP LOCKED)
        UPDATE object SET removed_at = clock_timestamp() FROM picked WHERE object.id = picked.id
        """,
        places,
    )
