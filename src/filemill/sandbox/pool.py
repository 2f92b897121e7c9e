"""The pool of a lane's child processes: started ahead, one job at a time each, replaced after use or failure.

`kinds` decides how a child is confined. PDEATHSIG ends a child with the *thread* that started the child: here the
thread of the event loop, which lives as long as the worker process.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

from filemill import logs
from filemill.errors import FilemillError
from filemill.pipelines.run import Ready
from filemill.sandbox import users, workdir
from filemill.sandbox.child import Child, Exit
from filemill.sandbox.kinds import CHILD, TMP, Networked, Sandbox

READY_SECONDS = 30
LONGEST_LINE = 16 << 20
"""Bytes of a line. A plan is one line of some 2 MiB, and JSON may escape each of its characters."""

REST_SECONDS = 60.0
"""Seconds. A child that has worked and then rests for longer is replaced unless it is quiet.

The libraries of some engines leave threads behind that never rest again and keep memory.
"""

MOST_AT_REST = 0.02
"""Most use of an idle child, as a fraction of one processor."""


class NoChild(FilemillError):
    """No child process could be started."""


class Pool:
    """The warm children of a lane. Each takes one job at a time.

    A child is replaced after a failure, after `most_jobs` jobs, or with more than `most_idle_mb` MiB after a job. An
    idle child with no more than `most_resting_mb` MiB and next to no processor use is quiet and stays. `program`
    replaces our own program. `memory_mb` is the limit of each of a child's processes from the start, 0 for none.
    """

    def __init__(
        self,
        lane: str,
        folder: Path,
        sandbox: Sandbox | None = None,
        *,
        program: tuple[str, ...] = CHILD,
        memory_mb: int = 0,
        most_jobs: int = 500,
        most_idle_mb: int = 400,
        most_resting_mb: int = 0,
    ) -> None:
        self.lane = lane
        self._folder = folder
        self.sandbox = sandbox or Networked()
        self._program = (*program, lane, "--memory", str(memory_mb))
        self._most_jobs = most_jobs
        self._most_idle_mb = most_idle_mb
        self._most_resting_mb = most_resting_mb
        self._idle: list[Child] = []
        self._ahead: list[asyncio.Task[Child]] = []
        self._closed = False
        self.is_isolated = self.sandbox.kind != "networked"
        self.engines: dict[str, str] = {}
        self.missing_walls: tuple[str, ...] = ()
        self.pairs: tuple[tuple[str, str], ...] | None = None

    async def open(self, children: int) -> None:
        """Starts one child, then the others ahead in the background. Raises NoChild where the first does not start.

        The lane can work with one child: to load several engines at once would delay its first job.
        """
        self._idle.append(await self._start_first())
        self._ahead += [asyncio.create_task(self._start()) for _ in range(children - 1)]

    async def close(self) -> None:
        """Ends every idle child. The borrowers end the children at work."""
        self._closed = True
        for task in self._ahead:
            task.cancel()
        started = await asyncio.gather(*self._ahead, return_exceptions=True)
        await asyncio.gather(*(child.kill() for child in [*self._idle, *started] if isinstance(child, Child)))
        self._ahead.clear()
        self._idle.clear()

    @asynccontextmanager
    async def borrow(self) -> AsyncIterator[Child]:
        """A child that is ready for a run, while the block lasts. Raises NoChild where no child starts.

        A child with an unfinished run at the end of the block is killed, and the pool starts another one.
        """
        child = await self._take()
        try:
            yield child
        finally:
            await self._give(child)

    async def _take(self) -> Child:
        while self._idle or self._ahead:
            try:
                child = self._idle.pop() if self._idle else await self._ahead.pop(0)
            except NoChild:  # a child killed while it loaded must not cost a job its run
                continue
            if await self._is_fit(child):  # nor must a child killed while it waited
                return child
            await child.kill()
        child = await self._start()
        if await self._is_fit(child):
            return child
        await child.kill()
        raise NoChild

    async def _is_fit(self, child: Child) -> bool:
        if self.is_isolated:
            try:
                await asyncio.to_thread(workdir.prepare, child.workdir)
            except OSError as error:
                logs.warn("filemill.sandbox.pool", "a child's folder cannot be emptied", cause=error)
                return False
        return child.is_alive

    async def _is_emptied(self, child: Child) -> bool:
        """Removes what a job has left in its child's folder -> whether nothing stays."""
        try:
            await child.forget()
        except OSError as error:
            logs.warn("filemill.sandbox.pool", "a child's folder cannot be emptied", cause=error)
            return False
        return True

    async def _give(self, child: Child) -> None:
        is_good = not child.is_busy and child.jobs < self._most_jobs
        is_light = is_good and 0 < self._weigh(child) < self._most_idle_mb  # a child that has ended weighs 0
        if is_light and await self._is_emptied(child):
            child.idle_since = time.monotonic()
            child.seen_resting = None
            self._idle.append(child)
            return
        await child.kill()
        if not self._closed:
            self._ahead.append(asyncio.create_task(self._start()))

    def _weigh(self, child: Child) -> int:
        """Memory in MiB. A networked child starts no other process, and a search would be dear for a job of one row."""
        return child.memory_mb if self.is_isolated else child.own_memory_mb

    async def refresh(self) -> None:
        """Replaces children that have worked, rest, and are not quiet; for regular calls. Raises NoChild."""
        rested = [each for each in self._idle if each.jobs and time.monotonic() - each.idle_since > REST_SECONDS]
        for child in [each for each in rested if not self._is_quiet(each)]:
            fresh = await self._start()
            if child in self._idle:  # nobody has taken the child or closed the pool meanwhile
                self._idle.remove(child)
                # The fresh child is taken last: its engine may still start programs, while the others are ready.
                self._idle.insert(0, fresh)
                await child.kill()
            else:
                await fresh.kill()

    def _is_quiet(self, child: Child) -> bool:
        """Whether an idle child holds little memory and has used next to no processor since the last look."""
        if self._weigh(child) > self._most_resting_mb:
            return False
        at, used = time.monotonic(), child.cpu_seconds
        before_at, before_used = child.seen_resting or (at, used)
        child.seen_resting = at, used
        return used - before_used <= MOST_AT_REST * (at - before_at)

    async def _start_first(self) -> Child:
        """The first child, which tells whether children can have users of their own here. Raises NoChild."""
        try:
            return await self._start()
        except (NoChild, OSError) as error:
            if not self.sandbox.changes_user:
                raise
            why = error.message if isinstance(error, NoChild) else str(error)
            logs.warn("filemill.sandbox.pool", "children run as root: no other user can start one", why=why)
        self.sandbox.changes_user = False
        return await self._start()

    async def _start(self) -> Child:
        folder = self._folder / uuid4().hex
        place = self.sandbox.workdir(folder)
        user = await asyncio.to_thread(users.free) if self.sandbox.changes_user else None
        folder.mkdir(mode=0o700)
        own = (folder,) if place == folder else (place, folder / TMP)
        for one in own:
            one.mkdir(mode=0o700, exist_ok=one == folder)
            users.hand_over(one, user)
        first = self.sandbox.begins_as(user)
        process = await asyncio.create_subprocess_exec(
            *self.sandbox.command(folder, self._program, user),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
            env=self.sandbox.environment(folder, user),
            cwd=place,
            start_new_session=True,
            user=first.uid if first else None,
            group=first.gid if first else None,
            extra_groups=[] if first else None,
        )
        child = Child(process, folder, place)
        try:
            said = await child.hear(READY_SECONDS)
        except asyncio.CancelledError:
            await child.kill()
            raise
        if not isinstance(said, Ready):
            await child.kill()
            stderr = said.stderr if isinstance(said, Exit) else ""
            logs.warn("filemill.sandbox.pool", "a child did not start", lane=self.lane, said=repr(said), stderr=stderr)
            raise NoChild
        child.engines = self.engines = said.engines
        self.missing_walls = said.missing_walls
        self.pairs = said.pairs
        return child
