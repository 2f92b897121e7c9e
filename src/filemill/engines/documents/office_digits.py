"""What keeps the digits of numbers where LibreOffice would write fewer than a workbook stores.

It runs under the system's own Python, which has `uno`, and so imports nothing of filemill.
"""

import datetime
import re
from collections.abc import Callable, Iterator
from typing import Any

from com.sun.star.uno import RuntimeException

NUMBERS, DATES = 1, 2
"""Of CellFlags."""

NUMBER_RESULTS = 1
"""Of FormulaResult."""

MOMENT, DEFINED = 6, 1
"""Of NumberFormat: dates with times; and what is set beside where a format is one of the file's own."""

LANGUAGES_APART = 10_000
"""What parts the keys of one language's formats from the next one's; the first is General."""

MOST_WRITTEN_OUT = 1e21
"""From here on a whole number is written with an exponent."""

SECONDS = re.compile(r":SS(?![.,]0)")
A_DAY = 86_400


def rounded(document: Any) -> int:
    """How many numbers have more digits than the 15 that LibreOffice writes into a workbook."""
    return sum(
        isinstance(value, float) and is_rounded(value)
        for sheet in document.Sheets
        for part in ranges(sheet.queryContentCells(NUMBERS))
        for row in part.getDataArray()
        for value in row
    )


def write_out_or_count(document: Any) -> int:
    """Makes the first sheet show all digits -> how many numbers lose some, as a protected sheet takes nothing."""
    try:
        write_out(document)
    except RuntimeException:
        return rounded(document)
    return 0


def write_out(document: Any) -> None:
    """Makes the first sheet show all digits: of numbers in the format General, and of the seconds of moments.

    The result of a formula that is a fraction keeps its 15 digits: those beyond them are mostly noise.
    """
    document.enableAutomaticCalculation(False)  # results stay what they are
    for cells in document.Sheets.getByIndex(0).UniqueCellFormatRanges:
        if cells.getByIndex(0).NumberFormat % LANGUAGES_APART == 0:
            for part in ranges(cells.queryContentCells(NUMBERS)):
                put(part, all_digits)
            for part in ranges(cells.queryFormulaCells(NUMBER_RESULTS)):
                put_wholes(part)
        else:
            show_fractions(document, cells)


def put(part: Any, told: "Callable[[Any], Any]") -> None:
    """Replaces the values of a range by what is told of them."""
    old = part.getDataArray()
    new = tuple(tuple(told(value) for value in row) for row in old)
    if new != old:
        part.setDataArray(new)


def put_wholes(part: Any) -> None:
    """Replaces the formulas of a range whose results are whole numbers of too many digits."""
    for row, values in enumerate(part.getDataArray()):
        for column, value in enumerate(values):
            if isinstance(value, float) and value.is_integer() and is_rounded(value):
                part.getCellByPosition(column, row).setString(all_digits(value))


def show_fractions(document: Any, cells: Any) -> None:
    """Makes texts of moments that have milliseconds, where their format shows seconds alone."""
    form = document.NumberFormats.getByKey(cells.getByIndex(0).NumberFormat)
    if form.Type & ~DEFINED != MOMENT or not SECONDS.search(form.FormatString):
        return
    first = document.NullDate
    start = datetime.datetime(first.Year, first.Month, first.Day)  # noqa: DTZ001 -- a sheet knows no zones

    def told(value: Any) -> Any:
        if not has_fraction(value):
            return value
        moment = start + datetime.timedelta(milliseconds=round(value * A_DAY * 1_000))
        return moment.isoformat(" ", "milliseconds")

    for found in (cells.queryContentCells(DATES), cells.queryFormulaCells(NUMBER_RESULTS)):
        for part in ranges(found):
            put(part, told)


def has_fraction(moment: Any) -> bool:
    """Whether a moment's second has milliseconds."""
    return isinstance(moment, float) and round(moment * A_DAY * 1_000) % 1_000 != 0


def all_digits(value: Any) -> Any:
    """A number as text where it has more than 15 digits, else as it is."""
    if not isinstance(value, float) or not is_rounded(value):
        return value
    return str(int(value)) if value.is_integer() and abs(value) < MOST_WRITTEN_OUT else repr(value)


def is_rounded(value: float) -> bool:
    """Whether 15 digits do not tell a number."""
    return float(f"{value:.15g}") != value


def ranges(found: Any) -> "Iterator[Any]":
    """The ranges of which what was found is made."""
    yield from (found.getByIndex(number) for number in range(found.Count))
