"""The addresses of this API where a session begins and ends."""

from typing import Any

from litestar import Request, Response, get, post
from litestar.datastructures import State

from filemill.accounts import rate_limits, sessions
from filemill.apis.conversion import closing
from filemill.apis.conversion.operations import SECURITY, Asked, refusals, session_of
from filemill.apis.conversion.schemas import ClosedReply, CsrfToken, SessionReply
from filemill.errors import WrongCsrfToken
from filemill.web import caller, cookies, origin
from filemill.web.address import client_of
from filemill.web.caller import ANYONE
from filemill.web.guards import CSRF_HEADER, in_session

_NOT_KEPT = {"Cache-Control": "no-store"}


@get(
    "/session/init",
    opt=ANYONE,
    summary="Begin a session",
    response_description="The session's CSRF token; its cookie is set.",
    responses=refusals(429),
)
async def init_session(request: Request[Any, Any, State], state: State) -> Response[SessionReply]:
    """Begins a session and sets its cookie; with the cookie of a live one it is answered with that one's token.

    New ones are counted by address, since whoever comes by may ask for them.
    """
    given = cookies.session_in(request.headers)
    session = (await caller.named_by(given)).session if given is not None else None
    if session is None:
        settings = state.settings
        await rate_limits.take(
            "sessions", client_of(request.scope, state.trusted), settings.most_of("sessions", "minute")
        )
        session = await sessions.begin(settings.guest_seconds, most_unused=settings.unused_sessions)
    return Response(
        SessionReply(data=CsrfToken(session.csrf)),
        headers=_NOT_KEPT,
        cookies=[cookies.naming(session, state.settings)],
    )


@post(
    "/session/close",
    guards=[in_session],
    status_code=200,
    security=SECURITY,
    summary="End the session",
    response_description="The session is over, and its files are gone.",
    responses=refusals(401, 403),
)
async def close_session(request: Asked, state: State) -> Response[ClosedReply]:
    """Ends the session and deletes its files. With an `X-CSRF-Token` that must be right; a page of ours may come
    without one.
    """
    session = session_of(request)
    token = request.headers.get(CSRF_HEADER)
    if token is None:
        origin.want_own(request.headers)
    elif not session.has_csrf(token):
        raise WrongCsrfToken
    await closing.end(session)
    return Response(ClosedReply(), cookies=[cookies.none(state.settings)])
