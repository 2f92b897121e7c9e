"""Plain texts: which encoding they are in, and whether they are texts at all; UTF-8 for every tool behind."""

import io
import re
from pathlib import Path

from filemill.engines.documents import entities, trouble
from filemill.engines.documents.task import Task
from filemill.storage import encodings

MOST_BYTES = 50 << 20

_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""What no text has; tabs, ends of lines and pages aside."""

_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_DECLARED = re.compile(rb"^\s*<\?xml[^>]+encoding\s*=\s*[\"']([\w-]+)", re.IGNORECASE)
_HEAD = 4096


def check(source: Path, task: Task) -> None:
    """Refuses what is no text, is too long, or, where it is XML, declares what it must not. Raises JobFailed."""
    if source.stat().st_size > MOST_BYTES:
        raise trouble.bad_file(task.file, f"A text may have {MOST_BYTES >> 20} MiB; send it in parts.")
    data = source.read_bytes()
    text = _decode(data, task)
    if _CONTROLS.search(text):
        raise trouble.not_a(task.file)
    if task.file.format == "svg" and "<svg" not in text:
        raise trouble.not_a(task.file)
    if task.file.format in ("svg", "html") and entities.are_harmful(io.BytesIO(data)):
        raise trouble.bad_file(task.file, "It declares entities that grow or reach outside; that is not allowed.")


def read(source: Path, task: Task) -> str:
    """The text of a file, without a mark at its beginning, its lines ending alike. Raises JobFailed."""
    text = _decode(source.read_bytes(), task)
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def to_utf8(source: Path, target: Path, task: Task) -> None:
    """Writes the same text in UTF-8. Raises JobFailed."""
    target.write_text(read(source, task), encoding="utf-8")


def _decode(data: bytes, task: Task) -> str:
    named = _named(data, task.file.format)
    for encoding in filter(None, (encodings.of_mark(data[:_HEAD]), named, encodings.guess(data))):
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    raise trouble.bad_file(task.file, "It is no text, or in an encoding that cannot be told; save it as UTF-8.")


def _named(data: bytes, format_name: str) -> str | None:
    """The encoding that a page names itself."""
    where = {"html": _CHARSET, "svg": _DECLARED}.get(format_name)
    found = where.search(data[:_HEAD]) if where else None
    return found[1].decode() if found else None
