"""Limits on addresses: exact also side by side, and told when to come again."""

import asyncio
from uuid import uuid4

import pytest

from filemill import redis_pool
from filemill.accounts import rate_limits
from filemill.errors import TooMany

pytestmark = [pytest.mark.anyio, pytest.mark.usefixtures("redis")]


@pytest.fixture
async def redis(redis_url):
    redis_pool.open(redis_url)
    yield redis_pool.client()
    await redis_pool.close()


def things() -> str:
    return f"things-{uuid4().hex}"


async def test_of_many_at_once_exactly_so_many_pass():
    what = things()

    results = await asyncio.gather(
        *(rate_limits.take(what, "192.0.2.1", 10) for _ in range(80)), return_exceptions=True
    )

    refused = [one for one in results if not isinstance(one, rate_limits.Turn)]
    assert len(results) - len(refused) == 10
    assert {type(one) for one in refused} == {TooMany}
    assert all(55 <= one.retry_after <= 60 for one in refused)
    assert refused[0].message.startswith(f"Too many {what} from your address: 10 a minute are allowed. Try again in ")


async def test_the_window_slides(redis):
    # given three, the first of which was let through 59.5 seconds ago
    what = things()
    for _ in range(3):
        await rate_limits.take(what, "192.0.2.1", 3)
    key = f"limit:{what}:192.0.2.1"
    first = int(await redis.lindex(key, 2))
    await redis.lset(key, 2, first - 59_500_000)
    # then there is half a second to wait
    with pytest.raises(TooMany) as refused:
        await rate_limits.take(what, "192.0.2.1", 3)
    assert refused.value.retry_after == 1
    # and after that there is room for one again
    await redis.lset(key, 2, first - 60_500_000)
    await rate_limits.take(what, "192.0.2.1", 3)
    with pytest.raises(TooMany):
        await rate_limits.take(what, "192.0.2.1", 3)


async def test_nothing_is_kept_of_an_address_that_does_not_come_again(redis):
    what = things()
    await rate_limits.take(what, "192.0.2.1", 3)

    assert 0 < await redis.ttl(f"limit:{what}:192.0.2.1") <= 60


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("2001:db8::1", "2001:db8::ffff:1", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("unknown", "unknown", True),
    ],
)
async def test_one_customer_is_one_address(one, other, is_same):
    what = things()
    await rate_limits.take(what, one, 1)

    if is_same:
        with pytest.raises(TooMany):
            await rate_limits.take(what, other, 1)
    else:
        await rate_limits.take(what, other, 1)


async def test_one_thing_does_not_count_for_another():
    await rate_limits.take(things(), "192.0.2.1", 1)
    await rate_limits.take(things(), "192.0.2.1", 1)


async def test_a_turn_that_is_given_back_can_be_taken_again():
    # given an address that has used all of its turns
    what = things()
    turns = [await rate_limits.take(what, "192.0.2.1", 3) for _ in range(3)]
    with pytest.raises(TooMany):
        await rate_limits.take(what, "192.0.2.1", 3)
    # when one comes back, twice
    await rate_limits.give_back(turns[1])
    await rate_limits.give_back(turns[1])
    # then there is one more, and no other
    await rate_limits.take(what, "192.0.2.1", 3)
    with pytest.raises(TooMany):
        await rate_limits.take(what, "192.0.2.1", 3)
