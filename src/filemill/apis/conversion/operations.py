"""What the addresses of this API share: how their refusals are documented, whose session it is, who may pass."""

from functools import partial
from typing import Annotated, Any

from litestar import Request, post
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import QueryParameter

from filemill.accounts.sessions import Session
from filemill.apis.conversion.schemas import Refused
from filemill.web.caller import Caller

Asked = Request[Caller, Any, State]
SECURITY: list[dict[str, list[str]]] = [{"session": []}]
MOST_BODY_BYTES = 8 * 2**10

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

FORBIDDEN = (
    "The token is used, unknown, expired or another session's.",
    "ForbiddenError",
    "This download token is not valid (any more): ask for a new one at POST /download_token.",
)


def refusals(*statuses: int, forbidden: tuple[str, str, str] | None = None) -> dict[int, ResponseSpec]:
    """Documents these answers, beside those that every address may give; `forbidden` says what a 403 means here."""
    told = _REFUSALS | ({403: forbidden} if forbidden else {})
    return {status: _told(*told[status]) for status in (400, *statuses, 503)}


def _told(meaning: str, name: str, sentence: str) -> ResponseSpec:
    example = Example(value={"success": False, "data": {"error": name, "message": sentence}})
    return ResponseSpec(Refused, description=meaning, generate_examples=False, examples=[example])


ask = partial(post, status_code=200, security=SECURITY, request_max_body_size=MOST_BODY_BYTES)
"""A POST of a few words of JSON."""

JobId = Annotated[str, QueryParameter(name="job_id", description="The visitor's own id of the file.")]


def session_of(request: Asked) -> Session:
    """The caller's session; the guard has seen to it that there is one."""
    session = request.user.session
    assert session is not None
    return session
