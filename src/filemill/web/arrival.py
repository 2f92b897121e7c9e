"""Bounds how long a body may take to arrive: whoever sends drop by drop would hold a connection for ever."""

import asyncio
import contextlib

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, HTTPScope, Message, Receive, Scope, Send

from filemill.errors import BodyTooSlow
from filemill.storage.patience import Patience

SECONDS = 30.0
"""How long a body may hardly move: at its beginning, and whenever it stands still later on."""

LEAST_PER_SECOND = 16 * 2**10
"""For so many bytes that have come it may take a second more: a large body over a slow line is no attack.

Files have to be quicker (`storage/incoming.py`): a file on its way holds one of few slots.
"""

MOST_READ_OUT = 64 * 2**10
READ_OUT_SECONDS = 0.05
"""What of a body that nobody wants is read all the same, if it is there already: so the connection can go on."""

_CLOSE = (b"connection", b"close")


class _Body:
    """One request's body on its way in."""

    def __init__(self, scope: HTTPScope, receive: Receive) -> None:
        self._receive = receive
        self._patience = Patience(first=SECONDS, most=SECONDS, least_per_second=LEAST_PER_SECOND)
        self._is_begun = False
        self._is_over = False
        self._is_whole = False
        headers = dict(scope["headers"])
        self._is_announced = headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers
        self._is_held_back = b"expect" in headers  # its sender waits until somebody wants it

    async def receive(self) -> HTTPReceiveMessage:
        """The next piece. Raises BodyTooSlow."""
        if self._is_over:  # what comes now is that the client has left
            return await self._receive()  # type: ignore[return-value]
        self._is_begun = True
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            async with asyncio.timeout(self._patience.seconds):
                message: HTTPReceiveMessage = await self._receive()  # type: ignore[assignment]
        except TimeoutError as error:
            self._is_over = True
            raise BodyTooSlow from error
        if message["type"] == "http.request":
            self._patience.spend(clock() - began, len(message["body"]))
            self._is_over = self._is_whole = not message.get("more_body", False)
        else:
            self._is_over = True
        return message

    async def is_read_out(self) -> bool:
        """Whether all of it has come, once what is here already is read. The sender is not waited for."""
        if not self._is_announced or self._is_whole:
            return True
        if self._is_held_back and not self._is_begun:
            return False
        left = MOST_READ_OUT
        with contextlib.suppress(TimeoutError, BodyTooSlow):
            async with asyncio.timeout(READ_OUT_SECONDS):
                while left > 0 and not self._is_over:
                    message = await self.receive()
                    left -= len(message["body"]) if message["type"] == "http.request" else left
        return self._is_whole


class InTime:
    """Goes around Litestar's handler; where a body takes too long, whoever reads it gets BodyTooSlow.

    Whoever is answered in the middle of a body is answered at once, and his connection closed: the server reads for a
    moment what still comes, so that he hears why.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        body = _Body(scope, receive)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and not await body.is_read_out():
                message["headers"] = [*message["headers"], _CLOSE]
            await send(message)

        await self._app(scope, body.receive, answer)
