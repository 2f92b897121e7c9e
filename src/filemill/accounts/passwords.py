"""Hashes passwords with Argon2 and checks them, a few at a time and never on the event loop."""

from functools import partial

import anyio.to_thread
from anyio import CapacityLimiter
from pwdlib.hashers.argon2 import Argon2Hasher

from filemill.errors import BadRequest

SHORTEST = 8
LONGEST = 200

# OWASP's profile: 19 MiB and two passes, about 25 ms of one core.
_hasher = Argon2Hasher(time_cost=2, memory_cost=19_456, parallelism=1)

# Checked when nobody has the name that was given, so that such an answer takes just as long.
_NOBODYS_HASH = _hasher.hash("nobody has this password")

signing_in = CapacityLimiter(2)
"""Enter it around a sign-in: two at a time per process, so a flood cannot take all memory and cores."""

signing_up = CapacityLimiter(1)
"""The same around a sign-up: whoever signs in never waits for a flood of those."""


def check_length(password: str) -> None:
    """Refuses a new password that is too short or too long. Raises BadRequest."""
    if not SHORTEST <= len(password) <= LONGEST:
        raise BadRequest(f"The password must have {SHORTEST} to {LONGEST} characters.")


async def hash_of(password: str) -> str:
    """The hash to store for a password."""
    return await anyio.to_thread.run_sync(_hasher.hash, password)


async def verify(password: str, stored: str | None) -> bool:
    """Whether a password fits a stored hash. None, where there is no account, takes as long and is never right."""
    right = await anyio.to_thread.run_sync(partial(_hasher.verify, password, stored or _NOBODYS_HASH))
    return right and stored is not None


def is_outdated(stored: str) -> bool:
    """Whether a hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)
