"""Refuses requests under a host's name that is none of this service's: another site's page may not read from it.

A page of an attacker can make its own name lead to 127.0.0.1 (DNS rebinding); to the browser it then reads from its
own site. Litestar's `AllowedHostsConfig` would refuse the request too, but it sees none that matches no route, and
answers in one dialect alone.
"""

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from filemill.errors import WrongHost
from filemill.web.fallback import Answers

ANY = "*"
EXEMPT = frozenset({"/health/live"})
"""Whoever watches over processes asks by address, and learns nothing there."""


class KnownHosts:
    """Goes around Litestar's handler. `hosts` are names and addresses without a port; none, or `*`, takes any."""

    def __init__(self, app: ASGIApp, hosts: tuple[str, ...], answers: Answers) -> None:
        self._app = app
        self._hosts = frozenset(host.lower() for host in hosts)
        self._takes_any = not hosts or ANY in hosts
        self._answers = answers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != ScopeType.HTTP or self._takes_any or scope["path"] in EXEMPT or self._is_known(scope):
            await self._app(scope, receive, send)
            return
        await self._answers.refuse(scope, receive, send, WrongHost())

    def _is_known(self, scope: Scope) -> bool:
        named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        return len(named) == 1 and without_port(named[0]) in self._hosts


def without_port(host: str) -> str:
    """`[::1]:8000` -> `[::1]`, `Localhost.:8000` -> `localhost`."""
    end = host.rfind("]") + 1
    name, _, _ = host[end:].partition(":")
    return (host[:end] + name).lower().removesuffix(".")
