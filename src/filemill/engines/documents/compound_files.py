"""The old office files (doc, xls, ppt), which are compound files, as are office files of today with a password."""

import struct
from pathlib import Path

import olefile

from filemill.engines.documents import trouble
from filemill.engines.documents.task import Task
from filemill.errors import JobFailed

SIGNATURE = olefile.MAGIC

MAIN_STREAMS = {"doc": ("WordDocument",), "xls": ("Workbook", "Book"), "ppt": ("PowerPoint Document",)}
"""By format: the stream that makes it one."""

_MACROS = ("Macros", "_VBA_PROJECT_CUR", "_VBA_PROJECT")
_LOCKED_WORD = 0x0100
"""In the flags at byte 10 of a Word document."""

_FILE_PASS = 0x002F
_RECORDS_LOOKED_AT = 20
_LOCKED_SLIDES = 0xF3D1C4DF
_ODD = (OSError, ValueError, IndexError, KeyError, TypeError, struct.error, RecursionError, MemoryError)
"""What the reader raises over damaged files."""


def check(source: Path, task: Task) -> None:
    """Refuses a file that is locked, or none of its format; tells of macros. Raises JobFailed."""
    try:
        with olefile.OleFileIO(str(source)) as file:
            main = next((name for name in MAIN_STREAMS[task.file.format] if file.exists(name)), None)
            if file.exists("EncryptedPackage") or (main and _is_locked(file, main)):
                raise trouble.encrypted(task.file)
            if main is None:
                raise trouble.not_a(task.file)
            if any(file.exists(name) for name in _MACROS):
                task.warn("macros", "The file holds macros: they are not run, and the result has none.")
    except _ODD as error:
        raise trouble.not_a(task.file) from error


def instead_of_archive(source: Path, task: Task) -> JobFailed:
    """Why a compound file named as an office file of today cannot be converted: a password, or another format."""
    try:
        with olefile.OleFileIO(str(source)) as file:
            if file.exists("EncryptionInfo") or file.exists("EncryptedPackage"):
                return trouble.encrypted(task.file)
    except _ODD:
        pass
    return trouble.not_a(task.file)


def _is_locked(file: olefile.OleFileIO, main: str) -> bool:
    stream = file.openstream(main)
    if main == "WordDocument":
        head = stream.read(12)
        return bool(struct.unpack_from("<H", head, 10)[0] & _LOCKED_WORD)
    if main == "PowerPoint Document":
        head = file.openstream("Current User").read(16) if file.exists("Current User") else b""
        return len(head) == 16 and bool(struct.unpack_from("<I", head, 12)[0] == _LOCKED_SLIDES)
    for _ in range(_RECORDS_LOOKED_AT):
        head = stream.read(4)
        if len(head) < 4:
            return False
        kind, length = struct.unpack("<HH", head)
        if kind == _FILE_PASS:
            return True
        stream.read(length)
    return False
