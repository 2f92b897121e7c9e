"""Cuts delimited text into whole records, and turns a piece of them into cells.

Two ways give the same cells: Polars' parser for what is regular, checked for what it would silently pad, and Python's
strict one, twenty times slower, for the piece in which something is odd. The second finds the very row.
"""

import csv
import io
import re
import sys
from collections.abc import Iterator

import msgspec
import polars as pl

from filemill.engines.tables.readers import counting, heads, quotes
from filemill.engines.tables.readers.dialect import Dialect

csv.field_size_limit(sys.maxsize)

LONGEST = 32 << 20
"""Bytes a record may have at most: what is longer is mostly a quote that was never closed."""

ENDLESS = "A quoted cell begins here and does not end."
TOO_LONG = f"It is longer than {LONGEST >> 20} MB; where it should not be, a quoted cell begins here and does not end."

_BLANKS = re.compile(rb"(?:(?<=\n)|\A)(?:\r?\n)+")
_MOST_ENDS = 4

_HALVED = 1 << 18
"""Bytes; a shorter piece with damage is gone through record by record."""


class Damaged(msgspec.Struct, frozen=True):
    """A record of too few or too many cells that was passed over: its place, what is wrong with it, its text."""

    at: int
    what: str
    text: str


class Records(msgspec.Struct, frozen=True):
    """What was found in a piece: cells as text (an empty one is null or ""), how many bytes of it were whole records,
    and what is wrong with the record that follows them. `damaged` ones among them have no cells.
    """

    cells: pl.DataFrame
    end: int
    fault: str | None = None
    damaged: tuple[Damaged, ...] = ()


def names(width: int) -> list[str]:
    """The names that columns have until the caller's are put on."""
    return [str(number) for number in range(width)]


def parse(piece: bytes, dialect: Dialect, width: int, wanted: list[int], *, last: bool, skips: bool = False) -> Records:
    """The whole records at the beginning of `piece`, at least the `wanted` columns of them.

    `last` says that nothing follows. Without it the end may be 0: the piece is too short for a single record. `skips`
    says that a record of too few or too many cells is passed over.
    """
    end = len(piece) if last else end_of_records(piece, len(piece), dialect.quote.encode())
    if end:
        part = piece[:end] if end < len(piece) else piece
        cells = _quickly(part if part.endswith(b"\n") else part + b"\n", dialect, width, wanted)
        if cells is not None:
            return Records(cells, end)
    if skips and len(piece) > _HALVED and (found := _in_halves(piece, dialect, width, wanted, last=last)):
        return found
    return _carefully(piece, dialect, width, last=last, skips=skips)


def first(piece: bytes, dialect: Dialect, *, last: bool) -> tuple[list[str], int] | str | None:
    """The first record that is not blank and where it ends; a sentence if it is damaged, None if it is not whole."""
    lines = 0
    for cells, lines, fault in _each(piece, dialect, last=last):
        if fault:
            return fault
        if cells:
            return cells, _end_of_line(piece, lines)
    return ([], len(piece)) if last else None


def end_of_records(piece: bytes | bytearray, size: int, quote: bytes = b'"') -> int:
    """Where the last line ends, among the first `size` bytes, that lies outside of quotes; 0 where there is none.

    A line feed is outside if the quotes before it are even in number.
    """
    end = piece.rfind(b"\n", 0, size) + 1
    number = counting.count(piece, quote[0], end)
    while end and number % 2:
        before = piece.rfind(quote, 0, end)
        start = piece.rfind(b"\n", 0, before) + 1
        number -= piece.count(quote, start, end)
        end = start
    return end


def _quickly(part: bytes, dialect: Dialect, width: int, wanted: list[int]) -> pl.DataFrame | None:
    """The cells by Polars' parser; None where that would not tell the truth."""
    if b"\0" in part:
        return None
    # A row that is too short ends in nulls, so the last columns are always looked at.
    columns = sorted({*wanted, width - 1, max(width - 2, 0)})
    cells = _read(part, dialect, width, columns)
    if cells is None or not _is_cut_rightly(part, cells, dialect, width):
        return None
    if not _may_be_short(cells, width, 1):
        return cells
    if (width == 1 or _may_be_short(cells, width, 2)) and _has_blank_line(part):
        if dialect.quote.encode() in part:
            return None
        part = _BLANKS.sub(b"", part)
        cells = _read(part, dialect, width, columns)
    return cells if cells is not None and _has_no_short_row(part, cells, dialect, width) else None


def _is_cut_rightly(part: bytes, cells: pl.DataFrame, dialect: Dialect, width: int) -> bool:
    """Whether no quote misled the parser: one inside a cell without quotes may do so, and it says nothing.

    It did not where every line feed ends a row and every separator a cell.
    """
    if dialect.quote.encode() not in part:
        return True
    separators = counting.count(part, dialect.separator.encode()[0])
    if counting.count(part, counting.LINE_FEED) == cells.height and separators == (width - 1) * cells.height:
        return True
    return quotes.are_around_cells(part, dialect)


def _may_be_short(cells: pl.DataFrame, width: int, by: int) -> bool:
    """Whether any row ends in so many nulls."""
    return _end_in_null(cells, width, by).any()


def _end_in_null(cells: pl.DataFrame, width: int, by: int) -> pl.Series:
    last = cells[str(width - 1)].is_null()
    for k in range(2, by + 1):
        last = last & cells[str(width - k)].is_null()
    return last


def _read(part: bytes, dialect: Dialect, width: int, columns: list[int]) -> pl.DataFrame | None:
    try:
        return pl.read_csv(
            part,
            has_header=False,
            separator=dialect.separator,
            quote_char=dialect.quote,
            schema=dict.fromkeys(names(width), pl.String),
            columns=columns if len(columns) < width else None,
            raise_if_empty=False,
        )
    except (pl.exceptions.ComputeError, pl.exceptions.SchemaError):
        return None


def _has_blank_line(part: bytes) -> bool:
    if part.startswith((b"\n", b"\r\n")) or (b"\r" in part and b"\n\r\n" in part):
        return True
    view = counting.view(part)
    return bool(((view[:-1] == counting.LINE_FEED) & (view[1:] == counting.LINE_FEED)).any())


def _has_no_short_row(part: bytes, cells: pl.DataFrame, dialect: Dialect, width: int) -> bool:
    """Whether every row has all its cells: the parser fills up what is missing with nulls, and says nothing.

    No row has too many, so if the separators outside of quotes are as many as the rows need, no row has too few.
    """
    if width == 1:
        return True
    needed = (width - 1) * cells.height
    quote, separator = dialect.quote.encode(), dialect.separator.encode()
    if quote not in part:
        return counting.count(part, separator[0]) == needed
    return _ends_as_it_must(part, cells, separator, width) or (
        b"".join(part.split(quote)[::2]).count(separator) == needed
    )


def _ends_as_it_must(part: bytes, cells: pl.DataFrame, separator: bytes, width: int) -> bool:
    """A quicker proof for a part with quotes, where it succeeds.

    A row whose last k cells are null must end in k separators. Where no quoted cell holds a line feed, the lines that
    do are counted in the bytes.
    """
    if counting.count(part, counting.LINE_FEED) != cells.height:
        return False
    view = counting.view(part)
    end = counting.RETURN if part[part.find(b"\n") - 1] == counting.RETURN else counting.LINE_FEED
    ends = view[:-1] == separator[0]
    at_end = ends & (view[1:] == end)
    for k in range(1, min(width, _MOST_ENDS)):
        if str(width - k) not in cells.columns:
            return False
        rows = _end_in_null(cells, width, k).sum()
        if not rows:
            # Nor can the lines end in so many separators.
            return True
        if rows != at_end.sum():
            return False
        at_end = ends[:-k] & at_end[1:]
    return False


def _carefully(piece: bytes, dialect: Dialect, width: int, *, last: bool, skips: bool) -> Records:
    rows: list[list[str | None]] = []
    damaged: list[tuple[int, str, int, int]] = []
    lines = 0
    fault = None
    for cells, lines_so_far, problem in _each(piece, dialect, last=last):
        fault = problem
        if not problem and cells and len(cells) != width:
            fault = f"The row has {_cells(len(cells))}, the header {width}."
            if skips:
                damaged.append((len(rows), fault, lines, lines_so_far))
                rows.append([None] * width)
                lines, fault = lines_so_far, None
                continue
        if fault:
            break
        lines = lines_so_far
        if cells:
            rows.append([cell or None for cell in cells])
    frame = pl.DataFrame(rows, schema=dict.fromkeys(names(width), pl.String), orient="row")
    return Records(frame, _end_of_line(piece, lines), fault, tuple(_damaged(piece, damaged)))


def _damaged(piece: bytes, found: list[tuple[int, str, int, int]]) -> Iterator[Damaged]:
    """Each with the text of its lines, from the one after the first number to the second."""
    ends = [0, *((counting.view(piece) == counting.LINE_FEED).arg_true() + 1).to_list(), len(piece)] if found else []
    for at, what, first, last in found:
        yield Damaged(at, what, piece[ends[first] : ends[min(last, len(ends) - 1)]].decode().strip("\r\n"))


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _each(piece: bytes, dialect: Dialect, *, last: bool) -> Iterator[tuple[list[str], int, str | None]]:
    """Record by record: the cells, the lines read so far, and in the last one given perhaps what is wrong with it."""
    text, bad = _decode(piece if last else piece[: piece.rfind(b"\n") + 1])
    source = io.StringIO(text, newline="\n")
    reader = csv.reader(source, delimiter=dialect.separator, quotechar=dialect.quote, strict=True)
    try:
        for cells in reader:
            if any("\0" in cell for cell in cells):
                yield [], 0, "The row holds a zero byte, which no text does."
                return
            yield cells, reader.line_num, None
    except csv.Error as error:
        if "unexpected end of data" not in str(error):
            yield [], 0, _explain(error)
            return
        if last and not bad:
            yield [], 0, ENDLESS
            return
    if bad:
        yield [], 0, bad


def _end_of_line(piece: bytes, lines: int) -> int:
    """Where the last of so many lines ends."""
    if not lines:
        return 0
    ends = (counting.view(piece) == counting.LINE_FEED).arg_true()
    return int(ends[lines - 1]) + 1 if lines <= len(ends) else len(piece)


def _in_halves(piece: bytes, dialect: Dialect, width: int, wanted: list[int], *, last: bool) -> Records | None:
    """The records where some of them are to be passed over: what is whole around these is still read quickly.

    None where the piece cannot be halved.
    """
    cut = end_of_records(piece, len(piece) // 2, dialect.quote.encode())
    if not cut:
        return None
    head = parse(piece[:cut], dialect, width, wanted, last=False, skips=True)
    if head.fault or not head.end:
        return None
    tail = parse(piece[head.end :], dialect, width, wanted, last=last, skips=True)
    columns = [name for name in head.cells.columns if name in tail.cells.columns]
    cells = pl.concat([head.cells.select(columns), tail.cells.select(columns)])
    moved = (msgspec.structs.replace(one, at=one.at + head.cells.height) for one in tail.damaged)
    return Records(cells, head.end + tail.end, tail.fault, (*head.damaged, *moved))


def _decode(piece: bytes) -> tuple[str, str | None]:
    """The text up to the line that is not UTF-8, and what is wrong with that."""
    try:
        return piece.decode(), None
    except UnicodeDecodeError as error:
        whole = piece[: piece.rfind(b"\n", 0, error.start) + 1]
        return whole.decode(), heads.no_text(piece[error.start])


def _explain(error: csv.Error) -> str:
    text = str(error)
    if "expected after" in text:
        return "Something stands between a closing quote and the next separator."
    if "new-line character" in text:
        return "A carriage return stands in a cell without quotes."
    return "The row cannot be read."
