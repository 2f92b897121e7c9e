"""What makes the values of a sheet seen on its pages: columns and rows as large as that takes.

It runs under the system's own Python, which has `uno`, and so imports nothing of filemill.
"""

import contextlib
from typing import Any

from com.sun.star.uno import RuntimeException

NUMBERS, WORDS, FORMULAS = 3, 4, 16
"""Of CellFlags: numbers and dates, texts, formulas."""

TEXT_RESULTS = 2
"""Of FormulaResult."""

LANGUAGES_APART = 10_000
"""What parts the keys of one language's formats from the next one's; the first is General, in which LibreOffice gives
a fraction the digits for which there is room."""

WHOLE = 1
"""The key of the format 0."""

WIDEST = 8_000
"""Hundredths of a millimetre of a column that is fitted; longer words go on in further lines of their cell."""

HIGHEST = 24_000
"""Hundredths of a millimetre of a row that is surely seen on a page: a page break never parts a row."""

LONG, LINES = 500, 30
"""Letters and ends of lines of a cell beyond which the height of its row is looked at."""

SCRATCH = "widths of values"


def show_values(document: Any) -> None:
    """Widens the columns that would show ### for a number or a date; all others stay as they are."""
    document.enableAutomaticCalculation(False)  # results stay what they are
    for name in document.Sheets.ElementNames:
        sheet = document.Sheets.getByName(name)
        if sheet.IsVisible:
            with contextlib.suppress(RuntimeException):  # a protected workbook takes no further sheet
                widen(document, sheet)


def widen(document: Any, sheet: Any) -> None:
    """Measures the numbers on a copy without words, where the optimal width of a column is that of its numbers."""
    document.Sheets.copyByName(sheet.Name, SCRATCH, document.Sheets.Count)
    copy = document.Sheets.getByName(SCRATCH)
    try:
        copy.queryContentCells(WORDS).clearContents(WORDS)
        copy.queryFormulaCells(TEXT_RESULTS).clearContents(FORMULAS)
        for cells in copy.UniqueCellFormatRanges:
            if cells.getByIndex(0).NumberFormat % LANGUAGES_APART == 0:
                cells.NumberFormat = WHOLE
        for number in columns_of(copy):
            measured, column = copy.Columns.getByIndex(number), sheet.Columns.getByIndex(number)
            measured.OptimalWidth = True
            if column.IsVisible and measured.Width > column.Width:
                column.Width = measured.Width
    finally:
        document.Sheets.removeByName(SCRATCH)


def columns_of(sheet: Any) -> "list[int]":
    """The columns in which a number or a formula stands."""
    ranges = sheet.queryContentCells(NUMBERS | FORMULAS).getRangeAddresses()
    return sorted({number for one in ranges for number in range(one.StartColumn, one.EndColumn + 1)})


def fit(document: Any) -> int:
    """Fits the columns and rows of sheets that have no sizes of their own -> how many rows are too high for a page."""
    return sum(fit_sheet(sheet) for sheet in document.Sheets)


def fit_sheet(sheet: Any) -> int:
    """Fits one sheet -> how many of its rows are too high for a page."""
    used = sheet.createCursor()
    used.gotoEndOfUsedArea(True)
    used.Columns.OptimalWidth = True
    for column in used.Columns:
        if column.Width > WIDEST:
            column.Width, column.IsTextWrapped = WIDEST, True
    used.Rows.OptimalHeight = True
    long = {row for number in range(used.Columns.Count) for row in rows_of_long(used, number)}
    return sum(used.Rows.getByIndex(row).Height > HIGHEST for row in long)


def rows_of_long(used: Any, column: int) -> "list[int]":
    """The rows in which a cell of a column holds so much that it may be higher than a page."""
    cells = used.getCellRangeByPosition(column, 0, column, used.Rows.Count - 1).getDataArray()
    return [row for row, (cell,) in enumerate(cells) if isinstance(cell, str) and is_long(cell)]


def is_long(cell: str) -> bool:
    """Whether it may take more lines than a page has."""
    return len(cell) > LONG or cell.count("\n") > LINES
