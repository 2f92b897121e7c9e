"""The one cookie: it names the session, and no script of a page can read it."""

import math

from litestar.datastructures import Cookie

from filemill.accounts.sessions import Session
from filemill.settings import Settings

NAME = "session_id"


def naming(session: Session, settings: Settings) -> Cookie:
    """The cookie that names a session, for as long as that lasts."""
    return _cookie(session.id, max(0, math.ceil(session.seconds_left)), settings)


def none(settings: Settings) -> Cookie:
    """The cookie that takes the other one away."""
    return _cookie("", 0, settings)


def _cookie(value: str, seconds: int, settings: Settings) -> Cookie:
    is_secure = settings.cookie_secure == "on"
    return Cookie(key=NAME, value=value, path="/", max_age=seconds, httponly=True, secure=is_secure, samesite="lax")
