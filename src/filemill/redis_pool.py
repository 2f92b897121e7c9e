"""The API's connections to Redis, where sessions, download tokens and limits are kept; the wakeups have their own.

Whoever calls a client gets `redis.exceptions.RedisError` where Redis is out of reach; `web/` answers that with a 503.
"""

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ConstantBackoff

from filemill.errors import Unavailable

SECONDS = 2
"""So long a connection, and an answer, may take."""

TURN_SECONDS = 10
"""So long a free connection may be waited for: in a crowd, on cores that have other work too."""

CONNECTIONS = 32
"""At once, of one process: Redis takes one command after the other, so that more would make nothing quicker."""

_open: list[Redis] = []


def open(redis_url: str) -> None:  # noqa: A001 -- redis_pool.open
    """Makes this process able to reach Redis; connects with the first command."""
    # Tried again at once: a connection that was idle while Redis was started anew is found broken only when it is used.
    again = Retry(ConstantBackoff(0), 1)
    # Where all are in use, one is waited for: a crowd is no reason to say that Redis is away.
    pool = BlockingConnectionPool.from_url(
        redis_url,
        max_connections=CONNECTIONS,
        timeout=TURN_SECONDS,
        decode_responses=True,
        socket_timeout=SECONDS,
        socket_connect_timeout=SECONDS,
        retry=again,
    )
    _open[:] = [Redis.from_pool(pool)]


async def close() -> None:
    """Closes the connections."""
    while _open:
        await _open.pop().aclose()


def client() -> Redis:
    """The client. Raises Unavailable before it is open."""
    if not _open:
        raise Unavailable
    return _open[0]
