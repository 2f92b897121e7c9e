"""All SQL on crashed jobs: jobs that have ended their process in every run. Their rows outlive the jobs.

A job is known again by its whole task, and by its owner alone (docs/decisions/0018-crashes-are-remembered-by-owner.md).
"""

from uuid import UUID

from filemill.accounts.owner_queries import KIN
from filemill.connections import execute, fetchval

DAYS = 30
"""Days for which a version of an engine refuses a task that has crashed this version."""

_LATELY = f"c.at > now() - interval '{DAYS} days'"


def _digest(of_file: str) -> str:
    """SQL: the digest of a job `j` and all its inputs, each told by `of_file`; null where one cannot be told."""
    return f"""
    CASE WHEN bool_and({of_file} IS NOT NULL) THEN encode(sha256(convert_to(
      j.lane || E'\\n' || j.pipeline::text || E'\\n' || j.options::text || E'\\n' || string_agg(
        f.name || ' ' || lower(substring(f.file_name FROM '[^.]*$')) || ' ' || {of_file}, E'\\n' ORDER BY f.name),
      'UTF8')), 'hex') END
    """


# A file that came in other parts has another etag; the SHA-256 of a large file is not known at once.
_TASK = f"""
SELECT j.owner, j.engine, {_digest("o.etag || ' ' || o.size")} AS by_etags, {_digest("o.sha256")} AS by_hashes
FROM job j JOIN job_file f ON f.job = j.id AND f.side = 'in' LEFT JOIN object o ON o.id = f.object
"""  # noqa: S608 -- put together from constants of this file

_IS_KNOWN = f"""
EXISTS (
  SELECT FROM crashed_job c WHERE c.owner = ANY(ARRAY({KIN.format(account="task.owner")}))
    AND c.engine = task.engine AND {_LATELY} AND (c.by_etags = task.by_etags OR c.by_hashes = task.by_hashes))
"""


async def remember(jobs: list[UUID]) -> None:
    """Remembers the tasks of these jobs that FAILED as `crashed`. A task that is remembered already keeps its date."""
    await execute(
        f"""
        INSERT INTO crashed_job (owner, engine, by_etags, by_hashes, at)
        SELECT owner, engine, by_etags, by_hashes, now()
        FROM ({_TASK} WHERE j.id = ANY($1::uuid[]) AND j.error_code = 'crashed' GROUP BY j.id) task
        WHERE by_etags IS NOT NULL AND NOT {_IS_KNOWN}
        """,  # noqa: S608 -- put together from constants of this file
        jobs,
    )


async def is_known(job: UUID) -> bool:
    """Whether the task of a claimed job has crashed its engine lately, for the same owner."""
    # Hardly any owner has crashed anything: then no digest is made.
    known: bool = await fetchval(
        f"""
        SELECT EXISTS (
          SELECT FROM crashed_job c
          WHERE c.owner = ANY(ARRAY({KIN.format(account="(SELECT owner FROM job WHERE id = $1)")})))
        AND coalesce((SELECT {_IS_KNOWN} FROM ({_TASK} WHERE j.id = $1 GROUP BY j.id) task), false)
        """,  # noqa: S608 -- put together from constants of this file
        job,
    )
    return known


async def forget() -> None:
    """Forgets the tasks that may be tried again."""
    await execute(f"DELETE FROM crashed_job c WHERE NOT {_LATELY}")  # noqa: S608
