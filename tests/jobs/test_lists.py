"""Lists of jobs, page by page: what a page holds, and what becomes of a list whose reader takes his time."""

from uuid import UUID

import pytest

from filemill import connections
from filemill.jobs import commands
from filemill.jobs.job import Status
from filemill.jobs.rows import lists
from filemill.jobs.rows.lists import MOST_BYTES, MOST_JOBS
from tests.fixtures.jobs import NewJob

pytestmark = pytest.mark.anyio


async def grow(job: UUID, size: int) -> None:
    """As if the job had been made with steps of so many bytes."""
    await connections.execute("UPDATE job SET as_sent = repeat('x', $2) WHERE id = $1", job, size)


async def grown(new_job: NewJob, *sizes: int) -> list[UUID]:
    """Jobs with steps of these sizes, newest first."""
    made = [(await new_job()).id for _ in sizes]
    for job, size in zip(made, reversed(sizes), strict=True):
        await grow(job, size)
    return made[::-1]


async def test_a_page_holds_what_fits_into_memory(new_job: NewJob, owner: UUID) -> None:
    half = MOST_BYTES // 2
    ids = await grown(new_job, half, half, 1, MOST_BYTES * 3, MOST_BYTES, 10)

    pages = [[job.id for job in page] async for page in await commands.list_of(owner, 0, 1000)]

    assert pages == [ids[:2], ids[2:3], ids[3:4], ids[4:5], ids[5:]]


async def test_a_page_holds_so_many_small_jobs(new_job: NewJob, owner: UUID) -> None:
    listed = [lists.Listed(UUID(int=n), 2) for n in range(2 * MOST_JOBS + 1)]

    assert [len(page) for page in lists.pages_of(listed)] == [MOST_JOBS, MOST_JOBS, 1]


async def test_a_reader_who_takes_his_time_holds_no_connection(new_job: NewJob, owner: UUID) -> None:
    await grown(new_job, MOST_BYTES, MOST_BYTES, MOST_BYTES)
    readers = [await commands.list_of(owner, 0, 1000) for _ in range(20)]

    for reader in readers:
        assert len(await anext(reader)) == 1

    assert connections.DB.pool.get_idle_size() == connections.DB.pool.get_size()
    for reader in readers:
        await reader.aclose()  # type: ignore[attr-defined]


async def test_what_happens_meanwhile(new_job: NewJob, owner: UUID) -> None:
    # given a list of which the first page is read
    first, second, third, last = await grown(new_job, MOST_BYTES, MOST_BYTES, MOST_BYTES, MOST_BYTES)
    reader = await commands.list_of(owner, 0, 1000)
    assert [job.id for job in await anext(reader)] == [first]

    # when a job is made, one is cancelled and one is deleted
    await new_job()
    await commands.cancel(second, owner)
    await commands.delete(third, owner)

    # then the list has the jobs that it began with, as they are now, and not the one that is gone
    rest = [job async for page in reader for job in page]
    assert [(job.id, job.status) for job in rest] == [(second, Status.CANCELLED), (last, Status.PENDING)]
