"""Whether something went wrong because a disk that jobs work on is full: nobody's file is to blame then."""

import errno
import os
import tempfile
from collections.abc import Iterator

from filemill.errors import JobFailed

_NUMBERS = (errno.ENOSPC, errno.EDQUOT)
_WORDS = ("no space left on device", "disk quota exceeded", "disk full")
"""How libraries and programs tell, who have words alone."""

_NEARLY_NONE = 1 << 20


def is_behind(error: BaseException) -> bool:
    """Whether an error, or one that led to it, tells of a full disk."""
    return any(_tells(one) for one in _chain(error))


def is_here() -> bool:
    """Whether this process has less than 1 MiB left where it works: some programs tell of no reason at all."""
    places = (os.statvfs(place) for place in {".", tempfile.gettempdir()})
    return any(place.f_bavail * place.f_frsize < _NEARLY_NONE for place in places if place.f_blocks)


def failure() -> JobFailed:
    """The failure of a job that finds the disk full."""
    return JobFailed("disk_full", "The disk that jobs work on is full; the job can be tried again.", at_fault="us")


def _tells(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in _NUMBERS:
        return True
    text = str(error).lower()
    return not isinstance(error, JobFailed) and any(word in text for word in _WORDS)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error, and those behind it; each once, as they may refer to one another."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:
        yield error
        seen.append(error)
        error = error.__cause__ or error.__context__
