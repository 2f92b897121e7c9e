"""All SQL on crashed files: files that have ended their process in every run. Their rows outlive their jobs."""

from uuid import UUID

from filemill.connections import execute

DAYS = 30
"""Days for which a version of an engine refuses a file that has crashed this version."""

_LATELY = f"c.at > now() - interval '{DAYS} days'"

HAS_CRASHED = f"""
EXISTS (
  SELECT FROM crashed_file c WHERE c.engine = {{engine}} AND {_LATELY}
    AND (c.etag = o.etag AND c.size = o.size OR c.sha256 = o.sha256))
"""
"""Whether the object `o`, by etag and size or by SHA-256, crashed the engine `engine` in the last `DAYS`."""


async def remember(jobs: list[UUID]) -> None:
    """Remembers the inputs of these jobs that FAILED as `crashed`. A file that is remembered already keeps its date."""
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
    """Forgets the files that may be tried again."""
    await execute(f"DELETE FROM crashed_file c WHERE NOT {_LATELY}")  # noqa: S608
