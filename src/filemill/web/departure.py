"""Bounds how long an answer may take to be read: whoever does not read would hold it, and a connection, for ever."""

import asyncio
from collections.abc import Callable
from typing import cast

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from filemill import logs
from filemill.server.connection import ABORT
from filemill.storage.patience import Patience

PIECE_BYTES = 64 * 2**10
"""An answer goes out in such pieces. Each next one waits until the reader has taken some of those before."""

LEAST_PER_SECOND = 16 * 2**10
"""For so many bytes that were taken the reader has a second more: a large answer over a slow line is no attack."""


class ReaderTooSlow(Exception):
    """The reader has kept the answer waiting for too long."""


class _Answer:
    """One answer on its way out. Only waiting counts, not the time that it takes us to make the next piece."""

    def __init__(self, send: Send, seconds: float) -> None:
        self.is_begun = False
        self._send = send
        self._patience = Patience(first=seconds, most=seconds, least_per_second=LEAST_PER_SECOND)
        self._is_in_pieces = False

    async def send(self, message: Message) -> None:
        """Sends a message, a large one in pieces. Raises ReaderTooSlow."""
        if message["type"] != "http.response.body":
            self.is_begun = True
            await self._send(message)
            return
        body, more = message["body"], message.get("more_body", False)
        if not more and not self._is_in_pieces and len(body) <= PIECE_BYTES:
            await self._send(message)  # nearly always: the server takes it whole, and nobody waits
            return
        self._is_in_pieces = True
        for at in range(0, len(body) or 1, PIECE_BYTES):
            piece = body[at : at + PIECE_BYTES]
            await self._send_piece(piece, more or at + PIECE_BYTES < len(body))

    async def _send_piece(self, piece: bytes, more: bool) -> None:
        clock = asyncio.get_running_loop().time
        began = clock()
        try:
            async with asyncio.timeout(self._patience.seconds):
                await self._send({"type": "http.response.body", "body": piece, "more_body": more})
        except TimeoutError as error:
            raise ReaderTooSlow from error
        self._patience.spend(clock() - began, len(piece))


class TakenInTime:
    """Goes around Litestar's handler: cuts the connection of a reader that keeps an answer waiting for `seconds`.

    An answer that breaks off for another reason is cut as well: it must not look like a whole one.
    """

    def __init__(self, app: ASGIApp, seconds: float) -> None:
        self._app = app
        self._seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        answer = _Answer(send, self._seconds)
        try:
            await self._app(scope, receive, answer.send)
        except Exception as error:
            if not answer.is_begun:
                raise
            _tell(error, scope["path"])
            if not cut(scope):
                raise


def _tell(error: Exception, path: str) -> None:
    if _is_or_holds(error, ReaderTooSlow):
        logs.say(__name__, "a reader was too slow for its answer, and is cut off", path=path)
    else:
        logs.warn(__name__, "an answer broke off", cause=error, path=path)


def _is_or_holds(error: BaseException | None, kind: type[Exception]) -> bool:
    """Whether an error is of this kind, or was caused by one: Litestar wraps what happens behind an answer's begin."""
    if isinstance(error, BaseExceptionGroup):
        return any(_is_or_holds(each, kind) for each in error.exceptions)
    return error is not None and (isinstance(error, kind) or _is_or_holds(error.__cause__, kind))


def cut(scope: HTTPScope) -> bool:
    """Cuts the connection of a request, and drops what waits for its reader -> False where the server cannot."""
    abort = (scope.get("extensions") or {}).get(ABORT)
    if abort is None:
        return False
    cast("Callable[[], None]", abort)()
    return True
