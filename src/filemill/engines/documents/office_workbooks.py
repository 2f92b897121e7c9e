"""What the desk of LibreOffice does with a workbook between its reading and its writing.

It runs under the system's own Python, which has `uno`, and so imports nothing of filemill.
"""

import bisect
import contextlib
from collections.abc import Iterator
from itertools import islice
from typing import Any

from com.sun.star.uno import RuntimeException

CONTENT, ERRORS = 31, 4
"""Of CellFlags: every kind of content. Of FormulaResult: errors."""

MOST_ERRORS = 5_000
"""Ranges of errors that are told of a document; of a sheet beyond them, all that is used of it is told as one."""

NOTE = "com.sun.star.drawing.CaptionShape"
"""The drawing of what somebody has noted at a cell, which is told with the cell."""

MOST_DRAWN = 1_000
"""Drawings for which is looked where they stand; a sheet with more of them stays as long as it is."""

LONGEST_RUN = 50
"""Rows or columns without content that stay one beside the other; longer runs become one."""


def prepare(document: Any, order: "dict[str, Any]") -> "dict[str, Any]":
    """Makes a workbook ready for its export -> how many sheets it has, and which of its formulas show an error."""
    if order.get("calculates"):
        document.calculateAll()
    told = {"sheets": document.Sheets.Count, "errors": errors_of(document.Sheets)}
    if order["target"].endswith(".csv"):
        put_one_that_is_seen_first(document.Sheets)
    if order.get("says"):
        for sheet in document.Sheets:
            with contextlib.suppress(RuntimeException):  # a protected sheet takes nothing
                put_words_below(sheet)
    if order.get("packs"):
        document.enableAutomaticCalculation(False)  # results stay what they are, wherever their cells go
        for sheet in document.Sheets:
            with contextlib.suppress(RuntimeException):  # a protected sheet stays as long as it is
                pack(sheet)
    return told


def errors_of(sheets: Any) -> "list[list[Any]]":
    """The formulas that show an error: the name of their sheet, and left, top, right and bottom of a range."""
    found: list[list[Any]] = []
    for sheet in sheets:
        ranges = sheet.queryFormulaCells(ERRORS).getRangeAddresses()
        if len(found) + len(ranges) > MOST_ERRORS:
            used = sheet.createCursor()
            used.gotoEndOfUsedArea(True)
            ranges = (used.getRangeAddress(),)
        found += [[sheet.Name, one.StartColumn, one.StartRow, one.EndColumn, one.EndRow] for one in ranges]
    return found


def put_words_below(sheet: Any) -> None:
    """Puts the words of drawings, such as boxes of text, into cells of their own below all others."""
    used = sheet.createCursor()
    used.gotoEndOfUsedArea(False)
    row = used.getRangeAddress().EndRow + 2
    for words in islice(words_of(sheet.DrawPage), MOST_DRAWN):
        if row < sheet.Rows.Count:
            sheet.getCellByPosition(0, row).setString(words)
            row += 1


def words_of(drawings: Any) -> "Iterator[str]":
    """What drawings say, those in groups too."""
    for number in range(drawings.Count):
        drawing = drawings.getByIndex(number)
        if hasattr(drawing, "Count"):
            yield from words_of(drawing)
        elif getattr(drawing, "String", "") and drawing.ShapeType != NOTE:
            yield drawing.String


def pack(sheet: Any) -> None:
    """Takes long runs of rows and columns out that have no content and no drawing.

    One cell at the end of a sheet would else make a million rows of it.
    """
    used = content_of(sheet)
    if not used or sheet.DrawPage.Count > MOST_DRAWN:
        return
    for lines, spans in (
        (sheet.Rows, [(top, bottom) for _, top, _, bottom in used]),
        (sheet.Columns, [(left, right) for left, _, right, _ in used]),
    ):
        for start, count in reversed(gaps(spans, lines.Count)):
            lines.removeByIndex(start, count)


def content_of(sheet: Any) -> "list[Any]":
    """Left, top, right and bottom of each range in which something stands, or above which something is drawn."""
    ranges = sheet.queryContentCells(CONTENT).getRangeAddresses()
    found = [(one.StartColumn, one.StartRow, one.EndColumn, one.EndRow) for one in ranges]
    for number in range(min(sheet.DrawPage.Count, MOST_DRAWN)):
        shape = sheet.DrawPage.getByIndex(number)
        left, top = shape.Position.X, shape.Position.Y
        right, bottom = left + shape.Size.Width, top + shape.Size.Height
        found.append((*cell_at(sheet, left, top), *cell_at(sheet, right, bottom)))
    return found


def cell_at(sheet: Any, x: int, y: int) -> "tuple[int, int]":
    """Column and row of the cell at a place of a sheet, in hundredths of a millimetre."""
    columns, rows = range(sheet.Columns.Count), range(sheet.Rows.Count)
    column = bisect.bisect_right(columns, x, key=lambda at: sheet.getCellByPosition(at, 0).Position.X)
    row = bisect.bisect_right(rows, y, key=lambda at: sheet.getCellByPosition(0, at).Position.Y)
    return max(column - 1, 0), max(row - 1, 0)


def gaps(spans: "list[tuple[int, int]]", count: int) -> "list[tuple[int, int]]":
    """Of lines of which some are in use: (first, how many) of each that may go, one of every run staying."""
    found, end = [], 0
    for first, last in [*sorted(spans), (count, count)]:
        if first - end > LONGEST_RUN:
            found.append((end, first - end - (first < count)))
        end = max(end, last + 1)
    return found


def put_one_that_is_seen_first(sheets: Any) -> None:
    """Moves the first sheet that is not hidden to the front, from where a file of one sheet is made."""
    seen = next((sheet.Name for sheet in sheets if sheet.IsVisible), None)
    if seen is not None:
        sheets.moveByName(seen, 0)
