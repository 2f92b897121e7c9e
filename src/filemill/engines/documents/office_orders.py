"""What LibreOffice is asked for and answers: which filter reads and writes a format, and how. Plain data."""

from pathlib import Path

import msgspec

from filemill.engines.documents import right_to_left
from filemill.engines.documents.cell_ranges import Range
from filemill.engines.documents.task import Task

READS: dict[str, str] = {
    "docx": "MS Word 2007 XML",
    "doc": "MS Word 97",
    "odt": "writer8",
    "rtf": "Rich Text Format",
    "html": "HTML (StarWriter)",
    "txt": "Text (encoded)",
    "xlsx": "Calc MS Excel 2007 XML",
    "xls": "MS Excel 97",
    "ods": "calc8",
    "pptx": "Impress MS PowerPoint 2007 XML",
    "ppt": "MS PowerPoint 97",
    "odp": "impress8",
}
"""The filter that reads a format."""

_APPLICATIONS = {
    "writer": ("docx", "doc", "odt", "rtf", "html", "txt"),
    "calc": ("xlsx", "xls", "ods"),
    "impress": ("pptx", "ppt", "odp"),
}

WRITES: dict[str, dict[str, str]] = {
    "writer": {"pdf": "writer_pdf_Export", "docx": "MS Word 2007 XML", "odt": "writer8", "rtf": "Rich Text Format"},
    "calc": {
        "pdf": "calc_pdf_Export",
        "xlsx": "Calc MS Excel 2007 XML",
        "ods": "calc8",
        "csv": "Text - txt - csv (StarCalc)",
        "html": "HTML (StarCalc)",
    },
    "impress": {"pdf": "impress_pdf_Export", "pptx": "Impress MS PowerPoint 2007 XML", "odp": "impress8"},
}
"""By application: the filter that writes a format."""

PAGE_PREVIEW = 7
"""The view in which texts are opened. That for writing has comments and controls of forms as windows beside and in the
text: for these it needs parts that the packages without windows lack, and would die."""

_UTF8 = "UTF8"
_CSV = "44,34,76,1,,0,false,true,false"
"""Comma, double quote, UTF-8; cells as they would be typed in; the first sheet."""

_HOW = {"txt": _UTF8, "csv": _CSV}

HEAVY_MEDIA_BYTES = 20 << 20
"""Pictures of more bytes than this are reduced to 300 dpi: else that would cost more time than it saves bytes."""


class Order(msgspec.Struct, frozen=True, omit_defaults=True):
    """One conversion, as the desk is told of it.

    Of a workbook, `calculates`: every formula is worked out anew; `packs`: long runs of empty rows and columns are
    taken out; `says`: the words of drawings are put into cells; `fits`: columns and rows fit what they hold; `widens`:
    columns that are too narrow for their numbers are widened; `digits`: the first sheet shows all digits.
    Of a text, `turns`: each paragraph that begins with
    Hebrew or Arabic runs from right to left.
    """

    source: str
    target: str
    reads: str
    writes: str
    reads_how: str = ""
    writes_how: str = ""
    view: int = 0
    settings: dict[str, bool | int | str] = {}
    calculates: bool = False
    packs: bool = False
    says: bool = False
    fits: bool = False
    widens: bool = False
    digits: bool = False
    turns: bool = False


class Drawings(msgspec.Struct, frozen=True):
    """Drawings to be made pictures, as the desk is told of them."""

    draws: list[tuple[str, str]]


class Answer(msgspec.Struct, frozen=True):
    """What the desk says of an order: of a workbook, how many sheets it has and where formulas show an error.

    `too_high` counts the rows of a fitted workbook that no page holds, `rounded` the numbers that lose
    digits.
    """

    ok: bool
    error: str = ""
    sheets: int = 0
    errors: list[tuple[str, int, int, int, int]] = []
    too_high: int = 0
    rounded: int = 0

    @property
    def ranges(self) -> dict[str, list[Range]]:
        """The errors by the names of their sheets."""
        found: dict[str, list[Range]] = {}
        for sheet, left, top, right, bottom in self.errors:
            found.setdefault(sheet, []).append((left, top, right, bottom))
        return found


def of(source: Path, target: Path, task: Task) -> Order:
    """The usual order to convert one file into another, by their extensions."""
    reads, writes = source.suffix[1:], target.suffix[1:]
    application = next(name for name, formats in _APPLICATIONS.items() if reads in formats)
    settings: dict[str, bool | int | str] = {}
    if writes == "pdf":
        settings = {"ReduceImageResolution": task.media_bytes > HEAVY_MEDIA_BYTES, "UseTaggedPDF": False}
    return Order(
        source=str(source.resolve()),
        target=str(target.resolve()),
        reads=READS[reads],
        reads_how=_HOW.get(reads, ""),
        writes=WRITES[application][writes],
        writes_how=_HOW.get(writes, ""),
        view=PAGE_PREVIEW if application == "writer" else 0,
        settings=settings,
        turns=reads == "txt" and right_to_left.LETTER.search(source.read_text(encoding="utf-8")) is not None,
    )
