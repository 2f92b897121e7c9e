"""Errors of a full disk, and others."""

import errno
import subprocess

import pytest

from filemill.errors import JobFailed
from filemill.pipelines import fullness

FULL = OSError(errno.ENOSPC, "No space left on device")


def raised(first: BaseException, then: BaseException) -> BaseException:
    """What `raise then from first` would raise."""
    then.__cause__ = first
    return then


@pytest.mark.parametrize(
    "error",
    [
        FULL,
        OSError(errno.EDQUOT, "Disk quota exceeded"),
        RuntimeError("a rayon thread panicked: No space left on device (os error 28)"),
        RuntimeError("IO error: No space left on device (os error 28)"),
        raised(FULL, JobFailed("bad_file", "a.csv: The file is damaged.")),
        raised(raised(FULL, ValueError()), JobFailed("internal", "Something went wrong on our side.", at_fault="us")),
    ],
)
def test_a_full_disk_is_found_behind_an_error(error: BaseException) -> None:
    assert fullness.is_behind(error)


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.EIO, "Input/output error"),
        JobFailed("bad_value", "a.csv, row 1: 'no space left on device' is no number"),
        subprocess.TimeoutExpired("program", 1),
    ],
)
def test_other_errors_are_others(error: BaseException) -> None:
    assert not fullness.is_behind(error)


def test_errors_that_lead_to_one_another_end() -> None:
    one, other = ValueError(), ValueError()
    one.__cause__, other.__cause__ = other, one

    assert not fullness.is_behind(one)


def test_the_failure_is_ours_and_says_what_to_do() -> None:
    failure = fullness.failure()

    assert (failure.code, failure.at_fault) == ("disk_full", "us")
    assert failure.message == "The disk that jobs work on is full; the job can be tried again."
