"""Transactions that PostgreSQL ends for the sake of another one are begun again, as a whole and not for ever."""

import asyncio
from uuid import UUID

import asyncpg
import pytest

from filemill import connections
from filemill.errors import DatabaseAway
from filemill.jobs.rows import jobs, receipts
from filemill.storage import queries as objects
from tests.fixtures.jobs import NewJob, new_account

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("at_hand")]

NAMED = "UPDATE account SET first_name = coalesce(first_name, '') || $2 WHERE id = $1"


async def name_of(account: UUID) -> str:
    name: str = await connections.fetchval("SELECT first_name FROM account WHERE id = $1", account)
    return name


async def test_of_two_that_wait_for_each_other_both_are_done_once() -> None:
    # given two accounts, and two who write both, the one in the other order than the other
    one, other = await new_account(), await new_account()
    met = asyncio.Barrier(2)
    begun: list[str] = []

    @connections.in_transaction
    async def write(letter: str, first: UUID, second: UUID) -> str:
        begun.append(letter)
        await connections.execute(NAMED, first, letter)
        if len(begun) <= 2:
            await met.wait()  # each holds what the other wants
        await connections.execute(NAMED, second, letter)
        return letter

    # when both are at it
    done = await asyncio.gather(write("a", one, other), write("b", other, one))
    # then one was begun twice, from its beginning, and each has written both rows once
    assert done == ["a", "b"]
    assert sorted(begun) in (["a", "a", "b"], ["a", "b", "b"])
    assert sorted(await name_of(one)) == sorted(await name_of(other)) == ["a", "b"]


async def test_a_single_statement_is_repeated_too(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    really = connections._call_once

    async def once(method: str, sql: str, args: tuple[object, ...]) -> object:
        nonlocal asked
        asked += sql == "SELECT 1"
        if asked == 1:
            raise asyncpg.DeadlockDetectedError("deadlock detected")
        return await really(method, sql, args)

    monkeypatch.setattr(connections, "_call_once", once)
    assert await connections.fetchval("SELECT 1") == 1
    assert asked == 2


async def test_what_never_succeeds_ends_as_a_database_that_is_away() -> None:
    tries = 0

    @connections.in_transaction
    async def collide() -> None:
        nonlocal tries
        tries += 1
        await connections.execute("DO $$ BEGIN RAISE EXCEPTION 'no' USING ERRCODE = 'serialization_failure'; END $$")

    with pytest.raises(DatabaseAway):
        await collide()
    assert tries == connections.MOST_TRIES


async def test_inside_another_transaction_the_outer_one_is_repeated() -> None:
    # given a function in a function, each of which has to be one transaction
    account = await new_account()
    outer = inner = 0

    @connections.in_transaction
    async def within() -> None:
        nonlocal inner
        inner += 1
        if inner == 1:
            raise asyncpg.DeadlockDetectedError("deadlock detected")

    @connections.in_transaction
    async def around() -> None:
        nonlocal outer
        outer += 1
        await connections.execute(NAMED, account, "x")
        await within()

    # then both begin again, and what was written the first time is undone
    await around()
    assert (outer, inner) == (2, 2)
    assert await name_of(account) == "x"


async def test_no_other_error_is_tried_again() -> None:
    tries = 0

    @connections.in_transaction
    async def fail() -> None:
        nonlocal tries
        tries += 1
        await connections.execute("SELECT 1 / 0")

    with pytest.raises(asyncpg.DivisionByZeroError):
        await fail()
    assert tries == 1


async def _waits(work: asyncio.Task[object]) -> bool:
    await asyncio.sleep(0.2)
    return not work.done()


async def test_who_hashes_waits_for_the_job_before_it_holds_the_object(queued: NewJob) -> None:
    # given an object whose job somebody holds
    job = await queued()
    object_id = await connections.fetchval("SELECT id FROM object WHERE job = $1", job.id)
    await receipts.due([object_id])
    async with connections.transaction():
        await jobs.lock(job.id)
        # when its SHA-256 is written down meanwhile
        hashing = asyncio.create_task(_elsewhere(receipts.hashed(object_id, "0" * 64)))
        assert await _waits(hashing)
        # then whoever holds the job gets its object as well, at once
        async with asyncio.timeout(0.5):
            await objects.lock_all_of([job.id])
    await hashing


async def test_who_deletes_a_job_has_its_objects_before_its_files(queued: NewJob) -> None:
    # given a job with an object that somebody is removing
    job = await queued()
    object_id = await connections.fetchval("SELECT id FROM object WHERE job = $1", job.id)
    async with connections.transaction():
        await objects.lock([object_id])
        # when the job is deleted meanwhile
        deleting = asyncio.create_task(_elsewhere(jobs.delete([job.id])))
        assert await _waits(deleting)
        # then the rows of its files are free, as the removal of the object changes them
        async with asyncio.timeout(0.5):
            await connections.execute("UPDATE job_file SET object = NULL WHERE object = $1", object_id)
    await deleting


async def test_what_somebody_holds_is_left_to_the_next_sweep(queued: NewJob) -> None:
    # given two objects whose time is over, one of them in somebody's hands
    await queued()
    await queued()
    await connections.execute("UPDATE object SET expires_at = now() - interval '1 s'")
    held = await connections.fetchval("SELECT id FROM object LIMIT 1")
    async with connections.transaction():
        await objects.lock([held])
        # then sweep takes the other one, and waits for nobody
        async with asyncio.timeout(0.5):
            assert await _elsewhere(objects.leave_expired()) == 1
    assert await objects.leave_expired() == 1


async def _elsewhere(work):  # type: ignore[no-untyped-def]
    """Does it on another connection than the transaction around it."""
    token = connections.DB.current_transaction.set(None)
    try:
        return await work
    finally:
        connections.DB.current_transaction.reset(token)
