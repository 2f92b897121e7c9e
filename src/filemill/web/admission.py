"""Answers the requests that the server has marked: those of an address with too many connections, those for health."""

from collections.abc import Callable
from typing import Any

from litestar import Request, Response
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from filemill.errors import Crowded, NotFound
from filemill.server.connection import INTERNAL, REFUSED

OF_HEALTH = frozenset({"/health/live", "/health/ready", "/metrics"})
"""All that is at the port for health."""


class Admitted:
    """Lets requests through that are to be answered; refuses the others in the dialect of their path."""

    def __init__(self, app: ASGIApp, answer: Callable[[Request[Any, Any, Any], Exception], Response[Any]]) -> None:
        """`answer` turns an error into an answer, in the dialect of the request's path."""
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        marks = scope.get("state")
        if marks and scope["type"] == ScopeType.HTTP:
            if REFUSED in marks:
                await self._refuse(scope, receive, send, Crowded())
                return
            if INTERNAL in marks and scope["path"] not in OF_HEALTH:
                await self._refuse(scope, receive, send, NotFound("There is nothing at this address."))
                return
        await self._app(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, error: Exception) -> None:
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        answer = self._answer(request, error)
        answer.headers["Connection"] = "close"
        await answer.to_asgi_response(None, request)(scope, receive, send)
