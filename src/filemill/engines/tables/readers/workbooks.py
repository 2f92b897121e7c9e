"""Goes through the zip that a workbook is, before a library does: whether it is one, and no bomb."""

import io
import re
import zipfile
import zlib

import msgspec

from filemill.engines.tables import trouble
from filemill.engines.tables.readers import inflate
from filemill.pipelines.run import InputFile

_PIECE = 1 << 20
_ERROR = re.compile(rb' t="e"')
_NO_RESULT = re.compile(rb"</f>(?:<v>)?(?:</v>|<v ?/>)?</c>")
_OVERLAP = 20
"""Bytes that are looked at twice, since a sign may lie across two pieces."""

_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_MOST_MEMBERS = 10_000


class Found(msgspec.Struct, frozen=True):
    """What a workbook holds: how many cells are errors, and how many are formulas that were never computed."""

    errors: int
    without_result: int


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
            return _go_through(packed, len(data), file)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        raise trouble.bad_file(file, "The workbook is damaged or not whole, or no .xlsx file.") from error


def _go_through(packed: zipfile.ZipFile, size: int, file: InputFile) -> Found:
    given = errors = without_result = 0
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
                    looked_at = before + piece
                    errors += _count(_ERROR, looked_at, len(before))
                    without_result += _count(_NO_RESULT, looked_at, len(before))
                    before = looked_at[-_OVERLAP:]
    return Found(errors, without_result)


def _count(sign: re.Pattern[bytes], looked_at: bytes, known: int) -> int:
    """How many signs there are that do not lie within the first bytes, which are known already."""
    return sum(found.end() > known for found in sign.finditer(looked_at))
