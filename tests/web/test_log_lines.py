"""Lines of the log: as long as a line may be, whatever somebody sends."""

import logging
import sys

import msgspec
import pytest

from filemill import logs


def line(room: str = "access", **event: object) -> dict[str, object]:
    """What stands in the log about an event."""
    record = logging.LogRecord(room, logging.INFO, "", 0, "request", None, None)
    record.event = event
    return msgspec.json.decode(logs.JsonLines().format(record))


def test_a_path_is_cut_in_its_middle() -> None:
    told = line(path="/" + "\x01" * 60_000 + "end", status=404)
    assert told["status"] == 404
    path = told["path"]
    assert isinstance(path, str)
    assert len(path) < logs.LONGEST_VALUE + 40
    assert path.startswith("/\x01")
    assert path.endswith("\x01end")
    assert "[59492 characters]" in path


@pytest.mark.parametrize("length", [1, logs.LONGEST_VALUE])
def test_a_path_of_any_sensible_length_stays(length: int) -> None:
    assert line(path="x" * length)["path"] == "x" * length


def test_what_a_program_said_before_its_end_may_be_longer() -> None:
    assert line(stderr="x" * 5000)["stderr"] == "x" * 5000
    assert len(str(line(stderr="x" * 500_000)["stderr"])) < logs.LONGEST_CAUSE + 40


def test_a_cause_keeps_its_end() -> None:
    try:
        raise ValueError("y" * 100_000 + "the end")
    except ValueError:
        record = logging.LogRecord("web", logging.WARNING, "", 0, "unexpected", None, sys.exc_info())
    cause = msgspec.json.decode(logs.JsonLines().format(record))["cause"]
    assert len(cause) < logs.LONGEST_CAUSE + 40
    assert cause.rstrip().endswith("the end")
