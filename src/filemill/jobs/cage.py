"""The child processes that jobs run in: started ahead, told by a line, killed as a group. The open cage.

An open cage is our own engine on typed steps: it reaches the store with a key limited to reading inputs and writing
outputs, which comes with the run, and inherits nothing else. A child is bound to the process that started it by
PDEATHSIG, which follows the starting *thread*: here the event loop's, which lives as long as its process.
"""

import asyncio
import contextlib
import os
import shutil
import signal
import sys
import time
from pathlib import Path
from uuid import uuid4

import msgspec

from filemill import logs
from filemill.errors import FilemillError
from filemill.jobs import run as wire
from filemill.jobs.run import Line, Ready, Run

READY_SECONDS = 30
LONGEST_LINE = 16 << 20
"""Bytes. A plan is one line: of some 2 MiB, each sign of which may stand there escaped."""

KEPT_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ", "VIRTUAL_ENV", "PYTHONPATH", "SSL_CERT_FILE")
OWN_ENVIRONMENT = {"PYTHONDONTWRITEBYTECODE": "1", "MALLOC_ARENA_MAX": "2"}
"""Few arenas: a child's memory limit counts what the C library sets aside for every thread, used or not."""

REST_SECONDS = 60.0
"""A child that has worked and then had nothing to do for so long is replaced: the libraries of some engines leave
threads behind that never rest again, and keep memory."""

STDERR_TAIL = 4096
LAST_WORDS_SECONDS = 2


class NoChild(FilemillError):
    """No child process could be started."""


class Exit(msgspec.Struct, frozen=True):
    """The child ended without a last line. `code` is the exit status, or minus the signal."""

    code: int
    stderr: str

    @property
    def is_out_of_memory(self) -> bool:
        """Whether it aborted because an allocation failed: that is a limit of ours, not a crash."""
        words = self.stderr.lower()
        return "memory" in words and ("alloc" in words or "oomkill" in words or "memoryerror" in words)


class Child:
    """One child process, and the folder it works in. `engines` is what it said it has loaded (name -> version)."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._stderr = b""
        self._reading = asyncio.create_task(self._read_stderr())
        self._line: asyncio.Task[bytes] | None = None
        self.engines: dict[str, str] = {}
        self.jobs = 0
        self.idle_since = time.monotonic()

    @property
    def pid(self) -> int:
        """The process id, which is also that of its process group."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended; seen at once, also before the event loop has heard of it."""
        return self._process.returncode is None and self.memory_mb > 0

    @property
    def memory_mb(self) -> int:
        """Resident memory in MiB, 0 once it has ended."""
        try:
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            return 0
        return pages * os.sysconf("SC_PAGE_SIZE") >> 20

    async def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        while chunk := await self._process.stderr.read(STDERR_TAIL):
            self._stderr = (self._stderr + chunk)[-STDERR_TAIL:]

    def send(self, run: Run) -> None:
        """Gives the child a run."""
        assert self._process.stdin is not None
        self.jobs += 1
        with contextlib.suppress(ConnectionError):  # its end is heard
            self._process.stdin.write(wire.encode(run))

    async def hear(self, seconds: float) -> Line | Exit | None:
        """What the child says next; Exit when it has ended; None when it said nothing for so many seconds."""
        assert self._process.stdout is not None
        if self._line is None:
            self._line = asyncio.create_task(self._process.stdout.readline())
        done, _ = await asyncio.wait({self._line}, timeout=max(seconds, 0))
        if not done:
            return None
        task, self._line = self._line, None
        try:
            line = task.result()
            if line.endswith(b"\n"):
                return wire.decode_line(line)
        except (ValueError, msgspec.DecodeError, ConnectionError) as error:
            logs.warn("filemill.jobs.cage", "a child said what it must not", cause=error)
        return await self._end()

    async def _end(self) -> Exit:
        """Waits for the end of a child that has closed its mouth; one that does not go is killed."""
        try:
            code = await asyncio.wait_for(self._process.wait(), LAST_WORDS_SECONDS)
            await asyncio.wait_for(self._reading, LAST_WORDS_SECONDS)
        except TimeoutError:
            await self.kill()
            code = self._process.returncode or 0
        return Exit(code, self._stderr.decode(errors="replace"))

    async def kill(self) -> None:
        """Ends the child and whatever it has started; returns when it is gone, and its folder too."""
        for task in (self._line, self._reading):
            if task is not None:
                task.cancel()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        await self._process.wait()
        # A run that was cut short leaves what it had written so far.
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)


class Cage:
    """The warm children of a lane: each takes one job at a time and is replaced after a failure, N jobs or M MiB."""

    def __init__(self, lane: str, folder: Path, *, most_jobs: int = 500, most_idle_mb: int = 400) -> None:
        self._lane = lane
        self._folder = folder
        self._most_jobs = most_jobs
        self._most_idle_mb = most_idle_mb
        self._idle: list[Child] = []
        self._ahead: list[asyncio.Task[Child]] = []
        self._closed = False
        self.engines: dict[str, str] = {}
        self.is_shut = False

    async def open(self, children: int) -> None:
        """Starts a child, and once it is ready the others ahead. Raises NoChild where the first does not start.

        The lane can work with one: loading several engines at once would keep it from its first job for longer.
        """
        self._idle.append(await self._start())
        self._ahead += [asyncio.create_task(self._start()) for _ in range(children - 1)]

    async def close(self) -> None:
        """Ends every idle child; those at work are ended by whoever took them."""
        self._closed = True
        for task in self._ahead:
            task.cancel()
        started = await asyncio.gather(*self._ahead, return_exceptions=True)
        await asyncio.gather(*(child.kill() for child in [*self._idle, *started] if isinstance(child, Child)))
        self._ahead.clear()
        self._idle.clear()

    async def take(self) -> Child:
        """A child that is ready for a run. Raises NoChild where none can be started."""
        while self._idle or self._ahead:
            try:
                child = self._idle.pop() if self._idle else await self._ahead.pop(0)
            except NoChild:  # one that was killed while it loaded must not cost a job its run
                continue
            if child.is_alive:  # nor one that was killed while it waited
                return child
            await child.kill()
        return await self._start()

    async def give(self, child: Child, *, is_good: bool) -> None:
        """Gives a child back; one that is not good is ended and another started in its stead."""
        if is_good and child.is_alive and child.jobs < self._most_jobs and child.memory_mb < self._most_idle_mb:
            child.idle_since = time.monotonic()
            self._idle.append(child)
            return
        await child.kill()
        if not self._closed:
            self._ahead.append(asyncio.create_task(self._start()))

    async def refresh(self) -> None:
        """Replaces the children that have worked and rested since; to be called now and then. Raises NoChild."""
        for child in [each for each in self._idle if each.jobs and time.monotonic() - each.idle_since > REST_SECONDS]:
            fresh = await self._start()
            if child in self._idle:  # nobody has taken it meanwhile, nor closed the cage
                self._idle.remove(child)
                self._idle.append(fresh)
                await child.kill()
            else:
                await fresh.kill()

    async def _start(self) -> Child:
        environment = {name: os.environ[name] for name in KEPT_ENVIRONMENT if name in os.environ}
        folder = self._folder / uuid4().hex
        folder.mkdir(mode=0o700)
        environment |= {"TMPDIR": str(folder), "HOME": str(folder), **OWN_ENVIRONMENT}
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # nothing is imported from the folder it works in
            "-m",
            "workers.child",
            self._lane,
            str(os.getpid()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            limit=LONGEST_LINE,
            env=environment,
            cwd=folder,
            start_new_session=True,
        )
        child = Child(process, folder)
        try:
            said = await child.hear(READY_SECONDS)
        except asyncio.CancelledError:
            await child.kill()
            raise
        if not isinstance(said, Ready):
            await child.kill()
            stderr = said.stderr if isinstance(said, Exit) else ""
            logs.warn("filemill.jobs.cage", "a child did not start", lane=self._lane, said=repr(said), stderr=stderr)
            raise NoChild
        child.engines = self.engines = said.engines
        self.is_shut = said.is_shut
        return child
