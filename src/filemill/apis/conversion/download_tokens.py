"""Tokens that open a download once: kept in Redis, bound to the session that asked, spent in one go."""

import secrets
from uuid import UUID

import msgspec

from filemill import redis_pool
from filemill.accounts.sessions import Session

_BYTES = 32

# Only the session that asked may spend it: another one's attempt changes nothing.
_SPEND = """
if redis.call('HGET', KEYS[1], 'session') ~= ARGV[1] then
  return false
end
local file, left = redis.call('HGET', KEYS[1], 'file'), redis.call('TTL', KEYS[1])
if ARGV[2] == 'spend' then
  redis.call('DEL', KEYS[1])
end
return {file, left}
"""


class Opened(msgspec.Struct, frozen=True):
    """What a token opens, and for how many seconds more."""

    file: UUID
    seconds: int


def _key(token: str) -> str:
    return f"download_token:{token}"


async def issue(session: Session, file: UUID, seconds: int) -> str:
    """A new token for a file, valid for so many seconds."""
    token = secrets.token_urlsafe(_BYTES)
    await _keep(session, token, Opened(file, seconds))
    return token


async def give_back(session: Session, token: str, opened: Opened) -> None:
    """Undoes the spending of a token whose download did not begin: for as long as it was still valid."""
    await _keep(session, token, opened)


async def _keep(session: Session, token: str, opened: Opened) -> None:
    async with redis_pool.client().pipeline(transaction=True) as pipe:
        pipe.hset(_key(token), mapping={"session": session.id, "file": str(opened.file)})
        pipe.expire(_key(token), max(1, opened.seconds))
        await pipe.execute()


async def spend(session: Session, token: str) -> Opened | None:
    """The file that a token of this session opens, which it then does no more; None for any other."""
    return await _ask(session, token, "spend")


async def look(session: Session, token: str) -> Opened | None:
    """The same, without spending it."""
    return await _ask(session, token, "look")


async def _ask(session: Session, token: str, how: str) -> Opened | None:
    said: tuple[str, int] | None = await redis_pool.client().eval(_SPEND, 1, _key(token), session.id, how)
    return None if said is None else Opened(UUID(said[0]), said[1])
