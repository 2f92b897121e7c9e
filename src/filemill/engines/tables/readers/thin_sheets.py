"""Takes cells of nothing out of a thin sheet, so that a stray one far below makes no million of rows.

The library that reads a sheet makes room for the whole rectangle around its cells. Cells without a text and without a
value read as no cell does, so a sheet without them is the same sheet; what lies below its last value is not its table.
"""

import io
import re
import zipfile

import msgspec

from filemill.engines.tables import trouble
from filemill.engines.tables.readers import sheet_text
from filemill.pipelines.run import InputFile

_TAG = rb"(?:\w+:)?"
_CELL = re.compile(
    rb"<" + _TAG + rb"c\s[^<>]*?\br=[\"']([A-Z]{1,3})(\d+)[\"'][^<>]*?"
    rb"(?:/>|>((?:[^<]++|<(?!/?" + _TAG + rb"c[\s>/]))*+)</" + _TAG + rb"c>)"
)
_VALUE = re.compile(rb"<" + _TAG + rb"[vt](?:\s[^<>]*)?>([^<]+)<")
_IS_SHARED = re.compile(rb"^<[^<>]*\bt=[\"']s[\"']")
_SHARED = re.compile(
    rb"<" + _TAG + rb"si(?:\s[^<>]*)?(?:/>|>((?:[^<]++|<(?!/?" + _TAG + rb"si[\s>/]))*+)</" + _TAG + rb"si>)"
)
_STRINGS = "xl/sharedstrings.xml"

_NOT_NEEDED = ("xl/worksheets/", "xl/media/", "xl/drawings/", "xl/embeddings/", "xl/charts/", "xl/pivotCache/")

_MOST_CELLS = 100_000_000
_TIMES = 100
"""A rectangle of so many cells, and so many times as many as hold something, is no table."""


class Thinned(msgspec.Struct, frozen=True):
    """The workbook with no other sheet in it; how many rows below, and columns beside, its last values are left out."""

    data: bytearray
    rows: int
    columns: int


class _Reach(msgspec.Struct):
    """How far cells reach that hold a value, and how many these are; how far all cells with a text or value reach."""

    rows: int = 0
    columns: int = 0
    values: int = 0
    all_rows: int = 0
    all_columns: int = 0
    blank_rows: set[int] = msgspec.field(default_factory=set)


def thin(packed: zipfile.ZipFile, part: str, file: InputFile, *, least: int) -> Thinned:
    """The workbook, its sheet `part` without cells of nothing. Raises JobFailed where cells lie too far apart.

    The first `least` rows stay, whatever they hold.
    """
    shared = _shared_blanks(packed)
    reach = _Reach()
    for text in sheet_text.pieces(packed, part):
        for cell in _CELL.finditer(text):
            _reach_to(cell, reach, shared)
    reach.rows = max(reach.rows, least)
    while reach.rows + 1 in reach.blank_rows:
        # What stands right below the table may be a part of it.
        reach.rows += 1
    room = reach.rows * reach.columns
    if room > _MOST_CELLS and room > _TIMES * reach.values:
        raise trouble.bad_file(
            file,
            f"The sheet reaches to row {reach.rows:,} and column {reach.columns:,}, and {reach.values:,} of its cells"
            " hold something, which makes no table. Clear the cells that lie far away from the others.",
        )
    rows, columns = reach.all_rows - reach.rows, reach.all_columns - reach.columns
    return Thinned(_without(packed, part, reach), rows, columns)


def _reach_to(cell: re.Match[bytes], reach: _Reach, shared: dict[int, bytes]) -> None:
    row, column = int(cell[2]), sheet_text.number_of(cell[1])
    if cell[3] and b"<" in cell[3]:
        reach.all_rows, reach.all_columns = max(reach.all_rows, row), max(reach.all_columns, column)
    text = _text_of(cell, shared)
    if text.strip():
        reach.rows, reach.columns = max(reach.rows, row), max(reach.columns, column)
        reach.values += 1
    elif text:
        reach.blank_rows.add(row)


def _text_of(cell: re.Match[bytes], shared: dict[int, bytes]) -> bytes:
    """The text or value of a cell, as far as it matters whether there is one, and whether it is more than blanks."""
    values: list[bytes] = _VALUE.findall(cell[3] or b"")
    if values and _IS_SHARED.match(cell[0]) and values[0].strip().isdigit():
        return shared.get(int(values[0]), values[0])
    return b"".join(values)


def _shared_blanks(packed: zipfile.ZipFile) -> dict[int, bytes]:
    """Those of the shared texts that hold nothing, or blanks alone, by their numbers."""
    part = next((name for name in packed.namelist() if name.lower() == _STRINGS), None)
    texts = _SHARED.finditer(packed.read(part)) if part else iter(())
    joined = ((number, b"".join(_VALUE.findall(text[1] or b""))) for number, text in enumerate(texts))
    return {number: text for number, text in joined if not text.strip()}


def _without(packed: zipfile.ZipFile, part: str, reach: _Reach) -> bytearray:
    """The workbook without cells of nothing, and without any that stand beyond the values."""

    def kept(cell: re.Match[bytes]) -> bytes:
        is_beyond = int(cell[2]) > reach.rows or sheet_text.number_of(cell[1]) > reach.columns
        return b"" if is_beyond or not _VALUE.search(cell[3] or b"") else cell[0]

    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as smaller:
        for member in packed.infolist():
            if member.filename == part:
                with smaller.open(part, "w", force_zip64=True) as opened:
                    for text in sheet_text.pieces(packed, part):
                        opened.write(_CELL.sub(kept, text))
            elif not member.filename.startswith(_NOT_NEEDED):
                smaller.writestr(member.filename, packed.read(member))
    return bytearray(made.getbuffer())
