"""All SQL on the rows of worker processes, in which the processes report that they live."""

import msgspec

from filemill.connections import execute, fetch

REMEMBERED_SECONDS = 3600
"""Seconds that the row of a worker process stays after its last beat, unless the process has left."""


class WorkerRow(msgspec.Struct, frozen=True):
    """A worker process. `away_seconds`: seconds since the store went out of its reach, None while the store answers.

    `pairs` are the pairs of formats (source, target) that the worker converts; None means all pairs of the lane.
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
    """Writes the row of a live worker process with the time of now."""
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
    """Deletes the row of a worker process that ends."""
    await execute("DELETE FROM worker WHERE id = $1", worker_id)


async def alive(seconds: int = 45) -> list[WorkerRow]:
    """The worker processes with a beat in the last `seconds`."""
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
    """The worker processes with a beat in the last `REMEMBERED_SECONDS`, without the ones that have left."""
    return await alive(REMEMBERED_SECONDS)


async def forget() -> None:
    """Deletes the rows of worker processes without a beat in the last `REMEMBERED_SECONDS`."""
    await execute("DELETE FROM worker WHERE seen_at < now() - make_interval(secs => $1)", float(REMEMBERED_SECONDS))
