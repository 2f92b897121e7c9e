"""The worst request of every address, one after another: nobody waits for what is read, and it takes no memory."""

from tests.attacks.target import Target
from tests.fixtures import worst

MOST_SECONDS = 0.2
TRIES = 3
MOST_MB = 300
"""What the API may hold more than before, once the worst was sent: one upload of 64 KiB used to take 2,200."""


def attack(target: Target) -> str:
    """Bodies, forms, first bytes of files, headers and queries that take longest to read."""
    sender, before = worst.Sender(target.url), target.api_mb()
    slowest = max(_hurt(sender, route) for route in (*worst.WITH_BODIES, worst.NOWHERE))
    more = target.api_mb() - before
    assert more < MOST_MB, f"the API holds {more:.0f} MiB more"
    return f"others waited {slowest * 1000:.0f} ms at most; the API holds {more:.0f} MiB more"


def _hurt(sender: worst.Sender, route: str) -> float:
    for _ in range(TRIES):
        seconds, request = worst.hurt(sender, route)
        if seconds < MOST_SECONDS:
            return seconds
    raise AssertionError(f"others waited {seconds * 1000:.0f} ms for {request}")
