"""How a caller asks for an answer that comes as soon as a job has ended."""

import asyncio
from collections.abc import Coroutine
from typing import Annotated, Any, TypeVar

from litestar import Request
from litestar.params import QueryParameter

from filemill.errors import CallerLeft

T = TypeVar("T")
LONGEST_SECONDS = 30

Wait = Annotated[
    int, QueryParameter(ge=0, le=LONGEST_SECONDS, description="Seconds to wait for the job's end before answering.")
]
"""The parameter `wait` of an address that tells how a job stands."""


async def unless_left(request: Request[Any, Any, Any], seconds: int, waiting: Coroutine[Any, Any, T]) -> T:
    """What `waiting` comes to; it is given up as soon as whoever asked has left. Raises CallerLeft.

    Else the place of a waiter would be held for up to half a minute by nobody. Without `seconds` nothing is watched.
    """
    if not seconds:
        return await waiting
    answered, left = asyncio.ensure_future(waiting), asyncio.ensure_future(_has_left(request))
    try:
        await asyncio.wait({answered, left}, return_when=asyncio.FIRST_COMPLETED)
        if not answered.done():
            raise CallerLeft
        return answered.result()
    finally:
        answered.cancel()
        left.cancel()


async def _has_left(request: Request[Any, Any, Any]) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
