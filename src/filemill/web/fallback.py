"""Turns every error into an answer, in the dialect of the API that the path belongs to."""

import re
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import (
    HTTPException,
    InternalServerException,
    MethodNotAllowedException,
    NotFoundException,
    ValidationException,
)
from litestar.exceptions.http_exceptions import RequestEntityTooLarge
from litestar.types import HTTPScope, Receive, Send
from redis.exceptions import RedisError

from filemill import logs
from filemill.errors import Crowded, FilemillError, NoRoom, NotSignedIn, TooMany, Unavailable
from filemill.web.methods import and_head

RETRY_SECONDS = 5
NO_ROOM_SECONDS = 60
_JSON, _HTML = "application/json", "text/html"
_LONGEST_ACCEPT = 1000
"""Characters of an Accept header that is looked at: browsers send some 150, and each item of one is sorted."""
_FAULT = 500
_LEFT = "client disconnected prematurely"  # Litestar's word for it; nobody's fault and nobody is left to be answered
_MISSING = re.compile(r"Missing required (query|header) parameter '(.*?)'")  # Litestar's words as well
_SORRY = "Something went wrong on our side; it has been written down under this answer's X-Request-ID."


class Failure(msgspec.Struct, frozen=True):
    """What an error comes to: a status, one sentence for the caller, headers. `kind` is the error's class."""

    status: int
    sentence: str
    headers: dict[str, str] = {}
    kind: type[Exception] = Exception


Dialect = Callable[[Failure], tuple[int, object]]
"""A failure -> the status and the body of the answer."""


class Answers:
    """Litestar's one exception handler: finds the dialect by the longest prefix of the path. Every path has ""."""

    def __init__(self, dialects: Mapping[str, Dialect], missing: Callable[[], Response[Any]]) -> None:
        """`missing` makes the page for a browser that asks for an address where nothing is."""
        self._missing = missing
        self._dialects = sorted(dialects.items(), key=lambda row: len(row[0]), reverse=True)

    def __call__(self, request: Request[Any, Any, Any], error: Exception) -> Response[object]:
        """The answer to a request that ended in an error."""
        is_of_address = isinstance(error, NotFoundException)
        if is_of_address and _wants_page(request):
            answer: Response[object] = self._missing()
            answer.headers["Vary"] = "Accept"
            return answer
        failure = msgspec.structs.replace(failure_of(request, error), kind=type(error))
        status, body = self.dialect(request.scope["path"])(failure)
        return Response(
            body,
            status_code=status,
            headers=failure.headers | ({"Vary": "Accept"} if is_of_address else {}),
            media_type=_JSON,
        )

    async def refuse(
        self, scope: HTTPScope, receive: Receive, send: Send, error: Exception, headers: Mapping[str, str] | None = None
    ) -> None:
        """Answers with an error before Litestar has seen the request; `headers` are added to the answer's."""
        request: Request[Any, Any, Any] = Request(scope, receive, send)
        answer = self(request, error)
        answer.headers.update(headers or {})
        await answer.to_asgi_response(None, request)(scope, receive, send)

    def dialect(self, path: str) -> Dialect:
        """The dialect that holds at a path."""
        return next(dialect for prefix, dialect in self._dialects if path == prefix or path.startswith(f"{prefix}/"))


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    """Whether somebody asks who reads HTML rather than JSON: a browser whose address line was typed in."""
    if len(request.headers.get("accept", "")) > _LONGEST_ACCEPT:
        return False
    return request.accept.best_match([_JSON, _HTML]) == _HTML


def failure_of(request: Request[Any, Any, Any], error: Exception) -> Failure:
    """What an error comes to. The cause of what is our fault goes to the log and nowhere else."""
    if isinstance(error, RedisError):
        error = _away(error)
    if isinstance(error, FilemillError) and error.status != _FAULT:
        return _of_ours(request, error)
    if isinstance(error, HTTPException) and error.status_code < _FAULT:
        return _of_litestar(request, error)
    if isinstance(error, InternalServerException) and error.detail == _LEFT:
        return Failure(400, "The body ended before it was complete.")
    logs.warn(__name__, "unexpected error", cause=error, path=request.scope["path"])
    return Failure(_FAULT, _SORRY)


def _away(cause: Exception) -> Unavailable:
    error = Unavailable()
    error.__cause__ = cause
    return error


def _of_ours(request: Request[Any, Any, Any], error: FilemillError) -> Failure:
    headers: dict[str, str] = {}
    if isinstance(error, TooMany):
        headers = {"Retry-After": str(error.retry_after)}
    elif isinstance(error, NotSignedIn):
        headers = {"WWW-Authenticate": "Bearer"}
    elif isinstance(error, NoRoom):  # the log says so once, not for every request
        headers = {"Retry-After": str(NO_ROOM_SECONDS)}
    elif isinstance(error, Unavailable):
        headers = {"Retry-After": str(RETRY_SECONDS)}
        if not isinstance(error, Crowded):
            logs.warn(__name__, "out of reach", cause=error, path=request.scope["path"])
    return Failure(error.status, error.message, headers)


def _of_litestar(request: Request[Any, Any, Any], error: HTTPException) -> Failure:
    match error:
        case MethodNotAllowedException():
            allow = and_head(dict(error.headers or {}).get("allow", "").split(", "))
            return Failure(405, f"This address takes {allow}, not {request.method}.", {"Allow": allow})
        case NotFoundException():
            return Failure(404, "There is nothing at this address.")
        case ValidationException():
            return _invalid(error)
        case RequestEntityTooLarge():
            limit = request.route_handler.resolve_request_max_body_size()
            return Failure(413, f"The body is larger than the {limit} bytes this address takes.")
    return Failure(error.status_code, error.detail)


def _invalid(error: ValidationException) -> Failure:
    """A parameter of the query, the path or the headers is impossible or missing: 422. A body that is missing: 400."""
    missing = _MISSING.match(error.detail)
    if missing is not None:
        where, name = missing.groups()
        return Failure(422, f"The {where} lacks {name}." if where == "query" else f"The header {name} is missing.")
    problems = error.extra if isinstance(error.extra, list) else []
    if not any(problem.get("source") in ("query", "path", "header") for problem in problems):
        return Failure(400, "The request lacks its body.")
    return Failure(422, " ".join(f"{_name_of(problem)}: {problem.get('message')}." for problem in problems))


def _name_of(problem: Mapping[str, object]) -> str:
    """A parameter's name as callers write it; Litestar tells a header by the name it has in the code."""
    name = str(problem.get("key"))
    return name.replace("_", "-").title() if problem.get("source") == "header" else name
