"""A request that waits is given up as soon as its caller has left."""

import asyncio
from typing import Any

import pytest

from filemill.errors import CallerLeft, NotFound
from filemill.web import waiting

pytestmark = pytest.mark.anyio


class Asked:
    """A request, of which only the end of its connection is to be heard."""

    def __init__(self) -> None:
        self.left = asyncio.Event()
        self._is_read = False

    async def receive(self) -> dict[str, Any]:
        if not self._is_read:
            self._is_read = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.left.wait()
        return {"type": "http.disconnect"}


class Waited:
    """Something that is waited for."""

    def __init__(self, seconds: float, error: Exception | None = None) -> None:
        self.is_given_up = False
        self._seconds, self._error = seconds, error

    async def come(self) -> str:
        try:
            await asyncio.sleep(self._seconds)
        except asyncio.CancelledError:
            self.is_given_up = True
            raise
        if self._error is not None:
            raise self._error
        return "it came"


async def unless_left(asked: Asked, waited: Waited, seconds: int = 30) -> str:
    return await waiting.unless_left(asked, seconds, waited.come())  # type: ignore[arg-type]


@pytest.mark.parametrize("seconds", [0, 30])
async def test_what_comes_is_answered(seconds: int) -> None:
    assert await unless_left(Asked(), Waited(0.05), seconds) == "it came"
    with pytest.raises(NotFound):
        await unless_left(Asked(), Waited(0.05, NotFound()), seconds)


async def test_whoever_leaves_is_not_waited_for() -> None:
    # given somebody who waits
    asked, waited = Asked(), Waited(30)
    answering = asyncio.create_task(unless_left(asked, waited))
    await asyncio.sleep(0.05)
    assert not answering.done()
    # when he leaves
    asked.left.set()
    # then so does what he has waited with
    with pytest.raises(CallerLeft):
        await asyncio.wait_for(answering, 1)
    await asyncio.sleep(0)
    assert waited.is_given_up
