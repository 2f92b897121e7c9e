"""Serves the page at `/`: the plain files of this folder, from this server alone and to nobody's frame."""

from functools import cache
from hashlib import sha256
from importlib import resources
from typing import Any

import msgspec
from litestar import Request, Response, Router, get
from litestar.datastructures import State
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from filemill.web.caller import ANYONE

_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_FOLDER = resources.files("filemill.page")
_INDEX, _MISSING = "index.html", "missing.html"
_NAMES = frozenset(
    file.name for file in _FOLDER.iterdir() if file.is_file() and file.name.rpartition(".")[2] in _TYPES
) - {_INDEX, _MISSING}
"""Every file that the page may load."""

# Everything comes from here: no script or style in the page itself, and no text is ever read as HTML.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none';"
    " require-trusted-types-for 'script'; trusted-types 'none'"
)

_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Kept, but asked for each time, a 304 as a rule: mixed versions would be worse than a few small requests.
    "Cache-Control": "no-cache",
}

_HOUR, _MINUTE = 3600, 60


class _File(msgspec.Struct, frozen=True):
    body: bytes
    media_type: str
    etag: str


@get("/", sync_to_thread=False)
def index(request: Request[Any, Any, State], state: State) -> Response[bytes]:
    """The page, with the time that a session lasts in words."""
    return _answer(request, _read(_INDEX, state.settings.guest_seconds))


@get("/page/{name:str}", sync_to_thread=False)
def part(request: Request[Any, Any, State], name: FromPath[str]) -> Response[bytes]:
    """A file of the page."""
    if name not in _NAMES:
        raise NotFoundException
    return _answer(request, _read(name))


def missing() -> Response[bytes]:
    """What a browser gets at an address where nothing is."""
    file = _read(_MISSING)
    headers = _HEADERS | {"Cache-Control": "no-store"}
    return Response(file.body, status_code=404, headers=headers, media_type=file.media_type)


router = Router("/", route_handlers=[index, part], opt=ANYONE, include_in_schema=False)


def _answer(request: Request[Any, Any, State], file: _File) -> Response[bytes]:
    headers = {**_HEADERS, "ETag": file.etag}
    known = {each.strip().removeprefix("W/") for each in request.headers.get("If-None-Match", "").split(",")}
    if file.etag in known:
        return Response(b"", status_code=304, headers=headers, media_type=file.media_type)
    return Response(file.body, headers=headers, media_type=file.media_type)


@cache
def _read(name: str, session_seconds: int | None = None) -> _File:
    body = (_FOLDER / name).read_bytes()
    if session_seconds is not None:
        body = body.replace(b"{lifetime}", lifetime(session_seconds).encode())
    etag = f'"{sha256(body).hexdigest()[:32]}"'
    return _File(body, _TYPES[name.rpartition(".")[2]], etag)


def lifetime(seconds: int) -> str:
    """How long a session lasts, in words: whole hours as a rule, minutes where it is less than two hours."""
    if seconds >= 2 * _HOUR:
        return f"{seconds // _HOUR} hours"
    minutes = max(1, seconds // _MINUTE)
    return f"{minutes} minutes" if minutes > 1 else "1 minute"
