"""Decides who may pass; each guard goes on the routes it holds for."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from filemill.errors import NotSignedIn
from filemill.web.caller import Caller


async def signed_in(connection: ASGIConnection[Any, Caller, Any, Any], _: BaseRouteHandler) -> None:
    """Lets everybody pass who has an account. Raises NotSignedIn.

    It awaits nothing, but Litestar would run a plain function in a thread, which costs more than all else a guard does.
    """
    if connection.user.id is None and connection.scope.get("method") != "OPTIONS":  # it tells the methods, nothing else
        raise NotSignedIn
