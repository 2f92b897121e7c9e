"""Turns errors into this API's words; every address that no other API has taken speaks them, too."""

from datetime import datetime

from filemill.apis.conversion.files import Standing
from filemill.apis.conversion.schemas import FileStanding, Refusal, Refused
from filemill.errors import FileRefused, VirusFound, WrongCsrfToken
from filemill.web.fallback import Failure

_BY_CLASS: dict[type[Exception], str] = {
    WrongCsrfToken: "CSRFValidationError",
    FileRefused: "FileValidationError",
    VirusFound: "VirusDetectedError",
}
"""Errors that have a name of their own here, whatever their status."""

_BY_STATUS = {
    400: "ValidationError",
    401: "SessionValidationError",
    403: "ForbiddenError",
    404: "ResourceNotFound",
    405: "MethodNotAllowed",
    429: "RateLimitExceeded",
    503: "ServiceUnavailable",
}

_ALL_BAD_REQUESTS = frozenset({408, 413, 414, 415, 422, 431})
"""Other APIs tell these apart; here whatever is wrong with a request is a 400."""


def problem(failure: Failure) -> tuple[int, Refused]:
    """The dialect of errors here: a name and a sentence."""
    status = 400 if failure.status in _ALL_BAD_REQUESTS else failure.status
    named = next((name for kind, name in _BY_CLASS.items() if issubclass(failure.kind, kind)), None)
    return status, Refused(data=Refusal(named or _BY_STATUS.get(status, "ServerError"), failure.sentence))


def standing(value: Standing) -> FileStanding:
    """How a file stands, as this API shows it."""
    return FileStanding(
        value.status,  # type: ignore[arg-type]
        value.error_message,
        instant(value.completed_at) if value.completed_at else None,
    )


def instant(at: datetime) -> str:
    """A time in UTC, to the minute, such as 2025-06-09T13:00Z."""
    return f"{at:%Y-%m-%dT%H:%MZ}"
