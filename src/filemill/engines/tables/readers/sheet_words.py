"""What is told of a workbook that is read: which sheet, and what of it reads as empty or is left out."""

from filemill.engines.tables import trouble
from filemill.engines.tables.readers.workbooks import Found
from filemill.pipelines.run import InputFile, Say, Warned


def tell_of_book(found: Found, file: InputFile, say: Say) -> None:
    """Tells which sheet is read where that is a question, and which of its cells have no value that counts."""
    sheet, told = found.sheet, found.told
    if len(found.book.sheets) > 1 or sheet.is_hidden:
        name = trouble.shorten(sheet.name)
        which = "the first worksheet, as none is shown" if sheet.is_hidden else "the first worksheet that is shown"
        _say(f"only the sheet {name} of {len(found.book.sheets)} is read, {which}.", file, say)
    if told.errors:
        _say(f"{_cells(told.errors, 'hold')} an error such as #DIV/0!, which is read as empty.", file, say)
    if told.without_result:
        _say(
            f"{_cells(told.without_result, 'hold')} a formula that no program has computed yet, which is read as empty."
            " Open and save the file in Excel first.",
            file,
            say,
        )
    if told.with_result and found.book.recomputes:
        _say(
            f"{_cells(told.with_result, 'hold')} a formula whose stored result is read; the workbook asks for a new"
            " computation when it is opened, so the result may be out of date. Open and save the file in Excel first.",
            file,
            say,
        )


def tell_of_rest(rows: int, columns: int, file: InputFile, say: Say) -> None:
    """Tells how many rows below the last value, and columns beside it, hold nothing, or blanks, and are left out."""
    for count, what, where in ((rows, "row", "below"), (columns, "column", "beside")):
        if count:
            lie = f"{what} {where} the last value is" if count == 1 else f"{what}s {where} the last value are"
            _say(f"{count:,} {lie} left out; no cell there holds more than blanks.", file, say)


def tell_of_leap_days(count: int, file: InputFile, say: Say) -> None:
    """Tells how many cells hold a day that only Excel has."""
    if count:
        _say(f"{_cells(count, 'hold')} 29 February 1900, a day that no calendar has, which is read as text.", file, say)


def _cells(count: int, verb: str) -> str:
    return f"1 cell {verb}s" if count == 1 else f"{count:,} cells {verb}"


def _say(what: str, file: InputFile, say: Say) -> None:
    say(Warned("guessed", f"{file.file_name}: {what}"))
