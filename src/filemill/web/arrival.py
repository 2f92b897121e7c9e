"""Bounds how long a body may take to arrive: whoever sends drop by drop would hold a connection for ever."""

import asyncio

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPReceiveMessage, Receive, Scope, Send

from filemill.errors import BodyTooSlow

SECONDS = 30.0
"""How long a body may take that hardly moves."""

LEAST_PER_SECOND = 16 * 2**10
"""For so many bytes that have come it may take a second more: a large body over a slow line is no attack."""


class InTime:
    """Goes around Litestar's handler; where a body takes too long, whoever reads it gets BodyTooSlow."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        deadline = asyncio.get_running_loop().time() + SECONDS
        is_whole = False

        async def in_time() -> HTTPReceiveMessage:
            nonlocal deadline, is_whole
            if is_whole:  # what comes now is that the client has left
                return await receive()  # type: ignore[return-value]
            try:
                async with asyncio.timeout_at(deadline):
                    message: HTTPReceiveMessage = await receive()  # type: ignore[assignment]
            except TimeoutError as error:
                raise BodyTooSlow from error
            if message["type"] == "http.request":
                deadline += len(message["body"]) / LEAST_PER_SECOND
                is_whole = not message.get("more_body", False)
            return message

        await self._app(scope, in_time, send)
