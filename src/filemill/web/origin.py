"""Whether a request that only its cookie speaks for may come from a page of another site."""

from urllib.parse import urlsplit

from litestar.datastructures import Headers
from litestar.enums import RequestEncodingType
from litestar.exceptions import HTTPException

from filemill.errors import CrossSite

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""

_TYPES = frozenset(
    kind.value for kind in (RequestEncodingType.JSON, RequestEncodingType.URL_ENCODED, RequestEncodingType.MULTI_PART)
)
_PORTS = {"http": 80, "https": 443}


def want_own(headers: Headers) -> None:
    """Refuses what a browser says comes from elsewhere. Raises CrossSite."""
    if headers.get("sec-fetch-site", "").lower() == "cross-site":
        raise CrossSite
    origin = headers.get("origin")
    if origin is not None and not _is_own(origin, headers.get("host", "")):
        raise CrossSite


def want_typed(headers: Headers) -> None:
    """Refuses a body that a page of another site could send unasked. Raises HTTPException (415)."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    if kind not in _TYPES and (kind or has_body):
        raise HTTPException(status_code=415, detail="The body must be JSON or a form, as its Content-Type says.")


def _is_own(origin: str, host: str) -> bool:
    """Whether an origin names this host; the scheme may differ, since a proxy before us may speak TLS."""
    try:
        theirs, ours = urlsplit(origin), urlsplit(f"//{host}")
        default = _PORTS[theirs.scheme]
        is_own = (theirs.hostname, theirs.port or default) == (ours.hostname, ours.port or default)
    except (ValueError, KeyError):
        return False
    return is_own
