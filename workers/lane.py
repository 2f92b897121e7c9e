"""One worker process of a lane: how the process boots, which regular work it does, how it drains and ends."""

import asyncio
import ctypes
import multiprocessing
import os
import signal
import socket
import tempfile
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

import dramatiq
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from dramatiq.asyncio import get_event_loop_thread
from dramatiq.middleware import AsyncIO
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_delay, wait_fixed

from filemill import connections, logs, settings
from filemill.errors import DatabaseAway, FilemillError
from filemill.jobs import bounding, context, sweep, wakeups
from filemill.jobs.context import Context
from filemill.jobs.rows import workers
from filemill.jobs.rows.workers import WorkerRow
from filemill.runs import hashing
from filemill.runs.runner import Runner
from filemill.sandbox import choice
from filemill.sandbox.pool import NoChild, Pool
from filemill.settings import Settings
from filemill.storage import landings
from filemill.storage.s3 import Store
from workers import memory
from workers.folders import WorkFolder
from workers.on_completed import EXPIRIES, ON_COMPLETED

PR_SET_PDEATHSIG = 1
BEAT_SECONDS = 15
BOOT_SECONDS = 90
AWAY_SECONDS = 30
"""Seconds that a worker waits at its boot for the database: both may have been started together."""

CANNOT_START = 3

MOST_ISOLATED_JOBS = 200
"""Most jobs of one isolated child, in which other people's programs have read other people's files."""


class Lane(dramatiq.Middleware):
    """Boots, drains and ends the worker process of one lane."""

    def __init__(self, name: str, at_hand: Settings) -> None:
        self.name = name
        self.settings = at_hand
        self.id = f"{socket.gethostname()}:{os.getpid()}"
        self._clock: AsyncIOScheduler | None = None
        self._runner: Runner | None = None
        self._folder: WorkFolder | None = None
        self._pool: Pool | None = None

    async def work(self) -> None:
        """The actor of a wakeup: claims and runs jobs until none is due."""
        if self._runner is not None:
            await self._runner.until_empty()

    def after_process_boot(self, _broker: dramatiq.Broker) -> None:
        """Binds this process to dramatiq's master: the process must not work on after the master's death."""
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        master = multiprocessing.parent_process()
        if master is not None and os.getppid() != master.pid:  # the master ended before the call
            os._exit(1)
        self.id = f"{socket.gethostname()}:{os.getpid()}"
        memory.keep_few_arenas()
        logs.start(self.settings.log_level)
        settings.take_secrets_out(os.environ)

    def after_worker_boot(self, _broker: dramatiq.Broker, _worker: dramatiq.Worker) -> None:
        """Opens everything on the event loop that all jobs of this process share; ends the process where this fails."""
        # Dramatiq only notes a signal during the boot, which may take long. No job runs yet, so end at once.
        noting = signal.signal(signal.SIGTERM, lambda _number, _frame: os._exit(0))
        try:
            _on_loop(self._open())
        except Exception as error:  # noqa: BLE001 -- dramatiq would log the error and idle; the supervisor restarts
            logs.warn("workers.lane", "could not start", cause=error, lane=self.name)
            os._exit(CANNOT_START)
        finally:
            signal.signal(signal.SIGTERM, noting)

    def before_worker_shutdown(self, _broker: dramatiq.Broker, _worker: dramatiq.Worker) -> None:
        """SIGTERM: running jobs go back into the queue at once."""
        if self._runner is not None:
            self._runner.drain()

    def after_worker_shutdown(self, _broker: dramatiq.Broker, _worker: dramatiq.Worker) -> None:
        """Closes everything that `after_worker_boot` opened."""
        _on_loop(self._close())

    async def _open(self) -> None:
        at_hand = self.settings
        slots, places = at_hand.slots(self.name), at_hand.places(self.name)
        async for attempt in AsyncRetrying(
            retry=retry_if_exception_type(DatabaseAway),
            wait=wait_fixed(0.5),
            stop=stop_after_delay(AWAY_SECONDS),
            before_sleep=lambda _: logs.warn("workers.lane", "waiting for the database", lane=self.name),
            reraise=True,
        ):
            with attempt:
                await connections.open(at_hand.database_url, size=places * 2 + 4, name=f"worker {self.name}")
        context.open(Context(at_hand, Store(at_hand)))
        root = Path(at_hand.home, "work") if at_hand.home else Path(tempfile.gettempdir(), "filemill-work")
        self._folder = WorkFolder(root)
        self._pool = await self._make_pool(self._folder.path)
        await self._pool.open(places)
        for wall in self._pool.missing_walls:
            logs.warn("workers.lane", "a job's process lacks a wall; filemill doctor says more", wall=wall)
        self._runner = Runner(self.name, self.id, self._pool, ON_COMPLETED, slots)
        await self._beat()
        self._clock = AsyncIOScheduler()
        often: dict[str, Any] = {"max_instances": 1, "coalesce": True, "misfire_grace_time": None}
        for part in (partial(sweep.sweep, EXPIRIES), sweep.remove_leaving):
            self._clock.add_job(self._sweep, "interval", [part], seconds=sweep.EVERY_SECONDS, **often)
        self._clock.add_job(self._sweep, "interval", [self._look_at_landings], seconds=landings.EVERY_SECONDS, **often)
        self._clock.add_job(self._sweep, "interval", [bounding.bound], seconds=bounding.EVERY_SECONDS, **often)
        # Two at once, so that small files need not wait for a large one.
        self._clock.add_job(
            self._sweep, "interval", [hashing.until_none_due], seconds=1, **(often | {"max_instances": 2})
        )
        self._clock.add_job(self._beat, "interval", seconds=BEAT_SECONDS, **often)
        self._clock.add_job(self._refresh, "interval", seconds=BEAT_SECONDS, **often)
        self._clock.add_job(self._tidy, "interval", seconds=BEAT_SECONDS, **often)
        self._clock.add_job(self._watch_store, "interval", seconds=1, **often)
        self._clock.start()
        # The lane may have jobs from a time without a worker, and their wakeups may be gone.
        await wakeups.wake(self.name, places)
        logs.say("workers.lane", "ready", lane=self.name, slots=slots, engines=self._pool.engines)

    async def _make_pool(self, folder: Path) -> Pool:
        at_hand = self.settings
        sandbox = await choice.sandbox_of(self.name, weak=at_hand.sandbox == "weak", store=at_hand.s3_url)
        if sandbox.kind == "networked":
            return Pool(self.name, folder, sandbox)
        if sandbox.kind == "weak":
            logs.warn("workers.lane", "bubblewrap does not start: jobs are held by limits alone", lane=self.name)
        most = at_hand.limits(self.name).memory_mb
        return Pool(
            self.name,
            folder,
            sandbox,
            memory_mb=most,
            most_jobs=MOST_ISOLATED_JOBS,
            most_idle_mb=most * 3 // 4,
            most_resting_mb=most * 3 // 8,
        )

    async def _close(self) -> None:
        if self._clock is not None:
            self._clock.shutdown(wait=False)
        if self._pool is not None:
            await self._pool.close()
        try:
            await workers.leave(self.id)
        except FilemillError as error:
            logs.warn("workers.lane", "could not say goodbye", cause=error)
        context.get().store.close()
        await connections.close()
        if self._folder is not None:
            self._folder.close()

    async def _sweep(self, part: Callable[[], Awaitable[None]]) -> None:
        try:
            await part()
        except FilemillError as error:
            logs.warn("workers.lane", "a tidy-up was cut short; it comes again", cause=error)

    async def _look_at_landings(self) -> None:
        await landings.look(context.get().store, self.settings.stored_bytes)

    async def _refresh(self) -> None:
        if self._pool is None:
            return
        await asyncio.to_thread(memory.trim)
        try:
            await self._pool.refresh()
        except NoChild as error:
            logs.warn("workers.lane", "no fresh child could be started; the one at hand stays", cause=error)

    async def _tidy(self) -> None:
        if self._folder is not None:
            await asyncio.to_thread(self._folder.tidy)

    async def _watch_store(self) -> None:
        """Beats at once, not at the next beat, when the store goes or comes back."""
        if self._runner is not None and (self._runner.away_seconds is None) != (self._away_told is None):
            await self._beat()

    _away_told: float | None = None

    async def _beat(self) -> None:
        if self._runner is None or self._pool is None:
            return
        away = self._runner.away_seconds
        row = WorkerRow(
            self.id,
            socket.gethostname(),
            self.name,
            self.settings.slots(self.name),
            self._pool.engines,
            self._pool.sandbox.kind,
            away,
            self._pool.pairs,
        )
        try:
            await workers.beat(row)
            self._away_told = away
        except FilemillError as error:
            logs.warn("workers.lane", "could not say that this worker is alive", cause=error)


def _on_loop(coroutine: Any) -> None:
    thread = get_event_loop_thread()
    if thread is None:
        raise RuntimeError("the event loop is not there")
    asyncio.run_coroutine_threadsafe(coroutine, thread.loop).result(BOOT_SECONDS)


def declare(name: str) -> Lane:
    """Makes this process a worker of the lane: sets the broker, and the actor that a wakeup calls."""
    at_hand = settings.read(os.environ)
    lane = Lane(name, at_hand)
    broker = wakeups.make_broker(at_hand.redis_url, [AsyncIO(), lane])
    dramatiq.set_broker(broker)
    dramatiq.actor(actor_name=name, queue_name=name, broker=broker)(lane.work)
    return lane
