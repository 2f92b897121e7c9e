"""Makes OPTIONS tell every method of an address; Litestar's own answer tells those of its first handler only."""

from collections.abc import Iterable

from litestar.routes import BaseRoute, HTTPRoute
from litestar.types import ASGIApp, Message, Receive, Scope, Send


class AllMethods:
    """Goes around Litestar's handler and mends the Allow header of its OPTIONS answers."""

    def __init__(self, app: ASGIApp, routes: Iterable[BaseRoute]) -> None:
        self._app = app
        self._allow = {
            route.path_format: ", ".join(sorted(route.methods)).encode()
            for route in routes
            if isinstance(route, HTTPRoute)
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope.get("method") != "OPTIONS":
            await self._app(scope, receive, send)
            return

        async def mended(message: Message) -> None:
            allow = self._allow.get(scope.get("path_template", ""))
            if message["type"] == "http.response.start" and allow is not None:
                headers = message["headers"]
                message["headers"] = [(name, allow if name == b"allow" else value) for name, value in headers]
            await send(message)

        await self._app(scope, receive, mended)
