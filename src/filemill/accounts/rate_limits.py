"""How often one address may do a thing within a minute or an hour: a sliding window in Redis, counted in one go."""

import math

import msgspec

from filemill import redis_pool
from filemill.accounts import addresses
from filemill.errors import TooMany

SECONDS = {"minute": 60, "hour": 3600}
"""The windows there are."""

_A = {"minute": "a minute", "hour": "an hour"}

# The list holds the times of what was let through, the newest first, in microseconds by the clock of Redis. The answer
# is how many microseconds to wait, and the time that was noted; what is turned away does not count.
_TAKE = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local most, window = tonumber(ARGV[1]), tonumber(ARGV[2]) * 1000000
local oldest = redis.call('LINDEX', KEYS[1], most - 1)
if oldest and tonumber(oldest) > now - window then
  return {tonumber(oldest) + window - now, ''}
end
local noted = string.format('%.0f', now)
redis.call('LPUSH', KEYS[1], noted)
redis.call('LTRIM', KEYS[1], 0, most - 1)
redis.call('EXPIRE', KEYS[1], ARGV[2])
return {0, noted}
"""


class Turn(msgspec.Struct, frozen=True):
    """One of the times that an address may do a thing within a window."""

    key: str
    noted: str


async def take(what: str, address: str, most: int, unit: str = "minute") -> Turn:
    """Counts one of `what`, a plural such as "uploads", for an address. Raises TooMany once it had `most` in a unit."""
    key = f"limit:{what}:{addresses.customer_of(address)}"
    said: tuple[int, str] = await redis_pool.client().eval(_TAKE, 1, key, str(most), str(SECONDS[unit]))
    wait, noted = said
    if wait > 0:
        seconds = math.ceil(wait / 1_000_000)
        raise TooMany(
            f"Too many {what} from your address: {most} {_A[unit]} are allowed. Try again in {seconds} seconds.",
            retry_after=seconds,
        )
    return Turn(key, noted)


async def give_back(turn: Turn) -> None:
    """What a turn was taken for does not count after all."""
    await redis_pool.client().lrem(turn.key, 1, turn.noted)
