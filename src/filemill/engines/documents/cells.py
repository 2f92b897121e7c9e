"""A csv as a sheet: a cell becomes a number only where no digit and no sign of it is lost by that."""

import csv
import inspect
import re
import sys
from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path

import xlsxwriter

from filemill.engines.documents import texts, trouble
from filemill.engines.documents.task import Task

MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
LONGEST_TEXT = 32_767
LONGEST_FIELD = 1 << 20

csv.field_size_limit(sys.maxsize)  # it holds for the whole process, so the bound above is looked at here

_NUMBER = re.compile(r"(?!-[0.]+$)-?(0|[1-9]\d{0,14})(\.\d{1,15})?")
"""A zero below zero is none: LibreOffice shows it without its sign."""
_MOST_DIGITS = 15
_DELIMITERS = ",;\t|"
MOST_ROWS_LOOKED_AT = 100
_NOTE = re.compile(r'"?(sep=([^\w\s"]|\t))"?(?:\n|$)', re.IGNORECASE)
"""What Excel reads, and does not show."""

_DECIMALS = re.compile(r"(?<=\d),(?=\d)")


def to_sheet(source: Path, target: Path, task: Task) -> None:
    """Writes the rows as they stand into the first sheet. Raises JobFailed."""
    text, delimiter, first = _begun(texts.read(source, task), task)
    book = xlsxwriter.Workbook(target, {"constant_memory": True, "strings_to_formulas": False})
    sheet = book.add_worksheet()
    formats: dict[int, object] = {}
    longest = 0
    try:
        for number, row in enumerate(_rows(text, delimiter, first, task)):
            if number >= MOST_ROWS or len(row) > MOST_COLUMNS:
                what = f"A sheet has {MOST_ROWS:,} rows and {MOST_COLUMNS:,} columns at most; the file has more."
                raise trouble.bad_file(task.file, what)
            longest = max(longest, *map(len, row), 0)
            if longest > LONGEST_FIELD:
                what = (
                    f"Row {number + 1} has a cell of more than {LONGEST_FIELD >> 20} MB; perhaps a quote is not closed."
                )
                raise trouble.bad_file(task.file, what)
            for column, value in enumerate(row):
                if not _is_number(value):
                    if value:  # a cell without a sign stays without content
                        sheet.write_string(number, column, value[:LONGEST_TEXT])
                    continue
                places = len(value.partition(".")[2])
                if places and places not in formats:
                    formats[places] = book.add_format({"num_format": f"0.{'0' * places}"})
                sheet.write_number(number, column, float(value), formats.get(places))
    except csv.Error as error:
        raise trouble.not_a(task.file) from error
    finally:
        book.close()
    if longest > LONGEST_TEXT:
        task.warn("left_out", f"A cell of a sheet holds {LONGEST_TEXT:,} characters: what was longer is cut there.")


def _begun(text: str, task: Task) -> tuple[str, str, int]:
    """The rows, less a first line that is a note for Excel, what parts their cells, and the line they begin in."""
    note = _NOTE.match(text)
    if note is None:
        return text, _delimiter(text), 1
    task.warn("left_out", f"The first line, '{note[1]}', is a note for Excel: the note is followed, and left out.")
    return text[note.end() :], note[2], 2


def _rows(text: str, delimiter: str, first: int, task: Task) -> Iterator[list[str]]:
    """The rows of a text. Raises csv.Error; JobFailed where the text ends inside a quoted cell."""
    lines = _lines(text)
    reader = csv.reader(lines, delimiter=delimiter)
    begin = first
    for row in reader:
        # The lines are at their end already: the row has asked for one more than there are.
        if inspect.getgeneratorstate(lines) == inspect.GEN_CLOSED:
            what = f"A quoted cell of the row in line {begin:,} does not end; close the quote, or take the quote out."
            raise trouble.bad_file(task.file, what)
        yield row
        begin = first + reader.line_num


def _is_number(value: str) -> bool:
    return bool(_NUMBER.fullmatch(value)) and sum(map(str.isdigit, value)) <= _MOST_DIGITS


def _delimiter(text: str) -> str:
    """What parts the cells: the sign that does so in most of the first rows, and alike in each if it can."""
    head = list(islice(_lines(text), MOST_ROWS_LOOKED_AT))
    return max(_DELIMITERS, key=lambda sign: _use_of(sign, head))


def _use_of(sign: str, head: list[str]) -> tuple[int, bool, bool, int, int]:
    """How well a sign parts some rows; what is larger is better.

    It is no sign that cuts quoted cells apart, and a comma that stands in decimals alone is worse than any other.
    """
    try:
        rows = [row for row in csv.reader(head, delimiter=sign) if row]
    except csv.Error:
        rows = []
    widths = [len(row) for row in rows]
    parted = [width for width in widths if width > 1]
    is_alike = bool(parted) and len(set(widths)) == 1
    is_decimal = sign == "," and not _DECIMALS.sub("", "".join(head)).count(",")
    quotes = sum(cell.count('"') for row in rows for cell in row)
    return -quotes, is_alike, not is_decimal, len(parted), sum(parted)


def _lines(text: str) -> Generator[str, None, None]:
    """The text line by line; no sign but a line feed ends one."""
    start = 0
    while start < len(text):
        end = text.find("\n", start) + 1 or len(text)
        yield text[start:end]
        start = end
