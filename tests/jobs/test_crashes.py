"""Jobs that end their process in every run: by what they are known again, and that nobody else is."""

import uuid

import pytest

from filemill import connections
from filemill.accounts import guests
from filemill.jobs import commands
from filemill.jobs.job import Job
from filemill.jobs.rows import claims, crashes, transitions
from filemill.jobs.rows.jobs import NewFile
from tests.fixtures.jobs import AS_IT_IS, create, mark_all, new_account

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("at_hand")]

COMMON = b"country,population\nDE,83\nFR,68\nIT,59\n"
"""A table that everybody may have, such as that of a statistics office."""

EVIL = b"PAR1 whatever ends the process that opens it PAR1"
TWO = {"input": COMMON, "evil": EVIL}
CONCAT = b'[{"type": "concat", "params": {"inputs": ["evil"]}}]'
LIMIT = b'[{"type": "limit", "params": {"n": 1}}]'


async def queue(by: uuid.UUID, contents: dict[str, bytes], pipeline: bytes = AS_IT_IS, name: str = "a.csv") -> Job:
    files = [NewFile("input", name, 1000)]
    files += [NewFile(each, f"{each}.parquet", 1000) for each in contents if each != "input"]
    return await mark_all(await create(by, pipeline, *files), contents)


async def claim(engine: str = "tables 1") -> uuid.UUID:
    claimed = await claims.claim("tables", "me", engine)
    assert claimed is not None
    return claimed.id


async def crash(by: uuid.UUID, contents: dict[str, bytes], pipeline: bytes = AS_IT_IS, name: str = "a.csv") -> Job:
    """A job that has ended its process in every run."""
    job = await queue(by, contents, pipeline, name)
    claimed = await claims.claim("tables", "me", "tables 1")
    assert claimed is not None
    await transitions.fail(job.id, claimed.fence, "crashed", "It was too much.", "us")
    await crashes.remember([job.id])
    return job


async def is_known(
    by: uuid.UUID, contents: dict[str, bytes], pipeline: bytes = AS_IT_IS, name: str = "a.csv", engine: str = "tables 1"
) -> bool:
    """Whether such a job is refused."""
    job = await queue(by, contents, pipeline, name)
    assert await claim(engine) == job.id
    return await crashes.is_known(job.id)


async def test_a_crashing_job_is_known_again_to_its_owner_and_to_nobody_else(owner: uuid.UUID) -> None:
    await crash(owner, TWO, CONCAT)

    assert await is_known(owner, TWO, CONCAT)
    assert not await is_known(await new_account(), TWO, CONCAT)


async def test_nobodys_good_file_is_refused_since_it_came_with_a_bad_one(owner: uuid.UUID) -> None:
    await crash(owner, TWO, CONCAT)

    assert not await is_known(await new_account(), {"input": COMMON})
    assert not await is_known(owner, {"input": COMMON})


@pytest.mark.parametrize(
    ("task", "known"),
    [
        ((COMMON, AS_IT_IS, "a.csv", "tables 1"), True),
        ((COMMON, AS_IT_IS, "another name.csv", "tables 1"), True),
        ((COMMON, AS_IT_IS, "a.tsv", "tables 1"), False),
        ((COMMON + b"ES,48\n", AS_IT_IS, "a.csv", "tables 1"), False),
        ((COMMON, LIMIT, "a.csv", "tables 1"), False),
        ((COMMON, AS_IT_IS, "a.csv", "tables 2"), False),
    ],
)
async def test_the_whole_task_counts(owner: uuid.UUID, task: tuple[bytes, bytes, str, str], known: bool) -> None:
    await crash(owner, {"input": COMMON})

    content, pipeline, name, engine = task
    assert await is_known(owner, {"input": content}, pipeline, name, engine) is known


async def test_a_crash_is_remembered_when_its_job_is_gone_and_for_so_many_days(owner: uuid.UUID) -> None:
    job = await crash(owner, {"input": COMMON})
    await commands.delete(job.id, owner)
    assert await is_known(owner, {"input": COMMON})

    await connections.execute("UPDATE crashed_job SET at = at - make_interval(days => $1)", crashes.DAYS + 1)

    assert not await is_known(owner, {"input": COMMON})
    await crashes.forget()
    assert await connections.fetchval("SELECT count(*) FROM crashed_job") == 0


async def test_a_crash_is_remembered_once(owner: uuid.UUID) -> None:
    job = await crash(owner, {"input": COMMON})
    await crashes.remember([job.id])
    await crash(owner, {"input": COMMON})

    assert await connections.fetchval("SELECT count(*) FROM crashed_job") == 1


async def test_a_file_is_known_by_its_hash_where_it_came_in_other_parts(owner: uuid.UUID) -> None:
    job = await queue(owner, {"input": COMMON})
    await connections.execute("UPDATE object SET sha256 = 'abc' WHERE job = $1", job.id)
    assert await claim() == job.id
    await transitions.fail(job.id, 1, "crashed", "It was too much.", "us")
    await crashes.remember([job.id])

    again = await queue(owner, {"input": COMMON})
    await connections.execute("UPDATE object SET sha256 = 'abc', etag = 'parts-2' WHERE job = $1", again.id)
    assert await claim() == again.id
    assert await crashes.is_known(again.id)


async def test_what_a_guest_crashed_its_member_has_crashed(owner: uuid.UUID) -> None:
    guest = uuid.uuid4()
    await guests.admit(guest, None, 3600)
    await crash(guest, {"input": COMMON})
    assert not await is_known(owner, {"input": COMMON})

    await guests.merge(guest, owner)

    assert await is_known(owner, {"input": COMMON})
    assert await is_known(guest, {"input": COMMON})


async def test_what_a_member_crashed_its_later_guests_have_crashed(owner: uuid.UUID) -> None:
    await crash(owner, {"input": COMMON})
    guest = uuid.uuid4()
    await guests.admit(guest, None, 3600)
    await guests.merge(guest, owner)

    assert await is_known(guest, {"input": COMMON})
