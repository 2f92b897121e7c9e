"""What the addresses of this door share: how a question is declared and refused, whose it is, which job it is about."""

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from litestar import Request, post
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import PathParameter

from filemill.faces.data.schemas import Nothing, Problem
from filemill.web.caller import Caller

Asked = Request[Caller, Any, State]

UNREADABLE = "The request cannot be read."
_MEANINGS = {
    400: "The request cannot be read, or the job's status does not allow this.",
    401: "No token, or one that is not valid.",
    403: "The job belongs to somebody else.",
    404: "There is no such job.",
    408: "The body took longer than 30 seconds to arrive.",
    413: "The body is too large.",
    415: "The body is not sent as JSON.",
    422: "A value is impossible.",
    429: "Too many; `Retry-After` says when to come again.",
    503: "A part of the service is away for a moment; `Retry-After` says when to come again.",
    504: "This took longer than a request may take.",
}


def refusals(*statuses: int, bad: str | None = None) -> dict[int, ResponseSpec]:
    """Documents these answers, beside those that every address may give; `bad` says what a 400 means here."""
    meanings = _MEANINGS | ({400: bad} if bad else {})
    return {
        status: ResponseSpec(Problem, description=meanings[status], generate_examples=False)
        for status in (400, *statuses, 503)
    }


BODY = (401, 408, 413, 415, 422)
SECURITY: list[dict[str, list[str]]] = [{"bearer": []}, {"oauth2": []}]
NOTHING = Nothing()

ask = partial(post, status_code=200, responses=refusals(*BODY, 403, 404))
"""A POST that asks something of one job."""

JobId = Annotated[UUID, PathParameter(description="The job's id.")]


def account(request: Asked) -> UUID:
    """The caller's account; the guard has seen to it that there is one."""
    found = request.user.id
    assert found is not None
    return found
