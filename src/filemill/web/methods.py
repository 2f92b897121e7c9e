"""What Litestar leaves out: HEAD is answered as GET is, less the body; OPTIONS tells every method of an address."""

from collections.abc import AsyncIterator, Iterable

from litestar.enums import HttpMethod, ScopeType
from litestar.routes import BaseRoute, HTTPRoute
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

IS_HEAD = "is_head"
"""In `request.state`: the request that a GET route answers was a HEAD."""


async def no_body() -> AsyncIterator[bytes]:
    """The body of an answer to HEAD whose GET would stream: without a byte."""
    return
    yield b""


class AllMethods:
    """Goes around Litestar's handler, which takes HEAD nowhere and tells the methods of its first handler only."""

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._allow = {
            route.path_format: and_head(route.methods).encode() for route in routes if isinstance(route, HTTPRoute)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
        elif scope["method"] == HttpMethod.HEAD:
            await self._head(scope, receive, send)
        elif scope["method"] == HttpMethod.OPTIONS:
            await self._options(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _head(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        async def bodiless(message: Message) -> None:
            if message["type"] == "http.response.body":
                message["body"] = b""
            await send(message)

        scope["method"] = HttpMethod.GET.value
        scope.setdefault("state", {})[IS_HEAD] = True  # for whoever must not do for HEAD what GET does
        try:
            await self._app(scope, receive, bodiless)
        finally:
            scope["method"] = HttpMethod.HEAD.value  # the log tells what was asked

    async def _options(self, scope: HTTPScope, receive: Receive, send: Send) -> None:
        async def mended(message: Message) -> None:
            allow = self._allow.get(scope.get("path_template", ""))
            if message["type"] == "http.response.start" and allow is not None:
                headers = message["headers"]
                message["headers"] = [(name, allow if name == b"allow" else value) for name, value in headers]
            await send(message)

        await self._app(scope, receive, mended)


def and_head(methods: Iterable[str]) -> str:
    """The methods as an Allow header tells them: HEAD is among them where GET is."""
    known = {str(method) for method in methods}
    return ", ".join(sorted(known | {"HEAD"} if "GET" in known else known))
