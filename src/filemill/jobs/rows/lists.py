"""All SQL on lists of jobs and events: which rows a list has, and these rows page by page.

A list is read by many short statements, not by a cursor: a cursor would hold a connection of the pool, and a snapshot
of the database, for as long as a slow reader takes (docs/decisions/0016-long-lists.md).
"""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import msgspec

from filemill.connections import fetch
from filemill.jobs.job import Event, Job
from filemill.jobs.rows.jobs import JOB, job_of

MOST_JOBS, MOST_BYTES = 200, 64 * 2**10
"""Of a page. The bytes are those of its steps and messages; a job with more is a page of its own."""

MOST_EVENTS = 50
"""Of a page. A warning has 2,000 characters at most."""

_MANY = 2**62
"""More rows than any account has; `skip` plus `limit` still fits into 64 bits."""


class Listed(msgspec.Struct, frozen=True):
    """A job of a list, and how many bytes of the caller's own texts it has."""

    id: UUID
    size: int


async def of_owners(owners: list[UUID], skip: int, limit: int) -> list[Listed]:
    """The jobs of these accounts, newest first."""
    # The index finds each owner's newest jobs; one sort over all jobs of an owner would be slow.
    rows = await fetch(
        """
        SELECT newest.id, newest.size FROM unnest($1::uuid[]) AS one (id)
        CROSS JOIN LATERAL (
          SELECT id, created_at, octet_length(as_sent) + coalesce(octet_length(error_message), 0) AS size FROM job
          WHERE owner = one.id AND NOT options ? 'mode'
          ORDER BY created_at DESC, id DESC LIMIT $2::bigint + $3::bigint) newest
        ORDER BY newest.created_at DESC, newest.id DESC OFFSET $2 LIMIT $3
        """,
        owners,
        min(skip, _MANY),
        limit,
    )
    return [Listed(row["id"], row["size"]) for row in rows]


async def jobs(listed: Sequence[Listed]) -> AsyncIterator[list[Job]]:
    """These jobs, each as it stands when its page is read; a job that was deleted meanwhile is left out."""
    for page in pages_of(listed):
        yield await _page([each.id for each in page])  # nothing of it is kept here


async def _page(ids: list[UUID]) -> list[Job]:
    rows = await fetch(
        JOB + "JOIN unnest($1::uuid[]) WITH ORDINALITY AS page (id, n) ON page.id = job.id ORDER BY page.n", ids
    )
    return [job_of(row) for row in rows]


def pages_of(listed: Sequence[Listed]) -> list[list[Listed]]:
    """These jobs in their order, so many together as make a page."""
    pages: list[list[Listed]] = []
    room = 0
    for each in listed:
        if not pages or len(pages[-1]) == MOST_JOBS or each.size > room:
            pages.append([])
            room = MOST_BYTES
        pages[-1].append(each)
        room -= each.size
    return pages


async def events(job_id: UUID, after: int, limit: int = 1000) -> AsyncIterator[list[Event]]:
    """The events of a job after event number `after`, oldest first."""
    while limit > 0:
        rows = await fetch(
            "SELECT n, at, kind, data FROM job_event WHERE job = $1 AND n > $2 ORDER BY n LIMIT $3",
            job_id,
            after,
            min(limit, MOST_EVENTS),
        )
        if not rows:
            return
        yield [Event(r["n"], r["at"], r["kind"], msgspec.json.decode(r["data"])) for r in rows]
        after, limit = rows[-1]["n"], limit - len(rows)
