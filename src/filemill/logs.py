"""The log: one JSON line per event on stderr, with the request id and the job id where there is one."""

import logging
import sys
import time
import traceback
from contextvars import ContextVar
from typing import Any

import msgspec

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
job_id: ContextVar[str | None] = ContextVar("job_id", default=None)

LONGEST_VALUE = 512
"""Most characters of a value in a line: whoever asks chooses paths and names, and would fill the disk with them."""

LONGEST_CAUSE = 16_384

_encode = msgspec.json.Encoder(enc_hook=repr).encode


class JsonLines(logging.Formatter):
    """Formats a record as one JSON object; what was passed as `extra={"event": {...}}` stands in it as it is."""

    def format(self, record: logging.LogRecord) -> str:
        """One record -> one line, times in UTC with milliseconds."""
        at = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{int(record.msecs):03d}Z"
        line: dict[str, Any] = {"at": at, "level": record.levelname.lower(), "from": record.name}
        line["what"] = _cut(record.getMessage(), LONGEST_CAUSE)
        ids = {"request": request_id.get(), "job": job_id.get()}
        line.update({name: value for name, value in ids.items() if value is not None})
        line.update({name: _bounded(name, value) for name, value in getattr(record, "event", {}).items()})
        if record.exc_info:
            line["cause"] = _cut("".join(traceback.format_exception(*record.exc_info)), LONGEST_CAUSE)
        return _encode(line).decode()


def _bounded(name: str, value: object) -> object:
    """A value of an event, as long as a line may hold it; what a program wrote before its end may be longer."""
    if isinstance(value, str):
        return _cut(value, LONGEST_CAUSE if name == "stderr" else LONGEST_VALUE)
    return value


def _cut(text: str, most: int) -> str:
    """The beginning and the end of a text: the end of a traceback is what matters."""
    if len(text) <= most:
        return text
    half = most // 2
    return f"{text[:half]} [{len(text) - 2 * half} characters] {text[-half:]}"


def start(level: str) -> None:
    """Sends every log record of this process to stderr as JSON lines, from `level` up."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for noisy in ("urllib3", "dramatiq", "apscheduler", "asyncio", "uvicorn.error"):
        logging.getLogger(noisy).setLevel(max(logging.WARNING, root.level))


def say(room: str, what: str, **event: object) -> None:
    """One event at level info."""
    logging.getLogger(room).info(what, extra={"event": event})


def warn(room: str, what: str, *, cause: BaseException | None = None, **event: object) -> None:
    """One event at level warning, with its cause."""
    exc_info = (type(cause), cause, cause.__traceback__) if cause is not None else None
    logging.getLogger(room).warning(what, exc_info=exc_info, extra={"event": event})
