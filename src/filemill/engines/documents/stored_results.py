"""The results that an xlsx workbook stores beside its formulas: found where formulas show an error, put in their place.

A sheet may be larger than memory: its part is read as a stream, and copied but for the formulas that go.
"""

import shutil
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO
from xml.parsers import expat

import msgspec

from filemill.engines.documents import cell_ranges, office_parts
from filemill.engines.documents.cell_ranges import Range, Ranges

_CHUNK = 1 << 16
_TRUE = frozenset({"1", "true"})


class Found(msgspec.Struct):
    """What a sheet stores where its formulas show an error.

    `cuts` are the bytes, from and to, of the formulas that have a result; `missing` counts those that have none;
    `are_zero`: no result is anything but 0.
    """

    cuts: list[tuple[int, int]] = []
    missing: int = 0
    are_zero: bool = True


def wants_calculation(source: Path) -> bool:
    """Whether the workbook asks its program to work out every formula when it is opened."""
    with zipfile.ZipFile(source) as book:
        properties = next(office_parts.tree(book, _main(book)).iter("{*}calcPr"), None)
    return properties is not None and properties.get("fullCalcOnLoad") in _TRUE


def find(source: Path, errors: Mapping[str, Sequence[Range]]) -> dict[str, Found]:
    """What each sheet stores in its ranges; a sheet goes in by its name, and comes out by its part."""
    with zipfile.ZipFile(source) as book:
        found = {}
        for name, part in _sheets(book):
            if name in errors:
                with book.open(part) as sheet:
                    found[part] = _Reading(errors[name]).read(sheet)
    return found


def put(source: Path, target: Path, found: Mapping[str, Found]) -> None:
    """Writes the workbook with the results that were found, without their formulas."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as new:
        for entry in old.infolist():
            with old.open(entry) as part, new.open(entry.filename, "w") as copy:
                for start, end in found[entry.filename].cuts if entry.filename in found else ():
                    _copy(part, copy, start - part.tell())
                    part.seek(end)
                shutil.copyfileobj(part, copy)


class _Reading:
    """Goes through the cells of a sheet and takes down those that lie in some ranges."""

    def __init__(self, ranges: Sequence[Range]) -> None:
        self._ranges = Ranges(ranges)
        self._found = Found()
        self._gone: set[str] = set()
        """The shared formulas whose first cell loses its formula: the others would have none."""
        self._column, self._row = -1, -1
        self._kind, self._share, self._text = "n", "", ""
        self._formula: list[int] = []
        self._is_behind_formula = self._is_in_value = False

    def read(self, sheet: IO[bytes]) -> Found:
        """Reads the whole of it; one that is damaged as far as that goes."""
        self._parser = parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._begin, self._end
        parser.CharacterDataHandler = self._say
        try:
            while chunk := sheet.read(_CHUNK):
                parser.Parse(chunk, False)
        except (expat.ExpatError, ValueError):
            return Found()
        return self._found

    def _begin(self, name: str, attributes: dict[str, str]) -> None:
        self._mark()
        match name.rpartition(":")[2]:
            case "row":
                self._row = int(attributes["r"]) - 1 if "r" in attributes else self._row + 1
                self._column = -1
            case "c":
                self._column = cell_ranges.column_of(attributes["r"]) if "r" in attributes else self._column + 1
                self._kind, self._share, self._text = attributes.get("t", "n"), "", ""
                self._formula = []
            case "f":
                self._share = attributes.get("si", "") if attributes.get("t") == "shared" else ""
                self._formula = [self._parser.CurrentByteIndex]
            case "v" | "t":
                self._is_in_value = True

    def _end(self, name: str) -> None:
        self._mark()
        match name.rpartition(":")[2]:
            case "f":
                self._is_behind_formula = True
            case "v" | "t":
                self._is_in_value = False
            case "c":
                self._take()

    def _mark(self) -> None:
        """Whatever comes behind a formula tells where it has ended."""
        if self._is_behind_formula:
            self._formula.append(self._parser.CurrentByteIndex)
            self._is_behind_formula = False

    def _say(self, text: str) -> None:
        if self._is_in_value:
            self._text += text

    def _take(self) -> None:
        is_wrong = self._ranges.hold(self._column, self._row)
        if not (self._formula and (is_wrong or self._share in self._gone)) or self._kind == "e":
            return
        if not self._text and self._kind != "str":  # an empty text is a result
            self._found.missing += 1
            return
        self._found.cuts.append((self._formula[0], self._formula[1]))
        self._found.are_zero &= self._kind == "n" and float(self._text) == 0
        if self._share:
            self._gone.add(self._share)


def _main(book: zipfile.ZipFile) -> str:
    return office_parts.main_part(book, "xl/workbook.xml")


def _sheets(book: zipfile.ZipFile) -> Iterator[tuple[str, str]]:
    """The name and the part of each sheet."""
    main = _main(book)
    relations = office_parts.relations(book, main)
    for sheet in office_parts.tree(book, main).iter("{*}sheet"):
        related = relations.get(office_parts.id_of(sheet))
        if related is not None and related.part in book.namelist():
            yield str(sheet.get("name")), related.part


def _copy(part: IO[bytes], copy: IO[bytes], count: int) -> None:
    while count > 0 and (chunk := part.read(min(count, _CHUNK))):
        copy.write(chunk)
        count -= len(chunk)
