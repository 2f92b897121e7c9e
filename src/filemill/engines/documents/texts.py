"""Plain texts: which encoding they are in, and whether they are texts at all; UTF-8 for every tool behind."""

import io
import re
from pathlib import Path

from filemill.engines.documents import entities, trouble
from filemill.engines.documents.task import Task
from filemill.errors import JobFailed
from filemill.storage import encodings

MOST_BYTES = 50 << 20
MOST_CSV_BYTES = 128 << 20
"""Of a csv, which is read row by row."""

_CONTROLS = re.compile("[\x00-\x08\x0e-\x1a\x1c-\x1f]")
"""What no text has; tabs, ends of lines and pages aside."""

_CHARSET = re.compile(rb"<meta[^>]+charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_DECLARED = re.compile(rb"^\s*<\?xml[^>]+encoding\s*=\s*[\"']([\w-]+)", re.IGNORECASE)
_MEANT = {
    **dict.fromkeys(("iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii"), "windows-1252"),
    **dict.fromkeys(("shift_jis", "shift-jis", "sjis", "x-sjis"), "cp932"),
    **dict.fromkeys(("gb2312", "gbk", "x-gbk"), "gb18030"),
    **dict.fromkeys(("euc-kr", "ks_c_5601-1987"), "cp949"),
    **dict.fromkeys(("utf-16", "utf-16le", "utf-16be"), "utf-8"),
}
"""What pages mean by a name, as browsers take it: mostly the larger encoding that Windows has under it. A page whose
name for itself can be read byte by byte is not in UTF-16."""

_NOT_ASCII = re.compile(rb"[\x80-\xff]")

_HEAD = 4096
_LOOKED_AT = 1 << 20


def check(source: Path, task: Task) -> None:
    """Refuses what is no text, is too long, or, where it is XML, declares what it must not. Raises JobFailed."""
    most = MOST_CSV_BYTES if task.file.format == "csv" else MOST_BYTES
    if source.stat().st_size > most:
        raise trouble.bad_file(task.file, f"A .{task.file.format} may have {most >> 20} MiB; send it in parts.")
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
    return _ending_alike(_decode(source.read_bytes(), task).removeprefix("\ufeff"))


def to_utf8(source: Path, target: Path, task: Task) -> None:
    """Writes the same text in UTF-8. Raises JobFailed."""
    target.write_text(read(source, task), encoding="utf-8")


def _decode(data: bytes, task: Task) -> str:
    if encodings.mixed(data) is not None:
        what = "Something was appended to it in another encoding; save the whole file as UTF-8."
        raise trouble.bad_file(task.file, what)
    told = (encodings.of_mark(data[:_HEAD]), _named(data, task.file.format))
    for encoding in filter(None, told):
        try:
            return data.decode(encoding)
        except (UnicodeDecodeError, LookupError):
            continue
    try:
        return data.decode(_guess(data, task))
    except UnicodeDecodeError as error:
        raise _damaged(error, task) from error


def _guess(data: bytes, task: Task) -> str:
    """The encoding a text seems to be in, told unless it is UTF-8. Raises JobFailed."""
    found = encodings.guess(data)
    if found in (None, "windows-1252") and encodings.is_mostly_utf8(_beyond_ascii(data)):
        return "utf-8"
    if found is None:
        raise trouble.bad_file(task.file, "It is no text, or in an encoding that cannot be told; save it as UTF-8.")
    if found != "utf-8":
        task.warn("guessed", f"The text is read as {found}; if that is wrong, save the file as UTF-8.")
    return found


def _beyond_ascii(data: bytes) -> bytes:
    """What tells most of an encoding: the bytes from the first one on that is not ASCII, as many as are looked at."""
    found = _NOT_ASCII.search(data)
    return data[found.start() : found.start() + _LOOKED_AT] if found else b""


def _damaged(error: UnicodeDecodeError, task: Task) -> JobFailed:
    """What to say of the first byte that has no meaning in the encoding of the text around it."""
    before = error.object[: error.start].decode(error.encoding, errors="replace")
    line = _ending_alike(before).count("\n") + 1
    what = f"Line {line:,} is not {error.encoding.upper()}, as the rest of the text is"
    byte = error.object[error.start]
    return trouble.bad_file(task.file, f"{what} (byte 0x{byte:02X}); mend the line, or save the file as UTF-8.")


def _ending_alike(text: str) -> str:
    """The text with a line feed at the end of each line."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _named(data: bytes, format_name: str) -> str | None:
    """The encoding that a page names itself."""
    where = {"html": (_CHARSET, _DECLARED), "svg": (_DECLARED,)}.get(format_name, ())
    found = next(filter(None, (one.search(data[:_HEAD]) for one in where)), None)
    name = found[1].decode().lower() if found else None
    return _MEANT.get(name, name) if name else None
