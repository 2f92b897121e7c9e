"""Decides who may pass; each guard goes on the routes it holds for."""

from typing import Any
from uuid import UUID

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from filemill.errors import NotFound, NotSignedIn
from filemill.web.caller import Caller


async def signed_in(connection: ASGIConnection[Any, Caller, Any, Any], _: BaseRouteHandler) -> None:
    """Lets everybody pass who has an account. Raises NotSignedIn.

    It awaits nothing, but Litestar would run a plain function in a thread, which costs more than all else a guard does.
    """
    if connection.user.id is None and connection.scope.get("method") != "OPTIONS":  # it tells the methods, nothing else
        raise NotSignedIn


async def spelled_as_ids(connection: ASGIConnection[Any, Caller, Any, Any], _: BaseRouteHandler) -> None:
    """Lets ids of 36 characters pass alone. Raises NotFound.

    Litestar reads whatever Python's UUID does, which passes over hyphens, braces and `urn:uuid:`; one thing would have
    many addresses.
    """
    segments = connection.scope["path"].lower().split("/")
    for value in connection.path_params.values():
        if isinstance(value, UUID) and str(value) not in segments:
            raise NotFound("There is nothing at this address.")
