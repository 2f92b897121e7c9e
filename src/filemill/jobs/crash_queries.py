"""All SQL on files that have ended their worker every time: remembered for a while, also when their jobs are gone."""

from uuid import UUID

from filemill.connections import execute, fetchval

DAYS = 30
"""So long a file is refused at once by the engine that it has ended."""

_SAME = "(c.etag = {one}.etag AND c.size = {one}.size OR c.sha256 = {one}.sha256)"
_LATELY = f"c.at > now() - interval '{DAYS} days'"


async def remember(jobs: list[UUID]) -> None:
    """Remembers the inputs of those of these jobs that ended as `crashed`; those that are remembered keep their day."""
    await execute(
        f"""
        INSERT INTO crashed_file (sha256, etag, size, engine, at)
        SELECT DISTINCT o.sha256, o.etag, o.size, j.engine, now()
        FROM job j JOIN job_file f ON f.job = j.id AND f.side = 'in' JOIN object o ON o.id = f.object
        WHERE j.id = ANY($1::uuid[]) AND j.error_code = 'crashed' AND o.etag IS NOT NULL AND o.size IS NOT NULL
          AND NOT EXISTS (
            SELECT FROM crashed_file c WHERE c.engine = j.engine AND {_LATELY} AND {_SAME.format(one="o")})
        """,  # noqa: S608 -- put together from constants of this file
        jobs,
    )


async def before(etags: list[str], sizes: list[int], hashes: list[str | None], engine: str) -> bool:
    """Whether one of these files, by what the store or a SHA-256 says of it, ended this engine lately."""
    there: bool = await fetchval(
        f"""
        SELECT EXISTS (
          SELECT FROM crashed_file c
          JOIN unnest($1::text[], $2::bigint[], $3::text[]) AS input (etag, size, sha256) ON {_SAME.format(one="input")}
          WHERE c.engine = $4 AND {_LATELY})
        """,  # noqa: S608
        etags,
        sizes,
        hashes,
        engine,
    )
    return there


async def forget() -> None:
    """Forgets files that may be tried again."""
    await execute(f"DELETE FROM crashed_file c WHERE NOT {_LATELY}")  # noqa: S608
