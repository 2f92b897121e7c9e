"""Chooses and claims a lane's next job: the transition QUEUED -> RUNNING, which gives a worker a fence and a lease."""

from uuid import UUID

import msgspec

from filemill.connections import fetchrow, fetchval
from filemill.jobs.rows.transitions import CHANNEL, LEASE_SECONDS


class Claimed(msgspec.Struct, frozen=True):
    """A job that a worker holds. Every later transition of this run names `fence`.

    `is_guests`: whether its owner is a guest whom no member has taken over.
    """

    id: UUID
    owner: UUID
    api: str
    fence: int
    runs: int
    pipeline: str
    options: str
    is_guests: bool = False


_SHARE = "coalesce(share, owner)"
"""For whom a job counts where a lane's slots are shared out."""

_HELD = "status IN ('RUNNING', 'CANCELLATION_REQUESTED')"
_DUE = "status = 'QUEUED' AND (due_at IS NULL OR due_at <= now())"

# Fewest running first, then oldest: by owner, or by what `share` says in an owner's place. Two probes instead of a sort
# over the queue: first the oldest row whose owner runs nothing; only if there is none, the oldest row of each owner who
# runs something (never more owners than slots).
CLAIM = f"""
WITH held AS MATERIALIZED (
  SELECT {_SHARE} AS share, count(*) AS n FROM job WHERE lane = $1 AND {_HELD} GROUP BY {_SHARE}),
idle AS MATERIALIZED (
  SELECT id FROM job WHERE lane = $1 AND {_DUE} AND {_SHARE} <> ALL (ARRAY(SELECT share FROM held))
  ORDER BY queued_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED),
busy AS MATERIALIZED (
  SELECT head.id FROM held CROSS JOIN LATERAL (
    SELECT id, queued_at FROM job WHERE lane = $1 AND {_DUE} AND {_SHARE} = held.share
    ORDER BY queued_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED) head
  WHERE NOT EXISTS (SELECT FROM idle) ORDER BY held.n, head.queued_at LIMIT 1),
moved AS (
  UPDATE job SET status = 'RUNNING', fence = fence + 1, runs = runs + 1, worker = $2, engine = $3,
    lease_until = clock_timestamp() + interval '{LEASE_SECONDS} s', started_at = clock_timestamp(),
    progress = 0, phase = NULL, events = events + 1, updated_at = clock_timestamp()
  FROM (SELECT id FROM idle UNION ALL SELECT id FROM busy) AS one
  WHERE job.id = one.id AND job.status = 'QUEUED'
  RETURNING job.id, job.owner, job.api, job.fence, job.runs, job.pipeline, job.options, job.events),
told AS (
  INSERT INTO job_event (job, n, at, kind, data)
  SELECT id, events, clock_timestamp(), 'moved',
    jsonb_build_object('from', 'QUEUED', 'to', 'RUNNING', 'why', 'claimed', 'run', runs)
  FROM moved)
SELECT id, owner, api, fence, runs, pipeline, options, pg_notify('{CHANNEL}', id::text),
  EXISTS (SELECT FROM account a WHERE a.id = moved.owner AND a.expires_at IS NOT NULL) AS is_guests
FROM moved
"""  # noqa: S608


async def claim(lane: str, worker: str, engine: str) -> Claimed | None:
    """Claims the lane's next job -> the job. None may be wrong while another worker claims: see `is_waiting`."""
    row = await fetchrow(CLAIM, lane, worker, engine)
    if row is None:
        return None
    return Claimed(**{name: row[name] for name in Claimed.__struct_fields__})


async def is_waiting(lane: str) -> bool:
    """Whether a job of the lane may be claimed now."""
    there: bool = await fetchval(
        f"SELECT EXISTS (SELECT FROM job WHERE lane = $1 AND {_DUE})",  # noqa: S608 -- put together from constants
        lane,
    )
    return there


# The newest of a share's jobs goes, it alone, and only while that share has more than one of the lane.
_GIVE_WAY = f"""
WITH mine AS (SELECT lane, {_SHARE} AS share, started_at, id FROM job WHERE id = $1),
held AS MATERIALIZED (
  SELECT {_SHARE} AS share, status, (started_at, id) < (SELECT started_at, id FROM mine) AS is_older FROM job
  WHERE lane = (SELECT lane FROM mine) AND {_HELD} AND id <> $1)
SELECT EXISTS (SELECT FROM held JOIN mine USING (share) WHERE is_older)
  AND NOT EXISTS (SELECT FROM held JOIN mine USING (share) WHERE NOT is_older AND status = 'RUNNING')
  AND EXISTS (
    SELECT FROM job WHERE lane = (SELECT lane FROM mine) AND {_DUE}
      AND {_SHARE} <> ALL (ARRAY(SELECT share FROM held UNION SELECT share FROM mine)))
"""  # noqa: S608 -- put together from constants


async def must_give_way(job_id: UUID) -> bool:
    """Whether a running job's share holds several slots while somebody waits who holds none."""
    must: bool = await fetchval(_GIVE_WAY, job_id)
    return must
