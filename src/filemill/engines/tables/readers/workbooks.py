"""Goes through the zip that a workbook is, before a library does: whether it is one, and no bomb; and what it tells."""

import io
import zipfile
import zlib
from xml.parsers import expat

import msgspec

from filemill.engines.tables import trouble
from filemill.engines.tables.readers import inflate, sheets, thin_sheets
from filemill.engines.tables.readers.sheet_text import SheetText, Told
from filemill.engines.tables.readers.sheets import Book, Sheet
from filemill.pipelines import entry_names
from filemill.pipelines.run import InputFile

_PIECE = 1 << 20
_OLD_OFFICE = b"\xd0\xcf\x11\xe0"
_MOST_MEMBERS = 10_000


class Found(msgspec.Struct, frozen=True):
    """A workbook that may be read: its bytes, its sheets, the one that is read, and what the text of that one tells.

    `rows` and `columns` that hold nothing were taken off below and beside the values.
    """

    data: bytearray
    book: Book
    sheet: Sheet
    told: Told
    rows: int = 0
    columns: int = 0


def check(data: bytearray, file: InputFile) -> Found:
    """Unpacks everything once and keeps nothing. Raises JobFailed for what is no workbook, damaged, or a bomb."""
    if data.startswith(_OLD_OFFICE):
        raise trouble.bad_file(file, "This is an old Excel file, or one with a password; save it as .xlsx without one.")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            return _check(packed, data, file)
    except _DAMAGE as error:
        raise trouble.bad_file(file, "The workbook is damaged or not whole, or no .xlsx file.") from error


_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError),
    KeyError,
)
"""What is raised of a package that is damaged; KeyError where a part of it is not there."""


def _check(packed: zipfile.ZipFile, data: bytearray, file: InputFile) -> Found:
    names = set(packed.namelist())
    if "[Content_Types].xml" not in names or not any(name.startswith("xl/workbook") for name in names):
        raise trouble.bad_file(file, "This is a zip file, but no workbook.")
    if len(names) > _MOST_MEMBERS:
        raise trouble.bad_file(file, f"The workbook has more than {_MOST_MEMBERS:,} parts.")
    if said := entry_names.trouble(packed.namelist()):
        raise trouble.bad_file(file, said)
    book = _book_of(packed)
    sheet = book.first()
    told = _go_through(packed, len(data), file, sheet.part if sheet else None)
    if sheet is None:
        raise trouble.bad_file(file, "The workbook has no worksheet; charts and macros are no tables.")
    if not told.is_thin:
        return Found(data, book, sheet, told)
    thinned = thin_sheets.thin(packed, sheet.part, file, least=told.last_row)
    return Found(thinned.data, book, sheet, told, thinned.rows, thinned.columns)


def _book_of(packed: zipfile.ZipFile) -> Book:
    try:
        return sheets.of(packed)
    except (expat.ExpatError, KeyError):
        return Book((), recomputes=False)


def _go_through(packed: zipfile.ZipFile, size: int, file: InputFile, sheet: str | None) -> Told:
    """Unpacks all parts -> what the text of the sheet tells."""
    given = 0
    text = SheetText()
    for member in packed.infolist():
        with packed.open(member) as part:
            while piece := part.read(_PIECE):
                given += len(piece)
                if given > max(inflate.FREE_BYTES, inflate.MOST_TIMES * size):
                    raise trouble.bad_file(
                        file,
                        f"The workbook unpacks to more than {inflate.MOST_TIMES} times its size, which no table does.",
                    )
                if member.filename == sheet:
                    text.take(piece)
    return text.told()
