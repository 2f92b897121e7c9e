"""Finds out who is asking: one middleware for all routes, which demands nothing itself."""

from typing import Literal
from uuid import UUID

import msgspec
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from filemill.accounts import queries, tokens
from filemill.errors import NotSignedIn

ANYONE = {"anyone": True}
"""`opt` of a route without authentication: whatever credentials come in are not even looked at."""


class Caller(msgspec.Struct, frozen=True):
    """Who is asking, as an account that was alive a moment ago. `id` is None for nobody."""

    id: UUID | None = None
    email: str | None = None
    role: str | None = None
    sign_in: UUID | None = None
    via: Literal["nothing", "bearer"] = "nothing"


NOBODY = Caller()


class WhoIsAsking(ASGIMiddleware):
    """Sets `request.user` to the Caller. Without credentials that is NOBODY; a bearer that is not valid is refused."""

    scopes = (ScopeType.HTTP,)
    exclude_opt_key = "anyone"

    def __init__(self, secret: str) -> None:
        self._secret = secret

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Reads the Authorization header. Raises NotSignedIn."""
        scope["user"] = await self._caller(scope)
        await next_app(scope, receive, send)

    async def _caller(self, scope: Scope) -> Caller:
        for name, value in scope["headers"]:
            if name == b"authorization":
                return await self._bearer(value.decode("latin-1"))
        return NOBODY

    async def _bearer(self, header: str) -> Caller:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise NotSignedIn("The Authorization header must be: Bearer, a space, the token.")
        claims = tokens.read_access(self._secret, token.strip())
        account = await queries.live_account(claims.account)
        if account is None or account.token_version != claims.version:
            raise NotSignedIn("The token is not valid any more: sign in again.")
        return Caller(account.id, account.email, account.role, claims.sign_in, "bearer")
