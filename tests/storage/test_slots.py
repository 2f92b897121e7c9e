"""Slots are shared out by address, and a sender keeps his only as long as his file comes quickly enough."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest

from filemill.errors import BodyTooSlow, TooMany, Unavailable
from filemill.storage import incoming, slots
from filemill.storage.incoming import Incoming
from filemill.storage.slots import Slots

pytestmark = pytest.mark.anyio

KIB = 2**10


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever finds no slot is told so soon."""
    monkeypatch.setattr(slots, "WAIT_SECONDS", 0.05)


async def held_by(held: AsyncExitStack, of: Slots, address: str, *, at_once: int = 16) -> int:
    """How many slots an address gets that asks for so many."""
    got = 0
    for _ in range(at_once):
        try:
            await held.enter_async_context(of.one(address))
        except (TooMany, Unavailable):
            break
        got += 1
    return got


@pytest.mark.usefixtures("impatient")
async def test_each_address_leaves_half_of_what_is_free() -> None:
    of = Slots(16)
    async with AsyncExitStack() as held:
        shares = [await held_by(held, of, f"192.0.2.{n}") for n in range(6)]

    assert shares == [8, 4, 2, 1, 1, 0]


async def test_no_slot_is_lost_to_whose_wait_has_just_run_out() -> None:
    # given a slot that is held, and somebody whose wait for it is over, but who had no turn since
    of = Slots(1)
    async with of.one("192.0.2.1"):
        late = asyncio.create_task(of.one("192.0.2.2").__aenter__())
        await asyncio.sleep(0)
        late.cancel()
        ((_, turn),) = of._line
        turn.cancel()
        # when the slot gets free in this moment
    # then nobody has it, and the next one gets it
    with pytest.raises(asyncio.CancelledError):
        await late
    async with of.one("192.0.2.3"):
        pass


@pytest.mark.parametrize("most", [1, 2, 3, 5])
@pytest.mark.usefixtures("impatient")
async def test_few_slots_are_shared_too(most: int) -> None:
    of = Slots(most)
    async with AsyncExitStack() as held:
        shares = [await held_by(held, of, f"192.0.2.{n}") for n in range(most)]

    assert sum(shares) == most
    assert max(shares) <= max(1, most // 2)


@pytest.mark.usefixtures("impatient")
async def test_an_ipv6_network_of_one_customer_is_one_address() -> None:
    of = Slots(16)
    async with AsyncExitStack() as held:
        mine = [await held_by(held, of, f"2001:db8:0:1::{n:x}", at_once=1) for n in range(1, 12)]
        mapped = await held_by(held, of, "::ffff:192.0.2.1"), await held_by(held, of, "192.0.2.1")
        others = await held_by(held, of, "2001:db8:0:2::1", at_once=1)

    assert sum(mine) == 8
    assert mapped == (4, 0)
    assert others == 1


async def test_a_slot_that_gets_free_goes_to_the_address_that_has_none() -> None:
    # given two slots held, one by somebody who waits for another, and after him somebody who has none
    of = Slots(4)
    first, second, third = AsyncExitStack(), AsyncExitStack(), AsyncExitStack()
    await first.enter_async_context(of.one("greedy"))
    await first.enter_async_context(of.one("greedy"))
    await second.enter_async_context(of.one("other"))
    await third.enter_async_context(of.one("third"))
    got: list[str] = []

    async def ask(address: str) -> None:
        async with of.one(address):
            got.append(address)
            await asyncio.sleep(0)

    waiting = [asyncio.create_task(ask("other"))]
    await asyncio.sleep(0)
    waiting.append(asyncio.create_task(ask("new")))
    await asyncio.sleep(0)
    # when
    await third.aclose()
    await asyncio.sleep(0.01)
    # then
    assert got == ["new"]
    await first.aclose()
    await asyncio.gather(*waiting)
    assert got == ["new", "other"]
    await second.aclose()


async def test_whoever_leaves_the_line_takes_no_slot_along() -> None:
    # given one slot, held, and somebody who waits for it
    of = Slots(1)
    async with of.one("first"):
        waiting = asyncio.create_task(of.one("second").__aenter__())
        await asyncio.sleep(0)
        # when he leaves at the moment at which the slot becomes his
        asyncio.get_running_loop().call_soon(waiting.cancel)
    await asyncio.gather(waiting, return_exceptions=True)
    # then the next one has it
    async with asyncio.timeout(1), of.one("third"):
        pass


async def at_pace(per_second: int, *, seconds: float) -> AsyncIterator[bytes]:
    until = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < until:
        await asyncio.sleep(0.02)
        yield bytes(per_second // 50)


async def read(chunks: AsyncIterator[bytes]) -> int:
    file = Incoming(chunks, most_bytes=2**30, least_per_second=64 * KIB)
    while await file.piece():
        pass
    return file.size


async def test_a_file_has_to_keep_the_pace_after_its_first_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Given little patience at the beginning, a sender too slow, one quick enough, and one with a quick start."""
    monkeypatch.setattr(incoming, "FIRST_SECONDS", 0.3)
    monkeypatch.setattr(incoming, "STANDING_SECONDS", 0.6)

    with pytest.raises(BodyTooSlow, match="at least 64 KiB a second"):
        await read(at_pace(8 * KIB, seconds=2))
    assert await read(at_pace(256 * KIB, seconds=1)) > 64 * KIB

    async def quick_and_then_still() -> AsyncIterator[bytes]:
        yield bytes(2**20)
        await asyncio.sleep(2)

    with pytest.raises(BodyTooSlow):
        await read(quick_and_then_still())
