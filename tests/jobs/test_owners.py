"""Whose a job is: what a member's guests have is the member's, in lists, rights and quotas alike."""

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

import msgspec
import pytest

from filemill import connections
from filemill.accounts import guests, owner_queries
from filemill.errors import BadRequest, NotYours, TooMany
from filemill.jobs import commands, context, plans, uploads
from filemill.jobs.context import Context
from filemill.jobs.rows import plans as plan_rows
from filemill.jobs.rows.jobs import NewFile
from filemill.pipelines import pairs
from filemill.pipelines.options import Options
from tests.fixtures.jobs import TABLE, NewJob, jobs_of, new_account, upload

pytestmark = pytest.mark.anyio


@pytest.fixture
async def guest(at_hand: Context) -> UUID:
    """A guest of nobody's."""
    guest = uuid4()
    await guests.admit(guest, None, 3600)
    return guest


@pytest.fixture
async def member(at_hand: Context) -> UUID:
    """An account that is signed in to."""
    return await new_account()


def allow(at_hand: Context, **limits: int) -> None:
    """From now on the settings say so."""
    context.open(msgspec.structs.replace(at_hand, settings=msgspec.structs.replace(at_hand.settings, **limits)))


async def _a_pending_job(new_job: NewJob, by: UUID) -> None:
    await new_job(by=by)


async def _a_plan(new_job: NewJob, by: UUID) -> None:
    await plan_rows.insert(
        owner=by, api="data", lane=pairs.PLANS_LANE, pipeline=b"[]", options=b'{"mode":"plan"}', files=[]
    )


async def _want_room_for_a_plan(new_job: NewJob, by: UUID) -> None:
    new = plans.NewPlan(by, "data", (), (NewFile("input", "data.csv", None),), Options(), sample="a\n1\n")
    plan = await plans._queue(new, [])
    await plan_rows.forget(plan)


async def _a_stored_file(new_job: NewJob, by: UUID) -> None:
    job = await new_job(by=by)
    await uploads.mark(job.id, by, await upload(job))


Do = Callable[[NewJob, UUID], Awaitable[None]]

QUOTAS: dict[str, tuple[dict[str, int], Do, Do]] = {
    "open jobs": ({"open_jobs": 1}, _a_pending_job, _a_pending_job),
    "pending jobs": ({"pending_jobs": 1}, _a_pending_job, _a_pending_job),
    "plans": ({"open_plans": 1}, _a_plan, _want_room_for_a_plan),
    "stored bytes": ({"stored_bytes": len(TABLE) * 2 - 1}, _a_stored_file, _a_stored_file),
}


@pytest.mark.parametrize(("limits", "have", "want"), QUOTAS.values(), ids=QUOTAS)
async def test_what_a_merged_guest_has_counts_as_its_members(  # noqa: PLR0917
    at_hand: Context, new_job: NewJob, guest: UUID, member: UUID, limits: dict[str, int], have: Do, want: Do
) -> None:
    # given a guest that has as much as an account may have, and a member that has nothing
    allow(at_hand, **limits)
    await have(new_job, guest)
    # when the guest becomes the member's
    await guests.merge(guest, member)
    # then the member may have nothing more, and a stranger is free to
    with pytest.raises((TooMany, BadRequest), match=r"allowed|at once"):
        await want(new_job, member)
    await want(new_job, await new_account())


@pytest.mark.parametrize(("limits", "have", "want"), QUOTAS.values(), ids=QUOTAS)
async def test_what_somebody_elses_guest_has_counts_for_nobody(  # noqa: PLR0917
    at_hand: Context, new_job: NewJob, guest: UUID, member: UUID, limits: dict[str, int], have: Do, want: Do
) -> None:
    allow(at_hand, **limits)
    await have(new_job, guest)
    await want(new_job, member)


async def test_lists_and_rights_go_by_the_same_accounts(new_job: NewJob, guest: UUID, member: UUID) -> None:
    # given
    job = await new_job(by=guest)
    assert await jobs_of(member, 0, 10) == []
    with pytest.raises(NotYours):
        await commands.get(job.id, member)
    # when
    await guests.merge(guest, member)
    # then
    assert set(await owner_queries.owned(member)) == {guest, member}
    assert [each.id for each in await jobs_of(member, 0, 10)] == [job.id]
    assert (await commands.get(job.id, member)).id == job.id
    # and a guest owns nothing of its member's
    own = await new_job(by=member)
    assert await owner_queries.owned(guest) == [guest]
    with pytest.raises(NotYours):
        await commands.get(own.id, guest)


async def test_a_guest_and_its_member_are_counted_one_after_the_other(guest: UUID, member: UUID) -> None:
    # given a merged guest for which somebody counts
    await guests.merge(guest, member)
    async with connections.transaction():
        await owner_queries.lock(guest)
        # then nobody counts for its member meanwhile
        locked = "SELECT id FROM account WHERE id = ANY($1::uuid[]) FOR NO KEY UPDATE SKIP LOCKED"
        elsewhere = await _on_another_connection(locked, [guest, member])
    assert elsewhere == []


async def _on_another_connection(sql: str, *args: object) -> list[object]:
    assert connections.DB.pool is not None
    async with connections.DB.pool.acquire() as connection:
        return list(await connection.fetch(sql, *args))
