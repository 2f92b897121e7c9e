"""Refuses requests whose address or headers are longer than any here needs, before anybody takes them apart.

Libraries split, sort and remember what stands there: a query of 60 KB may become megabytes that are kept.
"""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from filemill.errors import AddressTooLong, HeadersTooLarge
from filemill.web.fallback import Answers

LONGEST_ADDRESS = 8 * 2**10
"""Bytes of a path and its query together, as nginx takes them in front."""

MOST_QUERY_FIELDS = 100

MOST_HEADER_BYTES = 32 * 2**10
"""Bytes of all names and values, as nginx takes them in front."""


class ShortHeads:
    """Goes around Litestar's handler."""

    def __init__(self, app: ASGIApp, answers: Answers) -> None:
        self._app = app
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != ScopeType.HTTP or (error := _wrong(scope)) is None:
            await self._app(scope, receive, send)
            return
        scope["headers"] = []  # nobody reads them any more
        scope["query_string"] = b""
        await self._answers.refuse(scope, receive, send, error)


def _wrong(scope: HTTPScope) -> AddressTooLong | HeadersTooLarge | None:
    query = scope["query_string"]
    path = scope.get("raw_path") or scope["path"].encode()
    if len(path) + len(query) > LONGEST_ADDRESS or query.count(b"&") >= MOST_QUERY_FIELDS:
        return AddressTooLong()
    if sum(len(name) + len(value) for name, value in scope["headers"]) > MOST_HEADER_BYTES:
        return HeadersTooLarge()
    return None
