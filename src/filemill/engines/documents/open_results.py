"""The results that an ods stores beside its formulas: put in their place where the formulas show an error."""

import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import lxml.etree

from filemill.engines.documents import office_parts
from filemill.engines.documents.cell_ranges import Range, Ranges

_CONTENT = "content.xml"
_TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
_OFFICE = "{urn:oasis:names:tc:opendocument:xmlns:office:1.0}"
_MORE = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}"
_CELLS = (f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell")
_FORMULA = (
    f"{_TABLE}formula",
    f"{_TABLE}number-matrix-rows-spanned",
    f"{_TABLE}number-matrix-columns-spanned",
)
_ERRORS = ("#", "Err:")
"""How the text of a cell begins that shows an error."""


def put(source: Path, target: Path, errors: Mapping[str, Sequence[Range]]) -> tuple[int, int]:
    """Writes the file with its results in these ranges, without their formulas -> how many, and how many have none.

    Nothing is written where there are none.
    """
    done = missing = 0
    with zipfile.ZipFile(source) as old:
        tree = office_parts.tree(old, _CONTENT)
        for sheet in tree.iter(f"{_TABLE}table"):
            ranges = Ranges(errors.get(str(sheet.get(f"{_TABLE}name")), ()))
            for column, row, cell in _cells(sheet):
                if cell.get(_FORMULA[0]) is None or not ranges.hold(column, row) or _is_error(cell):
                    continue
                if cell.get(f"{_OFFICE}value-type") is None:
                    missing += 1
                    continue
                for attribute in _FORMULA:
                    cell.attrib.pop(attribute, None)
                done += 1
        if done:
            office_parts.write(old, target, {_CONTENT: lxml.etree.tostring(tree, encoding="utf-8")})
    return done, missing


def _cells(sheet: lxml.etree._Element) -> Iterator[tuple[int, int, lxml.etree._Element]]:
    """Column, row and element of each cell, the first where several are alike."""
    row = 0
    for line in sheet.iter(f"{_TABLE}table-row"):
        column = 0
        for cell in line.iterchildren(*_CELLS):
            yield column, row, cell
            column += int(cell.get(f"{_TABLE}number-columns-repeated", 1))
        row += int(line.get(f"{_TABLE}number-rows-repeated", 1))


def _is_error(cell: lxml.etree._Element) -> bool:
    return cell.get(f"{_MORE}value-type") == "error" or "".join(cell.itertext()).startswith(_ERRORS)
