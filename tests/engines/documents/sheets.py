"""Workbooks written part by part, so that a test says what stands in their cells: formulas beside stored results."""

import io
import zipfile

_OPEN_XML = "http://schemas.openxmlformats.org"
_MAIN = f"{_OPEN_XML}/spreadsheetml/2006/main"
_RELATIONS = f"{_OPEN_XML}/package/2006/relationships"
_KIND = f"{_OPEN_XML}/officeDocument/2006/relationships"
_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def xlsx(*rows: str, calculates: bool = False) -> bytes:
    """An xlsx of one sheet. A row is the XML of its cells; `calculates`: Excel is asked to work out every formula."""
    lines = "".join(f'<row r="{number}">{cells}</row>' for number, cells in enumerate(rows, 1))
    asks = '<calcPr fullCalcOnLoad="1"/>' if calculates else ""
    return _packed(
        {
            "[Content_Types].xml": f'<Types xmlns="{_OPEN_XML}/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPE}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_TYPE}.worksheet+xml"/></Types>',
            "_rels/.rels": _relation("officeDocument", "xl/workbook.xml"),
            "xl/_rels/workbook.xml.rels": _relation("worksheet", "worksheets/sheet1.xml"),
            "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_KIND}"><sheets>'
            f'<sheet name="Sheet" sheetId="1" r:id="r1"/></sheets>{asks}</workbook>',
            "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_MAIN}"><sheetData>{lines}</sheetData></worksheet>',
        }
    )


def number(place: str, value: float) -> str:
    """A cell with a number."""
    return f'<c r="{place}"><v>{value}</v></c>'


def text(place: str, value: str) -> str:
    """A cell with a text."""
    return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'


def formula(place: str, what: str, stored: str = "", kind: str = "n", more: str = "") -> str:
    """A cell with a formula and its stored result; `kind` is that of the result, `more` what the formula has beside."""
    return f'<c r="{place}" t="{kind}"><f {more}>{what}</f><v>{stored}</v></c>'


def _relation(kind: str, target: str) -> str:
    one = f'<Relationship Id="r1" Type="{_KIND}/{kind}" Target="{target}"/>'
    return f'<Relationships xmlns="{_RELATIONS}">{one}</Relationships>'


def _packed(parts: dict[str, str]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name, content)
    return out.getvalue()
