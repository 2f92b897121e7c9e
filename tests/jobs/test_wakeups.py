"""Stories of the wakeup: what lies in Redis, and what it relies on in Dramatiq."""

import asyncio
import threading

import dramatiq
import pytest

from filemill.jobs import wakeups
from filemill.jobs.context import Context
from filemill.settings import Settings

pytestmark = pytest.mark.anyio
LANE = "a lane of this test"


@pytest.fixture
def empty(at_hand: Context) -> None:
    client = dramatiq.get_broker().client  # type: ignore[attr-defined]
    client.delete(*(client.keys(f"{wakeups.NAMESPACE}:*") or ["nothing"]))


async def test_wakeups_never_heap_up(empty: None) -> None:
    for _ in range(40):
        await wakeups.wake(LANE)
    client = dramatiq.get_broker().client  # type: ignore[attr-defined]
    assert client.llen(f"{wakeups.NAMESPACE}:{LANE}") == wakeups.MOST_WAKEUPS
    await wakeups.wake(LANE, top_up_to=30)
    assert client.llen(f"{wakeups.NAMESPACE}:{LANE}") == wakeups.MOST_WAKEUPS


async def test_sweep_tops_up_and_adds_nothing_to_what_lies_there(empty: None) -> None:
    client = dramatiq.get_broker().client  # type: ignore[attr-defined]
    await wakeups.wake(LANE, top_up_to=3)
    await wakeups.wake(LANE, top_up_to=3)
    assert client.llen(f"{wakeups.NAMESPACE}:{LANE}") == 3


async def test_a_wakeup_reaches_an_idle_consumer_and_is_acknowledged(empty: None, settings: Settings) -> None:
    # given a consumer of Dramatiq's that waits for the lane, in a thread as its worker would
    broker = wakeups.make_broker(settings.redis_url, [])
    broker.declare_queue(LANE)
    heard: list[dramatiq.MessageProxy] = []
    stop = threading.Event()

    def listen() -> None:
        consumer = broker.consume(LANE, prefetch=1, timeout=50)
        while not heard and not stop.is_set():
            message = next(consumer)
            if message is not None:
                heard.append(message)
                consumer.ack(message)
        consumer.close()

    thread = threading.Thread(target=listen)
    thread.start()
    # when somebody wakeups
    await wakeups.wake(LANE)
    await asyncio.to_thread(thread.join, 20)
    stop.set()
    # then it has the message, and nothing lies there any more
    assert [message.queue_name for message in heard] == [LANE]
    assert broker.client.llen(f"{wakeups.NAMESPACE}:{LANE}") == 0
    broker.close()


async def test_an_absent_redis_is_no_error_of_the_caller(empty: None) -> None:
    before = dramatiq.get_broker()
    wakeups.open("redis://127.0.0.1:1/0")
    await wakeups.wake(LANE)
    wakeups.close()
    dramatiq.set_broker(before)
