"""Answers the requests that the server has marked: those of an address with too many connections, those for health."""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from filemill.errors import Crowded, NotFound
from filemill.server.connection import INTERNAL, REFUSED
from filemill.web.fallback import Answers

OF_HEALTH = frozenset({"/health/live", "/health/ready", "/metrics"})
"""All that is at the port for health."""

_CLOSE = {"Connection": "close"}


class Admitted:
    """Lets requests through that are to be answered; refuses the others in the dialect of their path."""

    def __init__(self, app: ASGIApp, answers: Answers) -> None:
        self._app = app
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        marks = scope.get("state")
        if marks and scope["type"] == ScopeType.HTTP:
            if REFUSED in marks:
                await self._answers.refuse(scope, receive, send, Crowded(), _CLOSE)
                return
            if INTERNAL in marks and scope["path"] not in OF_HEALTH:
                nothing = NotFound("There is nothing at this address.")
                await self._answers.refuse(scope, receive, send, nothing, _CLOSE)
                return
        await self._app(scope, receive, send)
