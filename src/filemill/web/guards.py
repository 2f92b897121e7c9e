"""Decides who may pass; each guard goes on the routes it holds for."""

from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from filemill.errors import NotSignedIn
from filemill.web.caller import Caller


def signed_in(connection: ASGIConnection[Any, Caller, Any, Any], _: BaseRouteHandler) -> None:
    """Lets everybody pass who has an account. Raises NotSignedIn."""
    if connection.user.id is None and connection.scope["method"] != "OPTIONS":  # which tells the methods, nothing else
        raise NotSignedIn
