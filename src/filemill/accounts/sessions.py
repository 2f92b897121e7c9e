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
_UNUSED = "sessions:unused"
"""The sessions that hold nothing yet, by when they end: a flood of visitors must not fill Redis with them."""

# The session is kept; of those that hold nothing and are more than so many, the oldest make way.
_KEEP_UNUSED = """
redis.call('SET', KEYS[2], ARGV[1], 'EX', ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', ARGV[3])
redis.call('ZADD', KEYS[1], ARGV[4], KEYS[2])
local over = redis.call('ZCARD', KEYS[1]) - tonumber(ARGV[5])
if over > 0 then
  local leaving = redis.call('ZPOPMIN', KEYS[1], over)
  for at = 1, #leaving, 2 do
    redis.call('DEL', leaving[at])
  end
end
"""


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
        """Makes the row of its guest, unless that is there; from now on it does not make way for others."""
        await redis_pool.client().zrem(_UNUSED, key_of(self.id))
        await guests.admit(self.guest, self.member, self.seconds_left)

    def has_csrf(self, token: str) -> bool:
        """Whether this is the session's CSRF token; how long that takes tells nothing."""
        return hmac.compare_digest(self.csrf.encode(), token.encode())


_decoder = msgspec.json.Decoder(Session)


def key_of(session_id: str) -> str:
    """Where a session stands in Redis."""
    return f"session:{session_id}"


async def begin(seconds: int, *, most_unused: int) -> Session:
    """A new session of nobody's. Where more than `most_unused` hold nothing yet, the oldest of these are over."""
    session = _new(uuid4(), seconds)
    body = msgspec.json.encode(session)
    await redis_pool.client().eval(
        _KEEP_UNUSED, 2, _UNUSED, key_of(session.id), body, seconds, time.time(), session.ends_at, most_unused
    )
    return session


async def sign_in(former: Session | None, member: UUID, version: int, seconds: int) -> Session:
    """A new session of a member's. The one before it, if any, is over, and its guest is merged into the member."""
    guest = former.guest if former else uuid4()
    await guests.merge(guest, member)
    session = _new(guest, seconds, member, version)
    await redis_pool.client().set(key_of(session.id), msgspec.json.encode(session), ex=seconds)
    if former is not None:
        await end(former)
    return session


def _new(guest: UUID, seconds: int, member: UUID | None = None, version: int = 0) -> Session:
    return Session(
        id=secrets.token_urlsafe(_BYTES),
        csrf=secrets.token_urlsafe(_BYTES),
        guest=guest,
        ends_at=time.time() + seconds,
        member=member,
        version=version,
    )


async def read(session_id: str) -> Session | None:
    """The live session of this id, or None."""
    if not _ID.fullmatch(session_id):
        return None
    kept = await redis_pool.client().get(key_of(session_id))
    session = None if kept is None else _decoder.decode(kept)
    return session if session is not None and session.seconds_left > 0 else None


async def end(session: Session) -> None:
    """Ends a session: from now on its cookie is nobody's."""
    async with redis_pool.client().pipeline(transaction=True) as pipe:
        pipe.delete(key_of(session.id))
        pipe.zrem(_UNUSED, key_of(session.id))
        await pipe.execute()
