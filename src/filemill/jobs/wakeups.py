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
"""Most messages in a lane. A worker that takes a message claims until the lane is empty."""

HEARTBEAT_MS = 60_000

LISTEN_SECONDS = 0.25
"""Seconds that an idle slot listens for a token before the slot looks for a wakeup anyhow."""

WAKE_SECONDS = 1.0
"""Seconds that `wake` waits for a Redis that does not answer."""

_threads = ThreadPoolExecutor(2, thread_name_prefix="wakeup")
"""Threads of its own: a wakeup that hangs must not hold up other work in threads."""


class _Consumer(_RedisConsumer):
    """Waits for a token, where Dramatiq's own consumer would sleep up to its time-out between two looks.

    Each message of a lane has a token in a list beside the messages. A slot that was not listening finds the token
    later, and a lost token costs a moment.
    """

    def __next__(self) -> Any:
        if not self.message_cache and self.outstanding_message_count < self.prefetch:
            try:
                self.broker.client.blpop(_tokens(self.queue_name), LISTEN_SECONDS)
            except redis.ConnectionError as error:
                raise dramatiq.ConnectionClosed(error) from None  # type: ignore[no-untyped-call]
            self.misses = 0  # the slot has waited here, so Dramatiq need not sleep too
        return super().__next__()  # type: ignore[no-untyped-call]


class _Broker(RedisBroker):
    @property
    def consumer_class(self) -> type[_Consumer]:
        return _Consumer


def _tokens(lane: str) -> str:
    return f"{NAMESPACE}:tokens:{lane}"


def make_broker(redis_url: str, middleware: list[dramatiq.Middleware]) -> Any:
    """The broker, with short time-outs so that an absent Redis shows soon."""
    joint = "&" if "?" in redis_url else "?"
    return _Broker(  # type: ignore[no-untyped-call]
        url=f"{redis_url}{joint}socket_timeout=5&socket_connect_timeout=2",
        namespace=NAMESPACE,
        heartbeat_timeout=HEARTBEAT_MS,
        middleware=middleware,
    )


def open(redis_url: str) -> None:  # noqa: A001 -- wakeups.open
    """Lets this process send wakeups; connects with the first wakeup."""
    dramatiq.set_broker(make_broker(redis_url, []))


def close() -> None:
    """Closes the connections."""
    dramatiq.get_broker().close()


def _send(lane: str, top_up_to: int | None) -> None:
    broker: Any = dramatiq.get_broker()
    there = broker.client.llen(f"{NAMESPACE}:{lane}")
    # One more message wakes one more slot: two jobs queued between two looks must wake two slots.
    wakeups = min(1 if top_up_to is None else top_up_to - there, MOST_WAKEUPS - there)
    if wakeups <= 0:
        return
    for _ in range(wakeups):
        broker.enqueue(dramatiq.Message(queue_name=lane, actor_name=lane, args=(), kwargs={}, options={}))
    tokens = broker.client.pipeline(transaction=False)
    tokens.rpush(_tokens(lane), *["token"] * wakeups).ltrim(_tokens(lane), -MOST_WAKEUPS, -1).execute()


async def wake(lane: str, top_up_to: int | None = None) -> None:
    """Wakes a lane, after the commit that queued a job: adds one wakeup, or wakeups up to `top_up_to` in the lane.

    Never raises and takes `WAKE_SECONDS` at most, as sweep wakes the lane again.
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
