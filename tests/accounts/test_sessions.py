"""Sessions and their guests: ids of our own, an end, and one new session for whoever signs in."""

import asyncio
from uuid import uuid4

import pytest

from filemill import connections, redis_pool
from filemill.accounts import guests, owner_queries, queries, sessions, sign_in

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("database", "redis")]


@pytest.fixture
async def redis(redis_url):
    redis_pool.open(redis_url)
    yield redis_pool.client()
    await redis_pool.close()


async def a_member():
    return (await sign_in.register(f"{uuid4().hex}@example.com", "correct horse battery")).id


async def begun(seconds=60):
    return await sessions.begin(seconds, most_unused=100_000)


async def row(account):
    return await connections.fetchrow("SELECT merged_into, expires_at FROM account WHERE id = $1", account)


async def test_a_session_is_found_by_its_id_until_it_ends(redis):
    # given
    session = await begun()
    # then its key carries its lifetime
    assert await sessions.read(session.id) == session
    assert 58 <= await redis.ttl(f"session:{session.id}") <= 60
    # when it ends
    await sessions.end(session)
    # then its id is nobody's
    assert await sessions.read(session.id) is None


@pytest.mark.parametrize("made_up", ["", "x", "A" * 43, "a" * 100_000, "../../etc", "*", "é" * 43])
async def test_an_id_that_we_have_not_made_is_nobodys(made_up):
    assert await sessions.read(made_up) is None


async def test_a_crowd_waits_its_turn_at_redis():
    # given more visitors at one moment than there are connections
    session = await begun()
    # when
    found = await asyncio.gather(*(sessions.read(session.id) for _ in range(500)))
    # then nobody hears that Redis is away
    assert found == [session] * 500


async def test_two_sessions_share_nothing():
    one, other = await begun(), await begun()

    assert not {one.id, one.csrf, one.guest} & {other.id, other.csrf, other.guest}
    assert one.has_csrf(one.csrf)
    assert not one.has_csrf(other.csrf)
    assert not one.has_csrf("")
    assert not one.has_csrf("é")


async def test_a_guest_has_no_row_before_it_is_admitted_and_expires_with_its_session():
    # given
    session = await begun(3600)
    assert await row(session.guest) is None
    # when it is admitted, twice as well as once
    await session.admit_guest()
    await session.admit_guest()
    # then
    left = await connections.fetchval(
        "SELECT extract(epoch FROM expires_at - now()) FROM account WHERE id = $1", session.guest
    )
    assert 3590 < left <= 3600
    assert (await queries.live_account(session.guest)).is_guest


async def test_a_guest_whose_time_is_over_may_not_act():
    session = await begun(3600)
    await guests.admit(session.guest, None, 0)

    assert await queries.live_account(session.guest) is None
    async with connections.transaction():
        assert not await queries.lock_live(session.guest)


async def test_signing_in_makes_a_new_session_and_the_guests_things_the_members():
    # given a guest who has uploaded something
    former = await begun()
    await former.admit_guest()
    member = await a_member()
    # when
    session = await sessions.sign_in(former, member, 0, 3600)
    # then the id that an attacker might have known is dead
    assert session.id != former.id
    assert session.csrf != former.csrf
    assert await sessions.read(former.id) is None
    # and the guest is the member's, and does not expire
    assert session.guest == former.guest
    assert tuple(await row(former.guest)) == (member, None)
    assert set(await owner_queries.owned(member)) == {member, former.guest}
    assert await owner_queries.owned(former.guest) == [former.guest]


async def test_the_guest_of_a_signed_in_session_is_the_members_from_the_first_upload_on():
    member = await a_member()
    session = await sessions.sign_in(None, member, 0, 3600)
    assert await row(session.guest) is None

    await session.admit_guest()

    assert tuple(await row(session.guest)) == (member, None)


async def test_a_guest_is_merged_once_and_a_member_never():
    # given
    session = await begun()
    await session.admit_guest()
    first, second = await a_member(), await a_member()
    # when
    await guests.merge(session.guest, first)
    await guests.merge(session.guest, second)
    await guests.merge(first, second)
    # then
    assert (await row(session.guest))["merged_into"] == first
    assert (await row(first))["merged_into"] is None


async def test_of_the_sessions_that_hold_nothing_the_oldest_make_way(redis):
    # given three, the oldest of which has had an upload; nobody else's is there
    await redis.delete("sessions:unused")
    used, older, newer = await begun(60), await begun(61), await begun(62)
    await used.admit_guest()
    # when there are more of the others than may be
    newest = await sessions.begin(63, most_unused=2)
    # then
    assert [await sessions.read(one.id) for one in (used, older, newer, newest)] == [used, None, newer, newest]
    # and one that made way is over for good
    assert await redis.exists(f"session:{older.id}") == 0


async def test_nothing_is_kept_of_sessions_that_are_over(redis):
    # given one that was ended, one that somebody signed in to, and one whose time ran out
    await redis.delete("sessions:unused")
    await sessions.end(await begun())
    await sessions.sign_in(await begun(), await a_member(), 0, 60)
    await redis.zadd("sessions:unused", {"session:long-ago": 1})
    # when
    last = await begun()
    # then
    assert await redis.zrange("sessions:unused", 0, -1) == [f"session:{last.id}"]
