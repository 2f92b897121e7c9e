"""The child process in which jobs run: loads an engine once, then takes one run after another, line in, lines out."""

import argparse
import ctypes
import os
import resource
import signal
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from filemill.errors import JobFailed, ProcessKilled
from filemill.pipelines import fullness, steps
from filemill.pipelines import run as wire
from filemill.pipelines.run import Done, Engine, Phase, Progress, Ready, Refused, Warned
from filemill.sandbox import walls
from workers import checksum, engines

PR_SET_PDEATHSIG = 1
LEAST_SECONDS_BETWEEN_PROGRESS = 0.25
NEARLY_ALL = 0.8

_TOO_MUCH_MEMORY = Refused("too_much_memory", "")
"""No message: the worker that watches knows the limit and the step."""

_DISK_FULL = Refused("disk_full", fullness.failure().message, "us")


def bind_to(parent: int) -> None:
    """Ends this process with its parent `parent`; at once where the parent has ended already."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def limit_memory(megabytes: int) -> None:
    """Limits the data of this process, in MiB. Only the soft limit changes, so the next run may have another limit."""
    _, hard = resource.getrlimit(resource.RLIMIT_DATA)
    resource.setrlimit(resource.RLIMIT_DATA, (megabytes << 20, hard))


def serve(engine: Engine, inbox: BinaryIO, outbox: BinaryIO, *, missing_walls: tuple[str, ...]) -> None:
    """Takes runs from `inbox` until its end. `missing_walls`: what this process is not shut in with."""

    def say(line: wire.Line) -> None:
        outbox.write(wire.encode(line))
        outbox.flush()

    # An engine that needs no other programs has no list of pairs.
    say(Ready({engine.name: engine.version}, missing_walls, getattr(engine, "pairs", None)))
    for line in inbox:
        run = wire.decode_run(line)
        limit_memory(run.memory_mb)
        paced = Paced(say)
        last = _carry_out(engine, run, paced)
        paced.end()
        say(last)


def _carry_out(engine: Engine, run: wire.Run, say: wire.Say) -> Done | Refused:
    try:
        checksum.check(run, say)
        return engine.run(run, steps.decode(bytes(run.steps)), say)
    except ProcessKilled:
        return Refused(wire.KILLED, "")
    except JobFailed as error:
        return _refused(error, run)
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:  # noqa: BLE001 -- Polars' panics are no Exceptions; the log gets the cause
        traceback.print_exc()
        if _is_disk_full(error):
            return _DISK_FULL
        is_memory = isinstance(error, MemoryError) or _is_at_limit(run.memory_mb)
        return _TOO_MUCH_MEMORY if is_memory else Refused("internal", "Something went wrong on our side.", "us")


def _refused(error: JobFailed, run: wire.Run) -> Refused:
    """What an engine says of a failure, where not memory or disk were behind it."""
    if (error.at_fault == "us" or error.code in ("bad_file", "too_much_memory")) and _is_disk_full(error):
        return _DISK_FULL
    if error.code == "internal" and _is_at_limit(run.memory_mb):
        return _TOO_MUCH_MEMORY
    return Refused(error.code, wire.bounded(error.message), error.at_fault)


def _is_disk_full(error: BaseException) -> bool:
    return fullness.is_behind(error) or fullness.is_here()


def _is_at_limit(megabytes: int) -> bool:
    """Whether this process has used so much of its memory that an odd error is most likely a failed allocation."""
    kilobytes = next(line.split()[1] for line in Path("/proc/self/status").read_text().splitlines() if "VmData" in line)
    return int(kilobytes) > NEARLY_ALL * megabytes * 1024


class Paced:
    """Passes on phases and warnings at once, progress a few times a second, and nothing after `end`.

    Threads of an engine may outlive its run by a moment, and the next run uses the same pipe.
    """

    def __init__(self, say: Callable[[wire.Line], None]) -> None:
        self._say = say
        self._last = 0.0
        self._ended = False

    def __call__(self, line: Phase | Progress | Warned) -> None:
        """Says a line of the run."""
        if self._ended:
            return
        now = time.monotonic()
        if isinstance(line, Progress):
            if now - self._last < LEAST_SECONDS_BETWEEN_PROGRESS:
                return
            self._last = now
        self._say(line)

    def end(self) -> None:
        """Ends the run: later lines are dropped."""
        self._ended = True


def main() -> None:
    """`python -m workers.child LANE --kind KIND --memory MB [--parent PID] [--port PORT] [--no-names]`.

    bubblewrap ends its children without a parent id. The ports are all that a networked child connects to.
    """
    told = argparse.ArgumentParser()
    told.add_argument("lane")
    told.add_argument("--kind", required=True)
    told.add_argument("--memory", type=int)
    told.add_argument("--parent", type=int)
    told.add_argument("--port", type=int, action="append", dest="ports")
    told.add_argument("--no-names", action="store_true")
    given = told.parse_args()
    if given.parent is not None:
        bind_to(given.parent)
    if given.memory:  # programs that the engine starts ahead inherit the limit
        limit_memory(given.memory)
    # Prints of libraries must not stand between our lines.
    outbox = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    # The walls are those of this thread and later ones, so they come before any other thread.
    ports = None if given.ports is None else tuple(given.ports)
    missing = walls.shut_in(given.kind, ports=ports, datagrams=not given.no_names)
    serve(engines.load(given.lane), sys.stdin.buffer, outbox, missing_walls=missing)


if __name__ == "__main__":
    main()
