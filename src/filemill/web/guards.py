"""Decides who may pass; each guard goes on the routes it holds for.

The guards await nothing they need not, but Litestar would run a plain function in a thread, which costs more than all
else a guard does.
"""

import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from filemill.accounts import rate_limits
from filemill.errors import BadName, FileRefused, NoSession, NotFound, NotSignedIn, TooLarge, WrongCsrfToken
from filemill.web.address import client_of
from filemill.web.caller import Caller

CSRF_HEADER = "X-CSRF-Token"
_TURN = "turn"
"""In the state of a request: the turn that it has taken."""

Asking = ASGIConnection[Any, Caller, Any, Any]


def _asks_for_methods(connection: Asking) -> bool:
    """OPTIONS tells the methods of an address, nothing else."""
    return connection.scope.get("method") == "OPTIONS"


async def known(connection: Asking, _: BaseRouteHandler) -> None:
    """Lets everybody pass who has an account, guests too. Raises NotSignedIn."""
    if connection.user.id is None and not _asks_for_methods(connection):
        raise NotSignedIn


async def signed_in(connection: Asking, _: BaseRouteHandler) -> None:
    """Lets members pass. Raises NotSignedIn."""
    if (connection.user.id is None or connection.user.is_guest) and not _asks_for_methods(connection):
        raise NotSignedIn


async def in_session(connection: Asking, _: BaseRouteHandler) -> None:
    """Lets everybody pass whose cookie names a live session. Raises NoSession."""
    if connection.user.session is None and not _asks_for_methods(connection):
        raise NoSession


async def with_csrf_token(connection: Asking, _: BaseRouteHandler) -> None:
    """Lets those pass who know their session's CSRF token. Raises WrongCsrfToken."""
    session = connection.user.session
    if session is not None and not session.has_csrf(connection.headers.get(CSRF_HEADER, "")):
        raise WrongCsrfToken


class Limited:
    """Lets an address pass so many times a minute, or an hour: `what` is a plural that the settings know."""

    def __init__(self, what: str, unit: str = "minute") -> None:
        self._what = what
        self._unit = unit

    async def __call__(self, connection: Asking, _: BaseRouteHandler) -> None:
        """Counts whoever comes so far. Raises TooMany."""
        if not _asks_for_methods(connection):
            at_hand = connection.app.state
            most = at_hand.settings.most_of(self._what, self._unit)
            turn = await rate_limits.take(self._what, client_of(connection.scope, at_hand.trusted), most, self._unit)
            connection.scope.setdefault("state", {})[_TURN] = turn


@contextlib.asynccontextmanager
async def refused_for_free(connection: Asking) -> AsyncIterator[None]:
    """A file that is refused in here for its type, size or name has spent no turn of a Limited route."""
    try:
        yield
    except (FileRefused, TooLarge, BadName):
        await rate_limits.give_back(connection.scope["state"][_TURN])
        raise


async def spelled_as_ids(connection: Asking, _: BaseRouteHandler) -> None:
    """Lets ids of 36 characters pass alone. Raises NotFound.

    Litestar reads whatever Python's UUID does, which passes over hyphens, braces and `urn:uuid:`; one thing would have
    many addresses.
    """
    segments = connection.scope["path"].lower().split("/")
    for value in connection.path_params.values():
        if isinstance(value, UUID) and str(value) not in segments:
            raise NotFound("There is nothing at this address.")
