"""A copy of this process reads or draws the pages of a pdf, each of them in a bounded time.

A pdf of 1 KB can ask for a billion drawings, by forms, patterns, masks or letters that draw one another. PDFium follows
them inside of one call, which nothing but the end of the process interrupts. So that ends the copy, not the engine.
"""

import math
import os
import resource
import signal
import time
import traceback
from collections.abc import Callable
from typing import BinaryIO

import msgspec

from filemill.engines.documents import office_copies, programs, trouble
from filemill.engines.documents.task import Task
from filemill.errors import JobFailed, ProcessKilled
from filemill.pipelines import run as wire
from filemill.pipelines.run import Progress, Refused, Warned

STRETCH_SECONDS = 10
"""Of the processor, not of the clock, for one call on one page. A dense map takes two or three."""

_OUT_OF_MEMORY = 70


def work(task: Task, job: Callable[[Task], bytes]) -> bytes:
    """Carries out a job in a copy -> what the job returns. What the job says, the task hears here.

    Raises JobFailed, ProcessKilled.
    """
    hears, says = os.pipe()
    us = os.getpid()
    copy = os.fork()
    if copy == 0:
        _work_and_end(task, job, says, us)
    os.close(says)
    try:
        refused, answer = _listen(hears, task)
    finally:
        _, status, used = os.wait4(copy, 0)
    if refused is not None:
        raise JobFailed(refused.code, refused.message, at_fault=refused.at_fault)
    if status:
        raise _reason(os.waitstatus_to_exitcode(status), used.ru_maxrss, task)
    return answer


def begin() -> None:
    """Inside of a job: what begins now has the time of one stretch."""
    _allow(math.ceil(time.process_time()) + STRETCH_SECONDS)


def begin_freely() -> None:
    """Inside of a job: what begins now is bounded by its size, and by the time of the whole job."""
    _allow(None)


def _work_and_end(task: Task, job: Callable[[Task], bytes], says: int, parent: int) -> None:
    """What the copy does, from its first line to its last."""
    code = 1
    try:
        programs.die_with(parent)
        signal.signal(signal.SIGXCPU, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        begin()
        with os.fdopen(says, "wb") as lines:
            lines.write(_last_words(task, job, lambda line: _say(lines, line)))
        code = 0
    except MemoryError:
        code = _OUT_OF_MEMORY
    except BaseException:  # noqa: BLE001 -- the log gets the cause
        traceback.print_exc()
    finally:
        os._exit(code)


def _say(lines: BinaryIO, line: wire.Line) -> None:
    lines.write(wire.encode(line))
    lines.flush()


def _last_words(task: Task, job: Callable[[Task], bytes], say: wire.Say) -> bytes:
    try:
        return b"\n" + job(msgspec.structs.replace(task, say=say))
    except JobFailed as error:
        return wire.encode(Refused(error.code, error.message, error.at_fault))


def _listen(hears: int, task: Task) -> tuple[Refused | None, bytes]:
    """Lines, then either a refusal or an empty line and the answer."""
    with os.fdopen(hears, "rb") as lines:
        for line in lines:
            if line == b"\n":
                return None, lines.read()
            said = wire.decode_line(line)
            if isinstance(said, Refused):
                return said, b""
            if isinstance(said, Progress | Warned):
                task.say(said)
    return None, b""


def _reason(code: int, kilobytes: int, task: Task) -> Exception:
    """Why a copy has ended without an answer."""
    if code == -signal.SIGXCPU:
        return trouble.page_too_slow(task.file, STRETCH_SECONDS)
    if programs.was_killed(code):
        return ProcessKilled()
    # PDFium ends the process at the first allocation that fails.
    if code == _OUT_OF_MEMORY or (code < 0 and office_copies.was_at_limit(kilobytes)):
        return trouble.too_large(task.file)
    return trouble.crashed(task.file) if code < 0 else trouble.internal()


def _allow(seconds: int | None) -> None:
    _, most = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (most if seconds is None else seconds, most))
