"""Tokens that open a download once: kept in Redis, bound to the session that asked, spent in one go."""

import secrets
from uuid import UUID

from filemill import redis_pool
from filemill.accounts.sessions import Session

_BYTES = 32

# Only the session that asked may spend it: another one's attempt changes nothing.
_SPEND = """
if redis.call('HGET', KEYS[1], 'session') ~= ARGV[1] then
  return false
end
local file = redis.call('HGET', KEYS[1], 'file')
if ARGV[2] == 'spend' then
  redis.call('DEL', KEYS[1])
end
return file
"""


def _key(token: str) -> str:
    return f"download_token:{token}"


async def issue(session: Session, file: UUID, seconds: int) -> str:
    """A new token for a file, valid for so many seconds."""
    token = secrets.token_urlsafe(_BYTES)
    async with redis_pool.client().pipeline(transaction=True) as pipe:
        pipe.hset(_key(token), mapping={"session": session.id, "file": str(file)})
        pipe.expire(_key(token), seconds)
        await pipe.execute()
    return token


async def spend(session: Session, token: str) -> UUID | None:
    """The file that a token of this session opens, which it then does no more; None for any other."""
    return await _ask(session, token, "spend")


async def look(session: Session, token: str) -> UUID | None:
    """The same, without spending it."""
    return await _ask(session, token, "look")


async def _ask(session: Session, token: str, how: str) -> UUID | None:
    file: str | None = await redis_pool.client().eval(_SPEND, 1, _key(token), session.id, how)
    return None if file is None else UUID(file)
