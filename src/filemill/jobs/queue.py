"""The nudge: a message in Redis that says "this lane has work". The row is the truth; a lost nudge loses nothing."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer

from filemill import logs

NAMESPACE = "filemill"
MOST_NUDGES = 16
"""So many messages lie in a lane at most: whoever takes one claims until the lane is empty."""

HEARTBEAT_MS = 60_000

BELL_SECONDS = 0.25
"""So long an idle slot listens for the bell before it looks for a nudge anyhow."""


NUDGE_SECONDS = 1.0
"""So long whoever nudges waits for a Redis that does not answer."""

_threads = ThreadPoolExecutor(2, thread_name_prefix="nudge")
"""Of its own: what hangs here must not hold up what else is done in threads."""


class _Consumer(_RedisConsumer):
    """Waits for the bell, where Dramatiq's own would sleep up to its time-out between two looks.

    The bell is a list with a token for each nudge: whoever was not listening hears it later; losing it costs a moment.
    """

    def __next__(self) -> Any:
        if not self.message_cache and self.outstanding_message_count < self.prefetch:
            try:
                self.broker.client.blpop(_bell(self.queue_name), BELL_SECONDS)
            except redis.ConnectionError as error:
                raise dramatiq.ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
            self.misses = 0  # found nothing: it has waited here, so it need not sleep there
        return super().__next__()  # type: ignore[no-untyped-call]


class _Broker(RedisBroker):
    @property
    def consumer_class(self) -> type[_Consumer]:
        return _Consumer


def _bell(lane: str) -> str:
    return f"{NAMESPACE}:bell:{lane}"


def make_broker(redis_url: str, middleware: list[dramatiq.Middleware]) -> Any:
    """The broker, with short time-outs so that an absent Redis is noticed."""
    joint = "&" if "?" in redis_url else "?"
    return _Broker(  # type: ignore[no-untyped-call]
        url=f"{redis_url}{joint}socket_timeout=5&socket_connect_timeout=2",
        namespace=NAMESPACE,
        heartbeat_timeout=HEARTBEAT_MS,
        middleware=middleware,
    )


def open(redis_url: str) -> None:  # noqa: A001 -- queue.open
    """Makes this process able to nudge; connects with the first nudge."""
    dramatiq.set_broker(make_broker(redis_url, []))


def close() -> None:
    """Closes the connections."""
    dramatiq.get_broker().close()


def _send(lane: str, top_up_to: int | None) -> None:
    broker: Any = dramatiq.get_broker()
    there = broker.client.llen(f"{NAMESPACE}:{lane}")
    # One more than lies there wakes one more slot: two jobs queued between two looks must not wake only one.
    nudges = min(1 if top_up_to is None else top_up_to - there, MOST_NUDGES - there)
    if nudges <= 0:
        return
    for _ in range(nudges):
        broker.enqueue(dramatiq.Message(queue_name=lane, actor_name=lane, args=(), kwargs={}, options={}))
    ring = broker.client.pipeline(transaction=False)
    ring.rpush(_bell(lane), *["nudge"] * nudges).ltrim(_bell(lane), -MOST_NUDGES, -1).execute()


async def nudge(lane: str, top_up_to: int | None = None) -> None:
    """Says that a lane has work, after the commit that gave it some: once more, or until so many nudges lie there.

    Never raises, nor takes longer than `NUDGE_SECONDS`: sweep nudges again.
    """
    try:
        sending = asyncio.get_running_loop().run_in_executor(_threads, _send, lane, top_up_to)
        await asyncio.wait_for(sending, NUDGE_SECONDS)
    except (redis.RedisError, OSError, dramatiq.DramatiqError) as error:
        logs.warn("filemill.jobs.queue", "a nudge was not sent", cause=error, lane=lane)


async def probe() -> None:
    """Returns if Redis answers. Raises redis.RedisError or OSError."""
    broker: Any = dramatiq.get_broker()
    await asyncio.to_thread(broker.client.ping)
