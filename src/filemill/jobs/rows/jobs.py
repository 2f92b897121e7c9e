"""All SQL on jobs except transitions and files: makes, reads and counts jobs, and sets how long jobs are kept."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import msgspec

from filemill.connections import execute, fetch, fetchrow, fetchval, in_transaction
from filemill.jobs.job import DATA, OPEN, Job, Status
from filemill.storage import queries as objects
from filemill.storage.queries import LOCKED

JOB = """
SELECT job.id, job.owner, job.api, job.lane, job.status, job.as_sent, main.file_name, main.announced_size,
  CASE WHEN main.marked_at IS NOT NULL THEN arrived.size END AS input_size,
  CASE WHEN main.marked_at IS NOT NULL THEN arrived.key END AS input_key,
  made.key AS output_key, job.progress, job.phase, job.fence, job.error_code, job.error_message, job.at_fault,
  job.created_at, job.updated_at, job.started_at, job.ended_at, job.expires_at
FROM job
JOIN job_file main ON main.job = job.id AND main.side = 'in' AND main.name = 'input'
LEFT JOIN object arrived ON arrived.id = main.object
LEFT JOIN job_file made_as ON made_as.job = job.id AND made_as.side = 'out' AND made_as.name = 'output'
LEFT JOIN object made ON made.id = made_as.object
"""
"""Selects jobs with what their files tell of them, as `job_of` takes the rows."""


def job_of(row: Any) -> Job:
    """The job of a row of `JOB`."""
    values = dict(row)
    values["as_sent"] = msgspec.Raw(values["as_sent"].encode())
    values["status"] = Status(values["status"])
    return Job(**values)


# --- made and read ---------------------------------------------------------------------------------------------------


class NewFile(msgspec.Struct, frozen=True):
    """An announced input. `announced_size` in bytes is the upper bound."""

    name: str
    file_name: str
    announced_size: int | None


async def count_open(owners: list[UUID]) -> tuple[int, int, bool]:
    """The unended jobs of these accounts, the PENDING ones among them, and whether ended ones take all they may."""
    row = await fetchrow(
        """
        SELECT count(*) AS open, count(*) FILTER (WHERE status = 'PENDING') AS pending,
          EXISTS (SELECT FROM account WHERE id = ANY($1::uuid[]) AND rows_full) AS is_full
        FROM job
        WHERE owner = ANY($1::uuid[]) AND status IN ('PENDING', 'QUEUED', 'RUNNING', 'CANCELLATION_REQUESTED')
          AND NOT options ? 'mode'
        """,
        owners,
    )
    return row["open"], row["pending"], row["is_full"]


async def by_idempotency_key(owner: UUID, key: str, seconds: int) -> tuple[UUID, str] | None:
    """The job made with this key in the last `seconds` and the hash of its body; an older key is freed."""
    await execute(
        """
        UPDATE job SET idempotency_key = NULL WHERE owner = $1 AND idempotency_key = $2
          AND created_at < now() - make_interval(secs => $3)
        """,
        owner,
        key,
        float(seconds),
    )
    row = await fetchrow("SELECT id, body_hash FROM job WHERE owner = $1 AND idempotency_key = $2", owner, key)
    return None if row is None else (row["id"], row["body_hash"])


async def insert(
    *,
    owner: UUID,
    share: UUID | None,
    api: str,
    lane: str,
    pipeline: bytes,
    options: bytes,
    as_sent: bytes,
    inputs: tuple[NewFile, ...],
    pending_seconds: int,
    idempotency_key: str | None,
    body_hash: str | None,
) -> UUID:
    """Makes a PENDING job with its announced inputs -> its id."""
    job_id = uuid4()
    await execute(
        """
        WITH made AS (
          INSERT INTO job (id, owner, api, lane, pipeline, options, as_sent, idempotency_key, body_hash, events,
            created_at, updated_at, expires_at, share)
          VALUES ($1, $2, $3, $4, $5, $13, $6, $7, $8, 1, now(), now(),
            now() + make_interval(secs => $9), $14)
          RETURNING id),
        told AS (
          INSERT INTO job_event (job, n, at, kind, data)
          SELECT id, 1, now(), 'moved', '{"from": null, "to": "PENDING", "why": "made"}' FROM made)
        INSERT INTO job_file (job, side, name, file_name, announced_size)
        SELECT made.id, 'in', f.name, f.file_name, f.size
        FROM made, unnest($10::text[], $11::text[], $12::bigint[]) AS f (name, file_name, size)
        """,
        job_id,
        owner,
        api,
        lane,
        pipeline.decode(),
        as_sent.decode(),
        idempotency_key,
        body_hash,
        float(pending_seconds),
        [f.name for f in inputs],
        [f.file_name for f in inputs],
        [f.announced_size for f in inputs],
        options.decode(),
        share,
    )
    return job_id


async def get(job_id: UUID) -> Job | None:
    """A job of any owner, or None."""
    row = await fetchrow(JOB + "WHERE job.id = $1", job_id)
    return None if row is None else job_of(row)


async def lock(job_id: UUID) -> Status | None:
    """The status of a job, locked until the transaction ends; None where there is no such job."""
    status = await fetchval("SELECT status FROM job WHERE id = $1 FOR NO KEY UPDATE", job_id)
    return None if status is None else Status(status)


async def open_ones(job_ids: list[UUID]) -> set[UUID]:
    """The jobs among these that exist and have not ended."""
    rows = await fetch("SELECT id FROM job WHERE id = ANY($1) AND status = ANY($2)", job_ids, list(OPEN))
    return {row["id"] for row in rows}


# --- kept and forgotten ----------------------------------------------------------------------------------------------


async def keep_until(job_id: UUID, until: datetime) -> None:
    """Sets the time until which a job and its outputs are kept. Sweep cancels a job that has not ended by then."""
    await execute("UPDATE job SET expires_at = $2 WHERE id = $1", job_id, until)


async def keep_for(job_id: UUID, seconds: int) -> None:
    """Keeps a job for `seconds` from now, and no longer."""
    await execute(
        "UPDATE job SET expires_at = now() + make_interval(secs => $2::float8) WHERE id = $1", job_id, float(seconds)
    )


async def settle(jobs: list[UUID], *, input_seconds: int, output_seconds: int, row_seconds: int) -> None:
    """Sets how long ended jobs, their inputs and outputs are kept, inside the transaction that ended the jobs.

    The end of a plan is set when the plan is made. The end of a job at another API than data-jobs, and of its outputs,
    is set when the job is queued.
    """
    await execute(
        f"""
        WITH ended AS (
          SELECT id, api, expires_at FROM job
          WHERE id = ANY($1::uuid[]) AND status IN ('COMPLETED', 'FAILED', 'CANCELLED')),
        kept AS (
          UPDATE job SET expires_at = now() + make_interval(secs => $4::float8) FROM ended
          WHERE job.id = ended.id AND NOT job.options ? 'mode' AND job.api = '{DATA}'),
        picked AS MATERIALIZED (SELECT o.id FROM object o WHERE o.job = ANY($1::uuid[]) {LOCKED})
        UPDATE object o SET
          state = CASE WHEN o.state = 'arriving' THEN 'leaving' ELSE o.state END,
          expires_at = CASE WHEN o.state <> 'stored' THEN NULL WHEN ended.api <> '{DATA}' THEN ended.expires_at
            ELSE now() + make_interval(secs => CASE WHEN o.fence IS NULL THEN $2::float8 ELSE $3::float8 END) END
        FROM ended, picked WHERE o.id = picked.id AND o.job = ended.id AND o.state <> 'leaving'
          AND (o.state = 'stored' OR o.fence IS NULL)
        """,  # noqa: S608 -- the API's name is ours
        jobs,
        float(input_seconds),
        float(output_seconds),
        float(row_seconds),
    )


async def expired_rows(limit: int = 100) -> list[UUID]:
    """The ended jobs that have expired, up to `limit`."""
    rows = await fetch(
        """
        SELECT id FROM job WHERE expires_at < now() AND status IN ('COMPLETED', 'FAILED', 'CANCELLED')
        ORDER BY expires_at LIMIT $1
        """,
        limit,
    )
    return [row["id"] for row in rows]


async def lock_expired(job_id: UUID) -> bool:
    """Locks an ended job that has expired -> False where the job is no longer such a job."""
    row = await fetchrow(
        """
        SELECT FROM job WHERE id = $1 AND expires_at < now() AND status IN ('COMPLETED', 'FAILED', 'CANCELLED')
        FOR UPDATE
        """,
        job_id,
    )
    return row is not None


async def count_events(job_id: UUID) -> int:
    """How many events a job has had."""
    count: int = await fetchval("SELECT events FROM job WHERE id = $1", job_id)
    return count


async def forget_idempotency_keys(seconds: int) -> None:
    """Frees the idempotency keys that are older than `seconds`."""
    await execute(
        """
        WITH picked AS MATERIALIZED (
          SELECT id FROM job
          WHERE idempotency_key IS NOT NULL AND created_at < now() - make_interval(secs => $1)
          ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
        UPDATE job SET idempotency_key = NULL FROM picked WHERE job.id = picked.id
        """,
        float(seconds),
    )


async def waiting_and_held(lanes: list[str]) -> dict[str, tuple[int, int]]:
    """Lane -> the number of its jobs that may be claimed now (counted up to 1,000), and of its jobs that are held."""
    rows = await fetch(
        """
        SELECT lane,
          (SELECT count(*) FROM (SELECT FROM job WHERE job.lane = one.lane AND status = 'QUEUED'
             AND (due_at IS NULL OR due_at <= now()) LIMIT 1000) q) AS waiting,
          (SELECT count(*) FROM job WHERE job.lane = one.lane
             AND status IN ('RUNNING', 'CANCELLATION_REQUESTED')) AS held
        FROM unnest($1::text[]) AS one (lane)
        """,
        lanes,
    )
    return {row["lane"]: (row["waiting"], row["held"]) for row in rows}


async def count_by_status() -> list[tuple[str, str, int]]:
    """(lane, status, number of jobs) of all jobs, for the metrics."""
    rows = await fetch("SELECT lane, status, count(*) AS n FROM job GROUP BY lane, status")
    return [(row["lane"], row["status"], row["n"]) for row in rows]


@in_transaction
async def delete(jobs: list[UUID]) -> None:
    """Deletes jobs with their files and events; object rows only lose their job."""
    # The deletion of the first job changes its files and objects, so all objects are locked before.
    await execute("SELECT FROM job WHERE id = ANY($1::uuid[]) ORDER BY id FOR UPDATE", jobs)
    await objects.lock_all_of(jobs)
    await execute("DELETE FROM job WHERE id = ANY($1::uuid[])", jobs)
