"""Goes through the zip that a workbook is, before a library does: whether it is one, and no bomb."""

import io
import zipfile
import zlib

import msgspec

from filemill.engines.tables import inflate, trouble
from filemill.jobs.run import InputFile

_PIECE = 1 << 20
_ERROR = b' t="e"'
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_MOST_MEMBERS = 10_000


class Found(msgspec.Struct, frozen=True):
    """What a workbook holds: how many cells are errors."""

    errors: int


def check(data: bytearray, file: InputFile) -> Found:
    """Unpacks everything once and keeps nothing. Raises JobFailed for what is no workbook, damaged, or a bomb."""
    if data.startswith(_OLD_OFFICE):
        raise trouble.bad_file(file, "This is an old Excel file, or one with a password; save it as .xlsx without one.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            names = set(packed.namelist())
            if "[Content_Types].xml" not in names or not any(name.startswith("xl/workbook") for name in names):
                raise trouble.bad_file(file, "This is a zip file, but no workbook.")
            if len(names) > _MOST_MEMBERS:
                raise trouble.bad_file(file, f"The workbook has more than {_MOST_MEMBERS:,} parts.")
            return Found(_go_through(packed, len(data), file))
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise trouble.bad_file(file, "The workbook is damaged or not whole, or no .xlsx file.") from error


def _go_through(packed: zipfile.ZipFile, size: int, file: InputFile) -> int:
    given = errors = 0
    for member in packed.infolist():
        is_sheet = member.filename.startswith("xl/worksheets/")
        before = b""
        with packed.open(member) as part:
            while piece := part.read(_PIECE):
                given += len(piece)
                if given > max(inflate.FREE_BYTES, inflate.MOST_TIMES * size):
                    raise trouble.bad_file(
                        file,
                        f"The workbook unpacks to more than {inflate.MOST_TIMES} times its size, which no table does.",
                    )
                if is_sheet:
                    errors += (before + piece).count(_ERROR)
                    before = piece[-len(_ERROR) + 1 :]
    return errors
