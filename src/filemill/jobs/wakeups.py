"""The wakeup: a message in Redis that says "this lane has work". The row is the truth; a lost wakeup loses nothing."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker, _RedisConsumer

from filemill import logs

NAMESPACE = "filemill"
MOST_WAKEUPS = 16
"""So many messages lie in a lane at most: whoever takes one claims until the lane is empty."""

HEARTBEAT_MS = 60_000

LISTEN_SECONDS = 0.25
"""Seconds. An idle slot listens for a token for so long before the slot looks for a wakeup anyhow."""


WAKE_SECONDS = 1.0
"""Seconds. Whoever wakes a lane waits for a Redis that does not answer for so long."""

_threads = ThreadPoolExecutor(2, thread_name_prefix="wakeup")
"""Of its own: what hangs here must not hold up what else is done in threads."""


class _Consumer(_RedisConsumer):
    """Waits for a token, where Dramatiq's own consumer would sleep up to its time-out between two looks.

    Beside a lane's messages lies a list with a token for each: a slot that was not listening finds the token later, and
    a lost token costs a moment.
    """

    def __next__(self) -> Any:
        if not self.message_cache and self.outstanding_message_count < self.prefetch:
            try:
                self.broker.client.blpop(_tokens(self.queue_name), LISTEN_SECONDS)
            except redis.ConnectionError as error:
                raise dramatiq.ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
            self.misses = 0  # found nothing: it has waited here, so it need not sleep there
        return super().__next__()  # type: ignore[no-untyped-call]


class _Broker(RedisBroker):
    @property
    def consumer_class(self) -> type[_Consumer]:
        return _Consumer


def _tokens(lane: str) -> str:
    return f"{NAMESPACE}:tokens:{lane}"


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
    """Makes this process able to wakeup; connects with the first wakeup."""
    dramatiq.set_broker(make_broker(redis_url, []))


def close() -> None:
    """Closes the connections."""
    dramatiq.get_broker().close()


def _send(lane: str, top_up_to: int | None) -> None:
    broker: Any = dramatiq.get_broker()
    there = broker.client.llen(f"{NAMESPACE}:{lane}")
    # One more than lies there wakes one more slot: two jobs queued between two looks must not wake only one.
    wakeups = min(1 if top_up_to is None else top_up_to - there, MOST_WAKEUPS - there)
    if wakeups <= 0:
        return
    for _ in range(wakeups):
        broker.enqueue(dramatiq.Message(queue_name=lane, actor_name=lane, args=(), kwargs={}, options={}))
    tokens = broker.client.pipeline(transaction=False)
    tokens.rpush(_tokens(lane), *["token"] * wakeups).ltrim(_tokens(lane), -MOST_WAKEUPS, -1).execute()


async def wake(lane: str, top_up_to: int | None = None) -> None:
    """Says that a lane has work, after the commit that gave it some: once more, or until so many wakeups lie there.

    Never raises, nor takes longer than `WAKE_SECONDS`: sweep wakes the lane again.
    """
    try:
        sending = asyncio.get_running_loop().run_in_executor(_threads, _send, lane, top_up_to)
        await asyncio.wait_for(sending, WAKE_SECONDS)
    except (redis.RedisError, OSError, dramatiq.DramatiqError) as error:
        logs.warn("filemill.jobs.wakeups", "a wakeup was not sent", cause=error, lane=lane)


async def probe() -> None:
    """Returns if Redis answers. Raises redis.RedisError or OSError."""
    broker: Any = dramatiq.get_broker()
    await asyncio.to_thread(broker.client.ping)
