"""Finds out who is asking: one middleware for all routes, which demands nothing itself."""

from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Receive, Scope, Send

from filemill.accounts import queries, sessions, tokens
from filemill.accounts.queries import AccountRow
from filemill.accounts.sessions import Session
from filemill.errors import NotSignedIn
from filemill.web import cookies, origin

ANYONE = {"anyone": True}
"""`opt` of a route without authentication: whatever credentials come in are not even looked at."""

BY_SESSION = {"by_session": True}
"""`opt` of routes that are about a session, bearer or not. They ask for its CSRF token themselves."""


class Caller(msgspec.Struct, frozen=True):
    """Who is asking, as an account that was alive a moment ago. `id` is None for nobody.

    `session` is the live one that a cookie named: without an upload and a sign-in nobody's account stands behind it.
    """

    id: UUID | None = None
    email: str | None = None
    role: str | None = None
    sign_in: UUID | None = None
    via: Literal["nothing", "bearer", "cookie"] = "nothing"
    is_guest: bool = False
    session: Session | None = None


NOBODY = Caller()
Connection = ASGIConnection[Any, Any, Any, Any]


class WhoIsAsking(ASGIMiddleware):
    """Sets `request.user` to the Caller. Without credentials that is NOBODY; a bearer that is not valid is refused.

    A cookie whose session has ended is nobody's. Where the cookie alone speaks for an unsafe request, that has to come
    from a page of ours.
    """

    scopes = (ScopeType.HTTP,)
    exclude_opt_key = "anyone"

    def __init__(self, secret: str) -> None:
        self._secret = secret

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Reads the Authorization header and the cookie. Raises NotSignedIn, CrossSite, HTTPException (415)."""
        connection: Connection = ASGIConnection(scope)
        is_by_session = bool(scope["route_handler"].opt.get("by_session"))
        caller = await self._caller(connection, is_by_session=is_by_session)
        if caller.via == "cookie" and not is_by_session and scope["method"] not in origin.SAFE:  # type: ignore[typeddict-item]
            origin.want_own(connection.headers)
            origin.want_typed(connection.headers)
        scope["user"] = caller
        await next_app(scope, receive, send)

    async def _caller(self, connection: Connection, *, is_by_session: bool) -> Caller:
        bearer = connection.headers.get("authorization")
        session_id = cookies.session_in(connection.headers)
        if bearer is None:
            return NOBODY if session_id is None else await named_by(session_id)
        caller = await self._bearer(bearer)
        if session_id is None or not is_by_session:
            return caller
        return msgspec.structs.replace(caller, session=(await named_by(session_id)).session)

    async def _bearer(self, header: str) -> Caller:
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer":
            raise NotSignedIn("The Authorization header must be: Bearer, a space, the token.")
        claims = tokens.read_access(self._secret, token.strip())
        account = await queries.live_account(claims.account)
        if account is None or account.token_version != claims.version:
            raise NotSignedIn("The token is not valid any more: sign in again.")
        return Caller(account.id, account.email, account.role, claims.sign_in, "bearer")


async def named_by(session_id: str) -> Caller:
    """Who a cookie stands for: nobody, where its session has ended or its member was closed."""
    session = await sessions.read(session_id)
    if session is None:
        return NOBODY
    account = await queries.live_account(session.member or session.guest)
    if session.member is not None and (account is None or account.token_version != session.version):
        return NOBODY
    if account is None:  # nothing was uploaded yet
        return Caller(via="cookie", session=session)
    return _caller_of(account, session)


def _caller_of(account: AccountRow, session: Session) -> Caller:
    return Caller(
        id=account.id, email=account.email, role=account.role, via="cookie", is_guest=account.is_guest, session=session
    )
