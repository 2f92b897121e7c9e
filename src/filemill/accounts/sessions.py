"""Sessions: what a cookie names, kept in Redis until its time is over; the id is ours, never the visitor's.

A session has a guest of its own, whose row is made with its first upload, and a member once somebody has signed in.
"""

import hmac
import re
import secrets
import time
from uuid import UUID, uuid4

import msgspec

from filemill import redis_pool
from filemill.accounts import guests

_ID = re.compile(r"[A-Za-z0-9_-]{43}")
_BYTES = 32


class Session(msgspec.Struct, frozen=True):
    """A session as it stands in Redis. `ends_at` is in seconds since 1970; `version` is the member's `token_version`.

    `guest` is the id of an account that may not be there yet: conversion files belong to it, signed in or not.
    """

    id: str
    csrf: str
    guest: UUID
    ends_at: float
    member: UUID | None = None
    version: int = 0

    @property
    def seconds_left(self) -> float:
        """How long it still lasts."""
        return self.ends_at - time.time()

    async def admit_guest(self) -> None:
        """Makes the row of its guest, unless that is there."""
        await guests.admit(self.guest, self.member, self.seconds_left)

    def has_csrf(self, token: str) -> bool:
        """Whether this is the session's CSRF token; how long that takes tells nothing."""
        return hmac.compare_digest(self.csrf.encode(), token.encode())


_decoder = msgspec.json.Decoder(Session)


def key_of(session_id: str) -> str:
    """Where a session stands in Redis."""
    return f"session:{session_id}"


async def begin(seconds: int) -> Session:
    """A new session of nobody's."""
    return await _keep(uuid4(), seconds)


async def sign_in(former: Session | None, member: UUID, version: int, seconds: int) -> Session:
    """A new session of a member's. The one before it, if any, is over, and its guest is merged into the member."""
    guest = former.guest if former else uuid4()
    await guests.merge(guest, member)
    session = await _keep(guest, seconds, member, version)
    if former is not None:
        await end(former)
    return session


async def _keep(guest: UUID, seconds: int, member: UUID | None = None, version: int = 0) -> Session:
    session = Session(
        id=secrets.token_urlsafe(_BYTES),
        csrf=secrets.token_urlsafe(_BYTES),
        guest=guest,
        ends_at=time.time() + seconds,
        member=member,
        version=version,
    )
    await redis_pool.client().set(key_of(session.id), msgspec.json.encode(session), ex=seconds)
    return session


async def read(session_id: str) -> Session | None:
    """The live session of this id, or None."""
    if not _ID.fullmatch(session_id):
        return None
    kept = await redis_pool.client().get(key_of(session_id))
    session = None if kept is None else _decoder.decode(kept)
    return session if session is not None and session.seconds_left > 0 else None


async def end(session: Session) -> None:
    """Ends a session: from now on its cookie is nobody's."""
    await redis_pool.client().delete(key_of(session.id))
