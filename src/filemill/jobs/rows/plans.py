"""All SQL on plans: short hidden jobs that are made QUEUED, read once and deleted.

Only the options of a plan have a `mode`; this tells plans from other jobs.
"""

from uuid import UUID, uuid4

import msgspec

from filemill.connections import execute, fetch, fetchval, in_transaction
from filemill.jobs.rows import jobs

LIFE_SECONDS = 60
"""Seconds. `jobs.plans` deletes the row of a plan with the answer; sweep deletes a row that is older."""


class PlanFile(msgspec.Struct, frozen=True):
    """An input of a plan. An input of another job has its object, too."""

    name: str
    file_name: str
    object_id: UUID | None = None


async def count(owners: list[UUID]) -> int:
    """The number of unfinished plans of these accounts."""
    number: int = await fetchval(
        """
        SELECT count(*) FROM job
        WHERE owner = ANY($1::uuid[]) AND status IN ('QUEUED', 'RUNNING', 'CANCELLATION_REQUESTED')
          AND options ? 'mode' AND expires_at > now()
        """,
        owners,
    )
    return number


async def insert(*, owner: UUID, api: str, lane: str, pipeline: bytes, options: bytes, files: list[PlanFile]) -> UUID:
    """Makes a QUEUED plan in a lane -> its id."""
    plan_id = uuid4()
    await execute(
        """
        WITH made AS (
          INSERT INTO job (id, owner, api, lane, pipeline, options, status, queued_at, created_at, updated_at,
            expires_at)
          VALUES ($1, $2, $3, $4, $5::jsonb, $6::jsonb, 'QUEUED', now(), now(), now(),
            now() + make_interval(secs => $7))
          RETURNING id)
        INSERT INTO job_file (job, side, name, file_name, object, marked_at)
        SELECT made.id, 'in', f.name, f.file_name, f.object, now()
        FROM made, unnest($8::text[], $9::text[], $10::uuid[]) AS f (name, file_name, object)
        """,
        plan_id,
        owner,
        api,
        lane,
        pipeline.decode(),
        options.decode(),
        float(LIFE_SECONDS),
        [file.name for file in files],
        [file.file_name for file in files],
        [file.object_id for file in files],
    )
    return plan_id


async def result(plan_id: UUID) -> str | None:
    """The result of a COMPLETED plan as JSON text, or None."""
    text: str | None = await fetchval(
        "SELECT result ->> 'plan' FROM job WHERE id = $1 AND status = 'COMPLETED'", plan_id
    )
    return text


async def forget(plan_id: UUID) -> None:
    """Deletes a plan. A worker that runs the plan finds its run lost and ends the child within a second."""
    await jobs.delete([plan_id])


@in_transaction
async def forget_left() -> None:
    """Deletes the plans that nobody has deleted in time."""
    rows = await fetch(
        """
        SELECT id FROM job WHERE expires_at < now() AND options ? 'mode' ORDER BY id FOR UPDATE SKIP LOCKED
        """
    )
    await jobs.delete([row["id"] for row in rows])
