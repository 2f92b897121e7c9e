"""All SQL on the rows in which worker processes say that they are alive."""

import msgspec

from filemill.connections import execute, fetch

REMEMBERED_SECONDS = 3600
"""How long the row of a worker process stays that has ended without a word."""


class WorkerRow(msgspec.Struct, frozen=True):
    """A worker process that was seen lately; `away_seconds`: for how long the store has been out of its reach.

    `pairs` are those of formats (source, target) that it converts, None where they are all of its lane.
    """

    id: str
    host: str
    lane: str
    slots: int
    engines: dict[str, str]
    sandbox: str
    away_seconds: float | None
    pairs: tuple[tuple[str, str], ...] | None = None


async def beat(worker: WorkerRow) -> None:
    """A worker process says that it is alive."""
    await execute(
        """
        INSERT INTO worker (id, host, lane, slots, engines, sandbox, store_away_since, pairs, seen_at)
        VALUES ($1, $2, $3, $4, $5::jsonb, $6, now() - make_interval(secs => $7::float8), $8::jsonb, now())
        ON CONFLICT (id) DO UPDATE SET slots = excluded.slots, engines = excluded.engines, sandbox = excluded.sandbox,
          store_away_since = excluded.store_away_since, pairs = excluded.pairs, seen_at = excluded.seen_at
        """,
        worker.id,
        worker.host,
        worker.lane,
        worker.slots,
        msgspec.json.encode(worker.engines).decode(),
        worker.sandbox,
        worker.away_seconds,
        None if worker.pairs is None else msgspec.json.encode(worker.pairs).decode(),
    )


async def leave(worker_id: str) -> None:
    """A worker process says that it ends."""
    await execute("DELETE FROM worker WHERE id = $1", worker_id)


async def alive(seconds: int = 45) -> list[WorkerRow]:
    """The worker processes seen in the last `seconds`."""
    rows = await fetch(
        """
        SELECT id, host, lane, slots, engines, sandbox, pairs,
          extract(epoch FROM now() - store_away_since)::float8 AS away_seconds
        FROM worker WHERE seen_at > now() - make_interval(secs => $1) ORDER BY id
        """,
        float(seconds),
    )
    return [
        WorkerRow(
            **{
                **row,
                "engines": msgspec.json.decode(row["engines"]),
                "pairs": msgspec.json.decode(row["pairs"] or "null", type=tuple[tuple[str, str], ...] | None),
            }
        )
        for row in rows
    ]


async def seen() -> list[WorkerRow]:
    """The worker processes seen lately, alive or not, but for those that have said that they end."""
    return await alive(REMEMBERED_SECONDS)


async def forget() -> None:
    """Forgets worker processes that have not been seen for long."""
    await execute("DELETE FROM worker WHERE seen_at < now() - make_interval(secs => $1)", float(REMEMBERED_SECONDS))
