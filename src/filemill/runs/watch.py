"""Watches one run in its sandbox: hears the child, enforces the limits, and knows every way a run may end."""

import time

from filemill import logs
from filemill.errors import JobFailed, StoreAway
from filemill.pipelines import run as wire
from filemill.pipelines.run import Done, Line, Phase, Progress, Refused, Warned
from filemill.runs.growth import Growth
from filemill.runs.lease import LOOK_SECONDS, TICK_SECONDS, Ended, Lease
from filemill.sandbox import weighing
from filemill.sandbox.child import Child, Exit
from filemill.sandbox.weighing import Weight
from filemill.settings import Limits

MOST_SHOWN = 0.99
"""The greatest progress of a run that has not finished."""


class Watch:
    """The watch over one run. `started` is the run's beginning, on the monotonic clock; `growth` counts its outputs."""

    def __init__(
        self, lease: Lease, child: Child, started: float, limits: Limits, growth: Growth | None = None
    ) -> None:
        self._growth = growth
        self._lease = lease
        self._child = child
        self._started = started
        self._limits = limits
        self._at: Phase | None = None

    async def until_done(self) -> Done:
        """Returns the child's last line. Raises JobFailed, StoreAway, Ended."""
        tick = self._started + TICK_SECONDS
        while True:
            said = await self._child.hear(min(tick - time.monotonic(), LOOK_SECONDS))
            if self._lease.over == "lost":
                raise Ended("lost")
            if isinstance(said, Done):
                return said
            if isinstance(said, Refused) and said.code == "internal":
                cause = await self._child.last_words()
                logs.warn("filemill.runs.watch", "an engine failed in a way nobody foresaw", stderr=cause)
            if said is not None:
                self._heed(said)
            self._lease.check()
            if self._growth is not None:
                self._growth.check()
            if time.monotonic() >= tick:
                tick = time.monotonic() + TICK_SECONDS
                await self._keep_limits()

    def _heed(self, said: Line | Exit) -> None:
        match said:
            case Refused(code="store_away"):
                raise StoreAway
            case Refused(code=wire.KILLED):
                logs.warn("filemill.runs.watch", "a program of a run was killed")
                raise Ended("killed")
            case Refused(code="too_much_memory", message=message):
                raise self._too_much_memory(message)
            case Refused(code, message, at_fault):
                raise JobFailed(code, wire.bounded(message), at_fault=at_fault)
            case Exit() if said.is_out_of_memory:
                raise self._too_much_memory()
            case Exit(code, stderr):
                logs.warn("filemill.runs.watch", "a child died", code=code, stderr=stderr)
                raise Ended("killed")
            case Progress(done, total) if total > 0:
                self._lease.progress = min(max(done / total, self._lease.progress), MOST_SHOWN)
            case Phase(name, step):
                self._lease.phase = name
                self._lease.note("phase", {"name": name, "step": step})
                # A step still holds its gathered rows when later phases begin.
                self._at = said if step else self._at
            case Warned(code, message, step):
                self._lease.note("warning", {"code": code, "message": wire.bounded(message), "step": step})

    async def _keep_limits(self) -> None:
        limits = self._limits
        if time.monotonic() - self._started > limits.seconds:
            who = " without an account" if limits.is_guests else ""
            raise JobFailed("too_slow", f"The job took longer than the {limits.seconds} seconds allowed{who}.")
        if self._child.memory_mb > limits.watched_mb:
            raise self._too_much_memory()
        if limits.watched_disk_mb is not None:
            self._weigh(await self._child.weight(), limits.watched_disk_mb)

    def _weigh(self, weight: Weight, most_mb: int) -> None:
        if weight.mb > most_mb:
            raise self._too_much_memory(f"needs more than {self._limits.disk_mb} MB of disk, and no job may have more.")
        if weight.files > weighing.MOST_FILES:
            raise self._too_much_memory(f"makes more than {weighing.MOST_FILES:,} files, and no job may make more.")
        if weight.depth > weighing.DEEPEST:
            most = f"{weighing.DEEPEST} folders in one another"
            raise self._too_much_memory(f"makes more than {most}, and no job may make more.")
        if weight.is_shut:
            raise self._too_much_memory("shuts a folder that it has made, and no job may hide what it has on disk.")

    def _too_much_memory(self, needs: str = "") -> JobFailed:
        """The failure that names the last step that began to gather rows. `needs` is the sentence about this step."""
        megabytes = self._limits.memory_mb
        who = f"Step {self._at.step} ({self._at.name})" if self._at else "The job"
        advice = "; drop columns or filter rows before" if self._at else ""
        needs = needs or f"needs more than {megabytes} MB of memory, and no job may have more{advice}."
        return JobFailed("too_much_memory", f"{who} {needs}")
