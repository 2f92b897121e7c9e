"""The one cookie: it names the session, and no script of a page can read it."""

import math

from litestar.datastructures import Cookie, Headers

from filemill.accounts.sessions import Session
from filemill.settings import Settings

NAME = "session_id"


def session_in(headers: Headers) -> str | None:
    """The id of a session that a request's cookie names; None without the cookie.

    Litestar's own reading of cookies takes the square of their length: half a minute for 60 KB of backslashes.
    """
    found = None
    for header in headers.getall("cookie", []):
        for pair in header.split(";"):
            name, _, value = pair.partition("=")
            if name.strip() == NAME:
                found = value.strip()
    return found


def naming(session: Session, settings: Settings) -> Cookie:
    """The cookie that names a session, for as long as that lasts."""
    return _cookie(session.id, max(0, math.ceil(session.seconds_left)), settings)


def none(settings: Settings) -> Cookie:
    """The cookie that takes the other one away."""
    return _cookie("", 0, settings)


def _cookie(value: str, seconds: int, settings: Settings) -> Cookie:
    is_secure = settings.cookie_secure == "on"
    return Cookie(key=NAME, value=value, path="/", max_age=seconds, httponly=True, secure=is_secure, samesite="lax")
