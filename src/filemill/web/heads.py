"""Refuses requests whose address or headers are longer than any here needs, before anybody takes them apart.

Libraries split, sort and remember what stands there: a query of 60 KB may become megabytes that are kept.
"""

from collections.abc import Callable
from typing import Any

from litestar import Request, Response
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from filemill.errors import AddressTooLong, HeadersTooLarge

LONGEST_ADDRESS = 8 * 2**10
"""Bytes of a path and its query together, as nginx takes them in front."""

MOST_QUERY_FIELDS = 100

MOST_HEADER_BYTES = 32 * 2**10
"""Bytes of all names and values, as nginx takes them in front."""


class ShortHeads:
    """Goes around Litestar's handler."""

    def __init__(self, app: ASGIApp, answer: Callable[[Request[Any, Any, Any], Exception], Response[Any]]) -> None:
        """`answer` turns an error into an answer, in the dialect of the request's path."""
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        error = _wrong(scope) if scope["type"] == ScopeType.HTTP else None
        if error is None:
            await self._app(scope, receive, send)
            return
        scope["headers"] = []  # nobody reads them any more
        scope["query_string"] = b""
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        answer = self._answer(request, error).to_asgi_response(None, request)
        await answer(scope, receive, send)


def _wrong(scope: Scope) -> AddressTooLong | HeadersTooLarge | None:
    query = scope["query_string"]
    path = scope.get("raw_path") or scope["path"].encode()
    if len(path) + len(query) > LONGEST_ADDRESS or query.count(b"&") >= MOST_QUERY_FIELDS:
        return AddressTooLong()
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MOST_HEADER_BYTES:
        return HeadersTooLarge()
    return None
