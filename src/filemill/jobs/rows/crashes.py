"""All SQL on files that have ended their worker every time: remembered for a while, also when their jobs are gone."""

from uuid import UUID

from filemill.connections import execute

DAYS = 30
"""So long a file is refused at once by the engine that it has ended."""

_LATELY = f"c.at > now() - interval '{DAYS} days'"

HAS_CRASHED = f"""
EXISTS (
  SELECT FROM crashed_file c WHERE c.engine = {{engine}} AND {_LATELY}
    AND (c.etag = o.etag AND c.size = o.size OR c.sha256 = o.sha256))
"""
"""Whether the object `o`, by what the store or a SHA-256 says of it, ended this engine lately."""


async def remember(jobs: list[UUID]) -> None:
    """Remembers the inputs of those of these jobs that ended as `crashed`; those that are remembered keep their day."""
    await execute(
        f"""
        INSERT INTO crashed_file (sha256, etag, size, engine, at)
        SELECT DISTINCT o.sha256, o.etag, o.size, j.engine, now()
        FROM job j JOIN job_file f ON f.job = j.id AND f.side = 'in' JOIN object o ON o.id = f.object
        WHERE j.id = ANY($1::uuid[]) AND j.error_code = 'crashed' AND o.etag IS NOT NULL AND o.size IS NOT NULL
          AND NOT {HAS_CRASHED.format(engine="j.engine")}
        """,  # noqa: S608 -- put together from constants of this file
        jobs,
    )


async def forget() -> None:
    """Forgets files that may be tried again."""
    await execute(f"DELETE FROM crashed_file c WHERE NOT {_LATELY}")  # noqa: S608
