"""A copy of this process for one piece of work: whatever a document changes in a copy ends with the copy.

A copy shares its memory with the original until one of them writes, so it is there within milliseconds, as warm as the
original. It runs under the system's own Python, and so imports nothing of filemill.
"""

import ctypes
import os
import resource
import signal
import time
from collections.abc import Callable

_NEARLY_ALL = 0.7
"""Of the limit of memory: a single large allocation fails before everything is in use."""

_DEATH_SIGNAL = 1  # PR_SET_PDEATHSIG
_ALONE_SECONDS, _LOOK_SECONDS = 5, 0.005
_CHUNK = 1 << 16


class Died(Exception):
    """A copy has ended without its last word: `killed` by somebody else, or for want of `memory`."""

    def __init__(self, *, killed: bool, memory: bool) -> None:
        super().__init__("a copy of LibreOffice has died")
        self.killed, self.memory = killed, memory


def work(task: "Callable[[], bytes]") -> bytes:
    """Carries out a task in a copy, and waits for its end -> what the task says. Raises Died."""
    _be_alone()
    hears, says = os.pipe()
    us = os.getpid()
    copy = os.fork()
    if copy == 0:
        _work_and_end(task, says, us)
    os.close(says)
    said = _read(hears)
    _, status, used = os.wait4(copy, 0)
    if status:
        killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) in (signal.SIGKILL, signal.SIGTERM)
        raise Died(killed=killed, memory=was_at_limit(used.ru_maxrss))
    return said


def _work_and_end(task: "Callable[[], bytes]", says: int, parent: int) -> None:
    """What the copy does, from its first line to its last."""
    code = 1
    try:
        ctypes.CDLL(None).prctl(_DEATH_SIGNAL, int(signal.SIGKILL), 0, 0, 0)
        if os.getppid() == parent:
            nowhere = os.open(os.devnull, os.O_RDWR)
            for stream in range(3):  # libraries print what stands in documents
                os.dup2(nowhere, stream)
            with os.fdopen(says, "wb") as answers:
                answers.write(task())
            code = 0
    finally:
        os._exit(code)


def _be_alone() -> None:
    """Waits for other threads to end: a copy has none of them, and would wait for what they hold."""
    deadline = time.monotonic() + _ALONE_SECONDS
    while len(os.listdir("/proc/self/task")) > 1 and time.monotonic() < deadline:
        time.sleep(_LOOK_SECONDS)


def _read(pipe: int) -> bytes:
    said = b""
    while chunk := os.read(pipe, _CHUNK):
        said += chunk
    os.close(pipe)
    return said


def was_at_limit(kilobytes: int) -> bool:
    """Whether a process that held so much at most has come to the limit of memory that this process has, too."""
    limit, _ = resource.getrlimit(resource.RLIMIT_DATA)
    return limit != resource.RLIM_INFINITY and kilobytes << 10 > limit * _NEARLY_ALL
