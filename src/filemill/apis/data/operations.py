"""What the addresses of this API share: how a question is declared and refused, whose it is, which job it is about."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, post
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import PathParameter

from filemill.apis.data.schemas import Nothing, Problem
from filemill.jobs.job import Status
from filemill.web.caller import Caller

Asked = Request[Caller, Any, State]

UNREADABLE = ("The request cannot be read.", "The body ended before it was complete.")
MISSHAPEN = (
    "The body cannot be read or has another shape; an unknown step, operator, function or field.",
    "step 2 (cast): columns[...] must be one of bool, date, datetime, decimal, float, int, text, not 'integer'.",
)
_REFUSALS = {
    400: (
        "The request cannot be read, or the job's status does not allow this.",
        "The job is RUNNING; cancel it first, then delete it.",
    ),
    401: ("No token, or one that is not valid.", "Not signed in: send a valid bearer token."),
    403: ("The job belongs to somebody else.", "This job belongs to somebody else."),
    404: ("There is no such job.", "There is no job with this id."),
    408: (
        "The body took longer than 30 seconds to arrive.",
        "The body took too long to arrive; send it in one go, over a faster line.",
    ),
    413: ("The body is too large.", "The body is larger than the 131072 bytes this address takes."),
    415: ("The body is not sent as JSON.", "The body must be JSON with the Content-Type application/json."),
    422: ("A value is impossible.", "step 1 (limit): n must be a whole number of at least 0, not -1."),
    429: ("Too many; `Retry-After` says when to come again.", "Too many failed sign-ins; try again later."),
    503: (
        "A part of the service is away for a moment; `Retry-After` says when to come again.",
        "The database is out of reach for the moment; try again in a few seconds.",
    ),
    504: ("This took longer than a request may take.", "This took longer than a request may take."),
}
"""What each status means, and a sentence that such an answer says, for example."""


def refusals(*statuses: int, bad: tuple[str, str] | None = None) -> dict[int, ResponseSpec]:
    """Documents these answers, beside those that every address may give; `bad` says what a 400 means here, and says."""
    told = _REFUSALS | ({400: bad} if bad else {})
    return {
        status: ResponseSpec(
            Problem,
            description=told[status][0],
            generate_examples=False,
            examples=[Example(value={"detail": told[status][1]})],
        )
        for status in (400, *statuses, 503)
    }


CANCELLED = {"status": Status.CANCELLED, "output_object_key": None, "progress": 0.0, "started_at": None}
QUEUED = CANCELLED | {"status": Status.QUEUED, "ended_at": None}
PENDING = QUEUED | {"status": Status.PENDING, "input_object_key": None, "input_size_bytes": None}
"""In which fields a job that has not COMPLETED differs from the example of a job."""

BODY = (401, 408, 413, 415, 422)
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"oauth2": []}, {"session": []}]
NOTHING = Nothing()

ask = partial(post, status_code=200, responses=refusals(*BODY, 403, 404))
"""A POST that asks something of one job."""

JobId = Annotated[UUID, PathParameter(description="The job's id.")]


def account(request: Asked) -> UUID:
    """The caller's account; the guard has seen to it that there is one."""
    found = request.user.id
    assert found is not None
    return found
