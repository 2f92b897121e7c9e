"""One child process as its worker sees it: gets a run as a line, answers in lines, is weighed and killed."""

import asyncio
import contextlib
import os
import signal
import time
from pathlib import Path

import msgspec

from filemill import logs
from filemill.pipelines import run as wire
from filemill.pipelines.run import Done, Line, Run
from filemill.sandbox import leftovers, processes, weighing, workdir
from filemill.sandbox.weighing import Weight

STDERR_TAIL = 4096
LAST_WORDS_SECONDS = 2
_CAUSE_SECONDS = 0.1
"""Seconds. An engine's prints come by another pipe than its lines, and may arrive a moment later."""

_LOOK_SECONDS, _LOOKS = 0.005, 1000
"""Seconds between two looks, and the number of looks, until all processes of a killed child are gone."""


class Exit(msgspec.Struct, frozen=True):
    """The child ended without a last line. `code` is the exit status, or minus the number of the signal."""

    code: int
    stderr: str

    @property
    def is_out_of_memory(self) -> bool:
        """Whether the child ended because an allocation failed: our memory limit, not a crash."""
        words = self.stderr.lower()
        if "bad_alloc" in words:
            return True
        return "memory" in words and ("alloc" in words or "oomkill" in words or "memoryerror" in words)


class Child:
    """One child process and its folder. `workdir` is the folder, or the subfolder, in which the child works.

    `engines`: the engines that the child has loaded (name -> version). `is_busy`: the child has a run and has not said
    `Done`. `seen_resting`: the time of the last look at the idle child, and the processor seconds used by then.
    """

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, workdir: Path) -> None:
        self._process = process
        self._folder = folder
        self._stderr = b""
        self._reading = asyncio.create_task(self._read_stderr())
        self._line: asyncio.Task[bytes] | None = None
        self.workdir = workdir
        self.engines: dict[str, str] = {}
        self.jobs = 0
        self.is_busy = False
        self.idle_since = time.monotonic()
        self.seen_resting: tuple[float, float] | None = None

    @property
    def pid(self) -> int:
        """The process id, which is also the id of the process group."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended. /proc shows an end before the event loop hears of it."""
        return self._process.returncode is None and processes.lives(self.pid)

    @property
    def memory_mb(self) -> int:
        """Memory of the child and all its descendants, in MiB; 0 once all have ended."""
        return processes.memory_mb(processes.family(self.pid))

    @property
    def own_memory_mb(self) -> int:
        """Memory of the child alone, in MiB. This reads one file; the whole family takes a walk over all threads."""
        return processes.memory_mb([self.pid])

    @property
    def cpu_seconds(self) -> float:
        """Processor seconds of the child and of its descendants that still run."""
        return processes.cpu_seconds(processes.family(self.pid))

    async def last_words(self) -> str:
        """The end of the child's prints so far."""
        await asyncio.sleep(_CAUSE_SECONDS)
        return self._stderr.decode(errors="replace")

    async def weight(self) -> Weight:
        """What the child's folder holds on disk."""
        return await asyncio.to_thread(weighing.weigh, self._folder)

    async def forget(self) -> None:
        """Removes what the last job has left in the child's folder. Raises OSError where something stays."""
        if not workdir.is_clear(self._folder, self.workdir, self.pid):
            await asyncio.to_thread(workdir.clear, self._folder, self.workdir, self.pid)

    async def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        while chunk := await self._process.stderr.read(STDERR_TAIL):
            self._stderr = (self._stderr + chunk)[-STDERR_TAIL:]

    def send(self, run: Run) -> None:
        """Gives the child a run."""
        assert self._process.stdin is not None
        self.jobs += 1
        self.is_busy = True
        with contextlib.suppress(ConnectionError):  # `hear` tells of the child's end
            self._process.stdin.write(wire.encode(run))

    async def hear(self, seconds: float) -> Line | Exit | None:
        """The child's next line; Exit when the child has ended; None when `seconds` pass without a line."""
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
                said = wire.decode_line(line)
                self.is_busy = self.is_busy and not isinstance(said, Done)
                return said
        except (ValueError, msgspec.DecodeError, ConnectionError) as error:
            logs.warn("filemill.sandbox.child", "a child said what it must not", cause=error)
        return await self._end()

    async def _end(self) -> Exit:
        """Waits for the end of a child that has closed its output; kills a child that does not end."""
        try:
            code = await asyncio.wait_for(self._process.wait(), LAST_WORDS_SECONDS)
            await asyncio.wait_for(self._reading, LAST_WORDS_SECONDS)
        except TimeoutError:
            await self.kill()
            code = self._process.returncode or 0
        return Exit(code, self._stderr.decode(errors="replace"))

    async def kill(self) -> None:
        """Kills the child with all its descendants; returns when all are gone and the folder is removed."""
        for task in (self._line, self._reading):
            if task is not None:
                task.cancel()
        members = processes.family(self.pid) if self._process.returncode is None else []
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        # Descendants that have made a session of their own are not in the group.
        processes.kill(members[1:])
        await self._process.wait()
        for _ in range(_LOOKS):
            if not any(processes.lives(pid) for pid in members):
                break
            await asyncio.sleep(_LOOK_SECONDS)
        # A run that was cut short leaves half-written files.
        await asyncio.to_thread(leftovers.remove, self._folder)
