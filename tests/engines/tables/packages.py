"""Workbooks written by hand, part by part, for what no library writes: kinds of sheets, prefixes, stray cells."""

import io
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import quoteattr

import msgspec

_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"

STYLES = ("General", "yyyy-mm-dd", "hh:mm:ss", "[h]:mm:ss.000")
"""What the style of a cell, `s`, stands for: its place here."""


class Part(msgspec.Struct, frozen=True):
    """A sheet: its name, its rows as they stand in the file, how it is shown, and what kind of sheet it is."""

    name: str
    rows: str = ""
    state: str = "visible"
    kind: str = "worksheet"


def texts(row: int, *cells: str) -> str:
    """A row of texts, one below the next letter of the alphabet."""
    return _row(
        row, *(f'<c r="{chr(65 + n)}{row}" t="inlineStr"><is><t>{cell}</t></is></c>' for n, cell in enumerate(cells))
    )


def numbers(row: int, *cells: float, style: int = 0) -> str:
    """A row of numbers in one style."""
    return _row(row, *(f'<c r="{chr(65 + n)}{row}" s="{style}"><v>{cell!r}</v></c>' for n, cell in enumerate(cells)))


def _row(row: int, *cells: str) -> str:
    return f'<row r="{row}">{"".join(cells)}</row>'


def package(*sheets: Part, calculation: str = "", old_dates: bool = False, shared: Sequence[str] = ()) -> bytes:
    """A workbook of these sheets. `old_dates`: days are counted from 1904."""
    listed, links = "", ""
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as packed:
        root = f'<Relationship Id="b" Type="{_OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
        packed.writestr("_rels/.rels", f'<Relationships xmlns="{_PACKAGE}/relationships">{root}</Relationships>')
        packed.writestr("[Content_Types].xml", f'<Types xmlns="{_PACKAGE}/content-types"/>')
        for number, sheet in enumerate(sheets, 1):
            place = f"{sheet.kind}s/sheet{number}.xml"
            listed += f'<sheet name={quoteattr(sheet.name)} sheetId="{number}" state="{sheet.state}" r:id="r{number}"/>'
            links += f'<Relationship Id="r{number}" Type="{_OFFICE}/{sheet.kind}" Target="{place}"/>'
            rows = f"<sheetData>{sheet.rows}</sheetData>" if sheet.kind == "worksheet" else ""
            packed.writestr(f"xl/{place}", f'<{sheet.kind} xmlns="{_MAIN}" xmlns:x="{_MAIN}">{rows}</{sheet.kind}>')
        dates = '<workbookPr date1904="1"/>' if old_dates else ""
        book = f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}">{dates}<sheets>{listed}</sheets>{calculation}</workbook>'
        packed.writestr("xl/workbook.xml", book)
        links += f'<Relationship Id="s" Type="{_OFFICE}/styles" Target="styles.xml"/>'
        if shared:
            links += f'<Relationship Id="t" Type="{_OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
            items = "".join(f"<si><t>{text}</t></si>" for text in shared)
            packed.writestr("xl/sharedStrings.xml", f'<sst xmlns="{_MAIN}">{items}</sst>')
        packed.writestr(
            "xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{_PACKAGE}/relationships">{links}</Relationships>'
        )
        packed.writestr("xl/styles.xml", _styles())
    return sink.getvalue()


def _styles() -> str:
    formats = "".join(f'<numFmt numFmtId="{164 + n}" formatCode="{code}"/>' for n, code in enumerate(STYLES))
    styles = "".join(f'<xf numFmtId="{164 + n}" applyNumberFormat="1"/>' for n in range(len(STYLES)))
    return f'<styleSheet xmlns="{_MAIN}"><numFmts>{formats}</numFmts><cellXfs>{styles}</cellXfs></styleSheet>'
