"""One child process as its worker sees it: told by a line, heard by lines, weighed, and killed with all it started."""

import asyncio
import contextlib
import os
import shutil
import signal
import time
from pathlib import Path

import msgspec

from filemill import logs
from filemill.pipelines import run as wire
from filemill.pipelines.run import Done, Line, Run
from filemill.sandbox import processes

STDERR_TAIL = 4096
LAST_WORDS_SECONDS = 2
_CAUSE_SECONDS = 0.1
"""What an engine has printed before it spoke comes by a pipe of its own, and may be heard a moment later."""

_LOOK_SECONDS, _LOOKS = 0.005, 1000
"""How often it is looked whether all that a killed child had started are gone."""


class Exit(msgspec.Struct, frozen=True):
    """The child ended without a last line. `code` is the exit status, or minus the signal."""

    code: int
    stderr: str

    @property
    def is_out_of_memory(self) -> bool:
        """Whether it aborted because an allocation failed: that is a limit of ours, not a crash."""
        words = self.stderr.lower()
        if "bad_alloc" in words:
            return True
        return "memory" in words and ("alloc" in words or "oomkill" in words or "memoryerror" in words)


class Child:
    """One child process, and the folder that goes with it; `workplace` is the one in there that it works in.

    `engines` is what it said it has loaded (name -> version); `is_busy`: it has a run and has not said that it is done;
    `seen_resting`: when it was last looked at with nothing to do, and what it had used of the processor by then.
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
        """The process id, which is also that of its process group."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """Whether the process has not ended; seen at once, also before the event loop has heard of it."""
        return self._process.returncode is None and processes.lives(self.pid)

    @property
    def memory_mb(self) -> int:
        """What it and all it has started hold in memory, in MiB; 0 once they have ended."""
        return processes.memory_mb(processes.family(self.pid))

    @property
    def own_memory_mb(self) -> int:
        """What it alone holds in memory, in MiB: one file to read, where its whole family takes a walk over threads."""
        return processes.memory_mb([self.pid])

    @property
    def cpu_seconds(self) -> float:
        """What it and all it has started, as far as that still runs, have used of the processor."""
        return processes.cpu_seconds(processes.family(self.pid))

    async def last_words(self) -> str:
        """The end of what it has printed so far."""
        await asyncio.sleep(_CAUSE_SECONDS)
        return self._stderr.decode(errors="replace")

    async def disk_mb(self) -> int:
        """What lies in its folder, in MiB."""
        return await asyncio.to_thread(_weigh, self._folder)

    async def _read_stderr(self) -> None:
        assert self._process.stderr is not None
        while chunk := await self._process.stderr.read(STDERR_TAIL):
            self._stderr = (self._stderr + chunk)[-STDERR_TAIL:]

    def send(self, run: Run) -> None:
        """Gives the child a run."""
        assert self._process.stdin is not None
        self.jobs += 1
        self.is_busy = True
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
                said = wire.decode_line(line)
                self.is_busy = self.is_busy and not isinstance(said, Done)
                return said
        except (ValueError, msgspec.DecodeError, ConnectionError) as error:
            logs.warn("filemill.sandbox.child", "a child said what it must not", cause=error)
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
        """Ends the child and whatever it has started; returns when all are gone, and its folder too."""
        for task in (self._line, self._reading):
            if task is not None:
                task.cancel()
        members = processes.family(self.pid) if self._process.returncode is None else []
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        # Beyond its own group: what has made itself a session of its own.
        processes.kill(members[1:])
        await self._process.wait()
        for _ in range(_LOOKS):
            if not any(processes.lives(pid) for pid in members):
                break
            await asyncio.sleep(_LOOK_SECONDS)
        # A run that was cut short leaves what it had written so far.
        await asyncio.to_thread(shutil.rmtree, self._folder, ignore_errors=True)


def _weigh(folder: Path) -> int:
    """MiB on disk below a folder; what vanishes while it is weighed counts nothing."""
    total = 0
    for root, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(f"{root}/{name}").st_blocks
    return total * 512 >> 20
