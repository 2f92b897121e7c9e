"""Who may send a file now: so many at once, so that memory is bounded, shared out among the addresses that send."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from filemill.accounts import addresses
from filemill.errors import TooMany, Unavailable

WAIT_SECONDS = 20
"""How long an upload waits for a slot; nothing of it is read meanwhile, so its sender waits too."""

RETRY_SECONDS = 10

_Place = tuple[str, asyncio.Future[None]]


class Slots:
    """The slots of one process.

    An address gets another slot only while more slots are free than it holds (dynamic thresholds, as switches share a
    buffer): alone it gets half of them, the second one half of the rest, and so on. What has to wait stands in a line,
    in which the address that holds the fewest comes first.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._most_of_one = max(1, most // 2)
        self._held: Counter[str] = Counter()
        self._line: list[_Place] = []

    @asynccontextmanager
    async def one(self, address: str) -> AsyncIterator[None]:
        """Holds a slot. Raises TooMany where this address has its share already, Unavailable where none gets free."""
        sender = addresses.customer_of(address)
        if self._held[sender] + sum(waiting == sender for waiting, _ in self._line) >= self._most_of_one:
            raise TooMany(
                "So many files at once are being sent from your address; send them one after another.",
                retry_after=RETRY_SECONDS,
            )
        await self._wait(sender)
        try:
            yield
        finally:
            self._held[sender] -= 1
            if not self._held[sender]:
                del self._held[sender]
            self._hand_out()

    async def _wait(self, sender: str) -> None:
        place = (sender, asyncio.get_running_loop().create_future())
        self._line.append(place)
        self._hand_out()
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await place[1]
        except BaseException as error:
            self._step_out(place)
            if isinstance(error, TimeoutError):
                raise Unavailable("So many files are being sent at the moment; try again in a few seconds.") from None
            raise

    def _step_out(self, place: _Place) -> None:
        """Takes somebody who waits no more out of the line; a slot that was his by then is the next one's."""
        sender, turn = place
        if place in self._line:
            self._line.remove(place)
        elif turn.done() and not turn.cancelled():
            self._held[sender] -= 1
        self._hand_out()

    def _hand_out(self) -> None:
        """Gives free slots to those in the line who may have one.

        Whose wait has just run out is still in the line until he has his turn: he takes no slot any more.
        """
        self._line = [place for place in self._line if not place[1].done()]
        while self._line:
            place = min(self._line, key=lambda one: self._held[one[0]])  # of two alike the one that came first
            if not self._may_have(place[0]):
                return
            self._line.remove(place)
            self._held[place[0]] += 1
            place[1].set_result(None)

    def _may_have(self, sender: str) -> bool:
        return self._most - sum(self._held.values()) > self._held[sender]
