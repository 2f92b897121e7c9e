"""All transitions of jobs but the claim, in SQL: a function per transition, fenced where a worker makes it."""

import re
from typing import Any
from uuid import UUID

import msgspec

from filemill.connections import execute, fetch, fetchrow, fetchval
from filemill.jobs.job import MOST_RUNS, MOST_WORKERS_LOST, Status

LEASE_SECONDS = 10
CHANNEL = "job"
"""The PostgreSQL channel that tells a job's id at each of its transitions."""


# PostgreSQL stores no NUL, and the names of a file's columns may have some: the sign for "unknown" stands for it.
_NO_NUL = "\ufffd"
_NUL_IN_JSON = re.compile(r"(?<!\\)((?:\\\\)*)\\u0000")


def _storable(json: bytes) -> str:
    text = json.decode()
    return _NUL_IN_JSON.sub(rf"\1{_NO_NUL}", text) if "\\u0000" in text else text


def _transition(pick: str, change: str, why: str) -> str:
    """The SQL of a transition: picks rows (`id`, `was`), changes the rows, writes the events and tells the waiters.

    `pick` locks its rows, so the second of two transitions at once sees the status after the first.
    """
    return f"""
    WITH picked AS ({pick}),
    moved AS (
      UPDATE job SET {change}, events = job.events + 1, updated_at = clock_timestamp()
      FROM picked WHERE job.id = picked.id
      RETURNING job.id, job.owner, job.lane, job.status, job.fence, job.runs, job.events, picked.was),
    told AS (
      INSERT INTO job_event (job, n, at, kind, data)
      SELECT id, events, clock_timestamp(), 'moved', jsonb_build_object('from', was, 'to', status, 'why', {why})
      FROM moved)
    SELECT moved.*, pg_notify('{CHANNEL}', id::text) FROM moved
    """  # noqa: S608 -- put together from constants of this file


_ENDED = "phase = NULL, lease_until = NULL, worker = NULL, ended_at = clock_timestamp()"
_NO_ERROR = "error_code = NULL, error_message = NULL, at_fault = NULL"


# --- transitions by the owner ----------------------------------------------------------------------------------------

_QUEUE = _transition(
    "SELECT id, status AS was FROM job WHERE id = $1 AND status = ANY($2::text[]) FOR NO KEY UPDATE",
    f"""status = 'QUEUED', queued_at = clock_timestamp(), due_at = NULL, runs = 0, workers_lost = 0,
    progress = 0, phase = NULL, started_at = NULL, ended_at = NULL, expires_at = NULL, result = NULL, {_NO_ERROR}""",
    "$3::text",
)


async def queue(job_id: UUID, was: tuple[Status, ...], why: str) -> str | None:
    """Queues a job that has one of these statuses -> its lane, or None."""
    row = await fetchrow(_QUEUE, job_id, list(was), why)
    return None if row is None else str(row["lane"])


_CANCEL_CHANGE = """
status = CASE WHEN picked.was = 'RUNNING' THEN 'CANCELLATION_REQUESTED' ELSE 'CANCELLED' END,
phase = CASE WHEN picked.was = 'RUNNING' THEN job.phase END,
ended_at = CASE WHEN picked.was = 'RUNNING' THEN NULL ELSE clock_timestamp() END
"""

_CANCEL = _transition(
    "SELECT id, status AS was FROM job WHERE id = $1 AND status IN ('PENDING', 'QUEUED', 'RUNNING') FOR NO KEY UPDATE",
    _CANCEL_CHANGE,
    "$2::text",
)


async def cancel(job_id: UUID, why: str) -> Status | None:
    """Cancels a job, or asks its worker to cancel it -> the new status; None where the job cannot be cancelled."""
    row = await fetchrow(_CANCEL, job_id, why)
    return None if row is None else Status(row["status"])


# --- transitions by a worker -----------------------------------------------------------------------------------------


async def renew(job_id: UUID, fence: int, progress: float, phase: str | None) -> Status | None:
    """Renews the lease and writes the progress -> the status; None where the run has lost the job."""
    status = await fetchval(
        f"""
        UPDATE job SET lease_until = clock_timestamp() + interval '{LEASE_SECONDS} s', progress = $3,
          phase = coalesce($4, phase)
        WHERE id = $1 AND fence = $2 AND status IN ('RUNNING', 'CANCELLATION_REQUESTED') RETURNING status
        """,  # noqa: S608
        job_id,
        fence,
        progress,
        phase,
    )
    return None if status is None else Status(status)


async def note(job_id: UUID, fence: int, kind: str, data: dict[str, object]) -> None:
    """Writes a phase or warning event of a run that still holds its job.

    The commit does not wait for the disk: a crash of the machine may lose the last events, and ends the run anyhow.
    """
    await execute(
        """
        WITH held AS (
          UPDATE job SET events = events + 1 WHERE id = $1 AND fence = $2 AND status = 'RUNNING' RETURNING id, events),
        hurried AS (SELECT set_config('synchronous_commit', 'off', true))
        INSERT INTO job_event (job, n, at, kind, data)
        SELECT id, events, clock_timestamp(), $3, $4::jsonb FROM held, hurried
        """,
        job_id,
        fence,
        kind,
        _storable(msgspec.json.encode(data)),
    )


_OWN = "SELECT id, status AS was FROM job WHERE id = $1 AND fence = $2 AND status = {} FOR NO KEY UPDATE"

_FINISH = _transition(
    _OWN.format("'RUNNING'"),
    f"status = 'COMPLETED', progress = 1, result = $3::jsonb, {_ENDED}",
    "'finished'",
)


async def finish(job_id: UUID, fence: int, result: bytes) -> bool:
    """RUNNING -> COMPLETED for the run that holds the job. Returns False where the run does not hold the job."""
    return await fetchrow(_FINISH, job_id, fence, _storable(result)) is not None


_FAIL = _transition(
    _OWN.format("'RUNNING'"),
    f"status = 'FAILED', error_code = $3, error_message = $4, at_fault = $5, {_ENDED}",
    "$3::text",
)


async def fail(job_id: UUID, fence: int, code: str, message: str, at_fault: str) -> bool:
    """RUNNING -> FAILED for the run that holds the job. Returns False where the run does not hold the job."""
    return await fetchrow(_FAIL, job_id, fence, code, message.replace("\0", _NO_NUL), at_fault) is not None


_CANCELLED = _transition(
    _OWN.format("'CANCELLATION_REQUESTED'"), f"status = 'CANCELLED', {_ENDED}", "'its worker stopped'"
)


async def cancelled(job_id: UUID, fence: int) -> bool:
    """CANCELLATION_REQUESTED -> CANCELLED for the run that holds the job. Returns False where the run lost the job."""
    return await fetchrow(_CANCELLED, job_id, fence) is not None


_GIVE_BACK = _transition(
    "SELECT id, status AS was FROM job WHERE id = $1 AND fence = $2"
    " AND status IN ('RUNNING', 'CANCELLATION_REQUESTED') FOR NO KEY UPDATE",
    """status = CASE WHEN picked.was = 'RUNNING' THEN 'QUEUED' ELSE 'CANCELLED' END,
    ended_at = CASE WHEN picked.was = 'RUNNING' THEN NULL ELSE clock_timestamp() END,
    runs = job.runs - 1, progress = 0, phase = NULL, lease_until = NULL, worker = NULL, started_at = NULL,
    due_at = clock_timestamp() + make_interval(secs => $4::float8)""",
    "$3::text",
)


async def give_back(job_id: UUID, fence: int, why: str, after: float = 0) -> Status | None:
    """Queues a job again without counting the run; due after `after` seconds -> its status, None where it is lost."""
    row = await fetchrow(_GIVE_BACK, job_id, fence, why, after)
    return None if row is None else Status(row["status"])


def _again_unless(is_last: str, code: str, message: str) -> str:
    """The SQL that queues a job again after a lost run, or ends the job.

    A job whose cancellation was requested ends as CANCELLED; otherwise, where `is_last` holds, the job ends as FAILED.
    """
    fails = f"picked.was = 'RUNNING' AND {is_last}"
    return f"""
    status = CASE WHEN picked.was = 'CANCELLATION_REQUESTED' THEN 'CANCELLED' WHEN {is_last} THEN 'FAILED'
      ELSE 'QUEUED' END,
    error_code = CASE WHEN {fails} THEN '{code}' END,
    error_message = CASE WHEN {fails} THEN '{message}' END,
    at_fault = CASE WHEN {fails} THEN 'us' END,
    ended_at = CASE WHEN picked.was = 'RUNNING' AND NOT {is_last} THEN NULL ELSE clock_timestamp() END,
    progress = 0, phase = NULL, lease_until = NULL, worker = NULL, due_at = NULL
    """


_LOST_PROCESS_CHANGE = _again_unless(
    f"(job.runs >= {MOST_RUNS})",
    "crashed",
    f"The process that worked on the job died {MOST_RUNS} times; the job was not tried again.",
)
# A reboot may end a worker, and the file is not to blame: the run does not count. A job that ends every worker
# becomes FAILED all the same.
_LOST_WORKER_CHANGE = (
    _again_unless(
        f"(job.workers_lost + 1 >= {MOST_WORKERS_LOST})",
        "internal",
        f"The worker that had the job was lost {MOST_WORKERS_LOST} times; the job can be tried again.",
    )
    + ", runs = job.runs - 1, workers_lost = job.workers_lost + 1"
)

_LOST = _transition(
    _OWN.format("ANY(ARRAY['RUNNING', 'CANCELLATION_REQUESTED'])"), _LOST_PROCESS_CHANGE, "'its process was killed'"
)


async def lost_process(job_id: UUID, fence: int) -> Status | None:
    """A run whose process died or lost a program: its job is queued again, or FAILED after the last allowed run."""
    row = await fetchrow(_LOST, job_id, fence)
    return None if row is None else Status(row["status"])


# --- transitions by sweep --------------------------------------------------------------------------------------------

_TAKE_BACK = _transition(
    """SELECT id, status AS was FROM job WHERE status IN ('RUNNING', 'CANCELLATION_REQUESTED')
    AND lease_until < clock_timestamp() LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED""",
    _LOST_WORKER_CHANGE,
    "'its worker was lost'",
)


class Transition(msgspec.Struct, frozen=True):
    """A job after a transition by sweep."""

    id: UUID
    lane: str
    status: Status


def _transitions(rows: list[Any]) -> list[Transition]:
    return [Transition(row["id"], row["lane"], Status(row["status"])) for row in rows]


async def take_back() -> list[Transition]:
    """Takes jobs back whose lease ran out."""
    return _transitions(await fetch(_TAKE_BACK))


_EXPIRE = _transition(
    """SELECT id, status AS was FROM job WHERE status IN ('PENDING', 'QUEUED', 'RUNNING') AND expires_at < now()
    AND NOT options ? 'mode' LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED""",
    _CANCEL_CHANGE,
    "CASE was WHEN 'PENDING' THEN 'nothing was uploaded in time' ELSE 'its time was over' END",
)


async def expire() -> list[Transition]:
    """Cancels expired jobs: uploads that did not come in time, ended owners. Running jobs are asked to stop."""
    return _transitions(await fetch(_EXPIRE))


_CANCEL_ALL = _transition(
    """SELECT id, status AS was FROM job WHERE owner = ANY($1::uuid[]) AND ($2::text IS NULL OR api = $2)
    AND status IN ('PENDING', 'QUEUED', 'RUNNING') ORDER BY id FOR NO KEY UPDATE""",
    _CANCEL_CHANGE,
    "$3::text",
)


async def cancel_all(owners: list[UUID], why: str, api: str | None = None) -> list[Transition]:
    """Cancels every unended job of these accounts, at one API where `api` is given. Running jobs are asked to stop."""
    return _transitions(await fetch(_CANCEL_ALL, owners, api, why))


_STORE_AWAY = _transition(
    """SELECT id, status AS was FROM job WHERE lane = $1 AND status = 'QUEUED'
    AND greatest(queued_at, clock_timestamp() - make_interval(secs => $2::float8))
      < clock_timestamp() - make_interval(secs => $3::float8)
    LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED""",
    """status = 'FAILED', error_code = 'store_away', error_message = $4, at_fault = 'us', phase = NULL,
    ended_at = clock_timestamp()""",
    "'store_away'",
)


async def fail_store_away(lane: str, away_seconds: float, most_seconds: int, message: str) -> list[Transition]:
    """Fails the jobs of a lane that have waited for more than `most_seconds` while the store was away."""
    return _transitions(await fetch(_STORE_AWAY, lane, away_seconds, float(most_seconds), message))
