"""What the addresses of this door share: how their refusals are documented, and whose session it is."""

from typing import Any

from litestar import Request
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example

from filemill.accounts.sessions import Session
from filemill.faces.conversion.schemas import Refused
from filemill.web.caller import Caller

Asked = Request[Caller, Any, State]
SECURITY: list[dict[str, list[str]]] = [{"session": []}]

_REFUSALS = {
    400: (
        "The request cannot be read, or what it asks for cannot be.",
        "ValidationError",
        "The body ended before it was complete.",
    ),
    401: (
        "There is no session.",
        "SessionValidationError",
        "There is no session, or it has ended: call GET /session/init, and send its cookie along.",
    ),
    403: (
        "The CSRF token is missing or wrong.",
        "CSRFValidationError",
        "The header X-CSRF-Token must carry the token that GET /session/init has answered.",
    ),
    404: ("This session has no such job.", "ResourceNotFound", "This session has no job with this job_id."),
    429: (
        "Too many from this address within a minute; `Retry-After` says when to come again.",
        "RateLimitExceeded",
        "Too many uploads from your address: 3 a minute are allowed. Try again in 41 seconds.",
    ),
    503: (
        "A part of the service is away for a moment; `Retry-After` says when to come again.",
        "ServiceUnavailable",
        "The database is out of reach for the moment; try again in a few seconds.",
    ),
}
"""What each status means, the name of such an error, and a sentence that it says, for example."""


def refusals(*statuses: int) -> dict[int, ResponseSpec]:
    """Documents these answers, beside those that every address may give."""
    return {
        status: ResponseSpec(
            Refused,
            description=_REFUSALS[status][0],
            generate_examples=False,
            examples=[
                Example(
                    value={"success": False, "data": {"error": _REFUSALS[status][1], "message": _REFUSALS[status][2]}}
                )
            ],
        )
        for status in (400, *statuses, 503)
    }


def session_of(request: Asked) -> Session:
    """The caller's session; the guard has seen to it that there is one."""
    session = request.user.session
    assert session is not None
    return session
