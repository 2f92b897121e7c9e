"""The sheets of a workbook, and which of them is read: the first worksheet that is shown."""

import posixpath
import zipfile
from xml.parsers import expat

import msgspec

_MOST_BYTES = 8 << 20
_TRUE = ("1", "true")
_HIDDEN = ("hidden", "veryHidden")


class Sheet(msgspec.Struct, frozen=True):
    """One sheet: its name, the part of the package it lies in, and whether it is a worksheet, and hidden."""

    name: str
    part: str
    is_worksheet: bool
    is_hidden: bool


class Book(msgspec.Struct, frozen=True):
    """The sheets in their order; `recomputes`: whether stored results of formulas are to be computed on opening.

    `is_of_1904`: whether days are counted from 1904, 0 being the first. `styles`: the part that says how cells look.
    """

    sheets: tuple[Sheet, ...]
    recomputes: bool
    is_of_1904: bool = False
    styles: str | None = None

    def first(self) -> Sheet | None:
        """The sheet that is read: the first worksheet that is shown, or where all are hidden the first one."""
        worksheets = [sheet for sheet in self.sheets if sheet.is_worksheet]
        return next((sheet for sheet in worksheets if not sheet.is_hidden), worksheets[0] if worksheets else None)


def of(packed: zipfile.ZipFile) -> Book:
    """The sheets of a workbook. Raises expat.ExpatError and KeyError where its list of sheets is damaged."""
    root = {link["Type"].rpartition("/")[2]: link for link in _links(packed, "_rels/.rels")}
    place = _resolve("", root["officeDocument"])
    folder, name = posixpath.split(place)
    links = {link["Id"]: link for link in _links(packed, posixpath.join(folder, "_rels", f"{name}.rels"))}
    book = _text(packed, place)
    sheets = []
    for sheet in _elements(book, "sheet"):
        link = links.get(next((value for name, value in sheet.items() if name.endswith(":id")), ""))
        if link:
            is_worksheet = link["Type"].endswith("/worksheet")
            is_hidden = sheet.get("state") in _HIDDEN
            sheets.append(Sheet(sheet["name"], _resolve(folder, link), is_worksheet, is_hidden))
    recomputes = any(one.get("fullCalcOnLoad") in _TRUE for one in _elements(book, "calcPr"))
    is_of_1904 = any(one.get("date1904") in _TRUE for one in _elements(book, "workbookPr"))
    styles = (_resolve(folder, link) for link in links.values() if link["Type"].endswith("/styles"))
    return Book(tuple(sheets), recomputes, is_of_1904, next(styles, None))


def _links(packed: zipfile.ZipFile, part: str) -> list[dict[str, str]]:
    return _elements(_text(packed, part), "Relationship")


def _resolve(folder: str, link: dict[str, str]) -> str:
    """The part that a link of a part in a folder leads to."""
    return posixpath.normpath(posixpath.join("/", folder, link["Target"])).lstrip("/")


def _text(packed: zipfile.ZipFile, part: str) -> bytes:
    with packed.open(part) as opened:
        return opened.read(_MOST_BYTES)


def _elements(data: bytes, wanted: str) -> list[dict[str, str]]:
    """The attributes of all elements of a local name. Raises expat.ExpatError for a document type, which none has."""
    found: list[dict[str, str]] = []

    def begin(name: str, attributes: dict[str, str]) -> None:
        if name.rpartition(":")[2] == wanted:
            found.append(attributes)

    def refuse(*_: object) -> None:
        raise expat.ExpatError

    parser = expat.ParserCreate()
    parser.StartElementHandler = begin
    parser.StartDoctypeDeclHandler = refuse
    parser.Parse(data, True)
    return found
