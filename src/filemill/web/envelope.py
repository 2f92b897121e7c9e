"""Goes around every answer, 404 and 500 included: request id, `nosniff`, a line in the log, a count in the metrics."""

import re
import secrets
import time

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from filemill import logs
from filemill.web import metrics
from filemill.web.address import Network, client_of

_PLAUSIBLE = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_NOSNIFF = (b"x-content-type-options", b"nosniff")
_UNMATCHED = "unmatched"
_CLIENT_GONE = 499


class Envelope:
    """Wraps Litestar's whole handler, because its own middlewares do not see requests that match no route."""

    def __init__(self, app: ASGIApp, trusted: tuple[Network, ...]) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        request_id = _given_id(scope) or secrets.token_hex(16).encode()
        logs.request_id.set(request_id.decode())
        path = scope["path"]
        started = time.perf_counter()
        status = _CLIENT_GONE

        async def enveloped(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id), _NOSNIFF]
            await send(message)

        try:
            await self._app(scope, receive, enveloped)
        finally:
            seconds = time.perf_counter() - started
            template = scope.get("path_template") or _UNMATCHED
            metrics.count_request(scope["method"], template, status, seconds)
            logs.say(
                "access",
                "request",
                method=scope["method"],
                path=path,
                status=status,
                ms=round(seconds * 1000, 1),
                client=client_of(scope, self._trusted),
                account=_account(scope),
            )


def _given_id(scope: Scope) -> bytes | None:
    for name, value in scope["headers"]:
        if name == b"x-request-id":
            return value if _PLAUSIBLE.fullmatch(value) else None
    return None


def _account(scope: Scope) -> str | None:
    caller = scope.get("user")
    return str(caller.id) if caller is not None and caller.id is not None else None
