"""Cuts delimited text into whole records, and turns a piece of them into cells.

Two ways give the same cells: Polars' parser for what is regular by its outline, and Python's strict one, twenty times
slower, for the piece in which something is odd. The second finds the very row.
"""

import codecs
import csv
import io
import re
import sys
from collections.abc import Iterator

import msgspec
import polars as pl

from filemill.engines.tables.readers import counting, heads, outline
from filemill.engines.tables.readers.dialect import Dialect

csv.field_size_limit(sys.maxsize)

LONGEST = 32 << 20
"""Bytes a record may have at most: what is longer is mostly a quote that was never closed."""

ENDLESS = "A quoted cell begins here and does not end."
TOO_LONG = f"It is longer than {LONGEST >> 20} MB; where it should not be, a quoted cell begins here and does not end."

_ESCAPED = re.compile("[\udc80-\udcff]")
"""What `surrogateescape` puts for a byte that is no UTF-8."""

_RETURN = re.compile(r"\r(?!\n|\Z)")
_NO_RETURN = "\udc0d"
"""Stands for a carriage return that ends no line; no text that was decoded holds it."""

SHORT = 1 << 13
"""Bytes; a piece without quotes that is shorter costs less row by row than a parser, and the doubts about it, to begin
with."""

_HALVED = 1 << 18
"""Bytes; a shorter piece with damage is gone through record by record."""


class Damaged(msgspec.Struct, frozen=True):
    """A record of too few or too many cells that was passed over: its place, what is wrong with it, its text."""

    at: int
    what: str
    text: str


class Records(msgspec.Struct, frozen=True):
    """What was found in a piece: cells as text (an empty one is null or ""), how many bytes of it were whole records,
    and what is wrong with the record that follows them, in which of its cells if that is known. `damaged` ones among
    them have no cells.
    """

    cells: pl.DataFrame
    end: int
    fault: str | None = None
    damaged: tuple[Damaged, ...] = ()
    faulty_cell: int | None = None


def names(width: int) -> list[str]:
    """The names that columns have until the caller's are put on."""
    return [str(number) for number in range(width)]


def parse(piece: bytes, dialect: Dialect, width: int, wanted: list[int], *, last: bool, skips: bool = False) -> Records:
    """The whole records at the beginning of `piece`, at least the `wanted` columns of them.

    `last` says that nothing follows. Without it the end may be 0: the piece is too short for a single record. `skips`
    says that a record of too few or too many cells is passed over.
    """
    quote = dialect.quote.encode()
    if len(piece) < SHORT and quote not in piece:
        return _carefully(piece, dialect, width, last=last, skips=skips)
    # Mostly a piece ends with a record, of which the quick way is the proof.
    if (cells := _quickly(piece, dialect, width, wanted)) is not None:
        return Records(cells, len(piece))
    end = len(piece) if last else end_of_records(piece, len(piece), quote)
    if end and not piece.endswith(b"\n", 0, end):
        cells = _quickly(piece + b"\n", dialect, width, wanted)
    elif 0 < end < len(piece):
        cells = _quickly(piece[:end], dialect, width, wanted)
    if cells is not None:
        return Records(cells, end)
    if skips and len(piece) > _HALVED and (found := _in_halves(piece, dialect, width, wanted, last=last)):
        return found
    return _carefully(piece, dialect, width, last=last, skips=skips)


def first(piece: bytes, dialect: Dialect, *, last: bool) -> tuple[list[str], int] | str | None:
    """The first record that is not blank and where it ends; a sentence if it is damaged, None if it is not whole."""
    lines = 0
    for cells, lines, fault in _each(piece, dialect, last=last, is_header=True):
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
    outlined = outline.of(part, dialect)
    if outlined and not outlined.has_rows_of(width):
        part = outlined.without_blanks()
        outlined = outline.of(part, dialect) if part else None
    if not outlined or not outlined.has_rows_of(width):
        return None
    if part.startswith(codecs.BOM_UTF8):  # which Polars drops, wherever in the file the part begins
        return None
    cells = _read(part, dialect, width, sorted(wanted))
    return cells if cells is not None and cells.height == outlined.lines else None


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
    end = _end_of_line(piece, lines)
    faulty_cell = _undecoded(piece[end:], dialect) if fault else None
    return Records(frame, end, fault, tuple(_damaged(piece, damaged)), faulty_cell)


def _damaged(piece: bytes, found: list[tuple[int, str, int, int]]) -> Iterator[Damaged]:
    """Each with the text of its lines, from the one after the first number to the second."""
    ends = [0, *((counting.view(piece) == counting.LINE_FEED).arg_true() + 1).to_list(), len(piece)] if found else []
    for at, what, first, last in found:
        yield Damaged(at, what, piece[ends[first] : ends[min(last, len(ends) - 1)]].decode().strip("\r\n"))


def _cells(count: int) -> str:
    return "1 cell" if count == 1 else f"{count} cells"


def _each(
    piece: bytes, dialect: Dialect, *, last: bool, is_header: bool = False
) -> Iterator[tuple[list[str], int, str | None]]:
    """Record by record: the cells, the lines read so far, and in the last one given perhaps what is wrong with it."""
    text, bad = _decode(piece if last else piece[: piece.rfind(b"\n") + 1])
    # A carriage return that ends no line is a letter, to Polars too. In a header it is more likely a line's end.
    has_returns = "\r" in text and not is_header
    text = _RETURN.sub(_NO_RETURN, text) if has_returns else text
    source = io.StringIO(text, newline="\n")
    reader = csv.reader(source, delimiter=dialect.separator, quotechar=dialect.quote, strict=True)
    try:
        for cells in reader:
            if any("\0" in cell for cell in cells):
                yield [], 0, heads.ZEROS
                return
            kept = [cell.replace(_NO_RETURN, "\r") for cell in cells] if has_returns else cells
            yield kept, reader.line_num, None
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
    """Where the last of so many lines ends; the last of all may lack its line feed."""
    end = 0
    for _ in range(lines):
        end = piece.find(b"\n", end) + 1 or len(piece)
    return end


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
    return Records(cells, head.end + tail.end, tail.fault, (*head.damaged, *moved), tail.faulty_cell)


def _decode(piece: bytes) -> tuple[str, str | None]:
    """The text up to the line that is not UTF-8, and what is wrong with that."""
    try:
        return piece.decode(), None
    except UnicodeDecodeError as error:
        whole = piece[: piece.rfind(b"\n", 0, error.start) + 1]
        return whole.decode(), heads.no_text(piece[error.start])


def _undecoded(rest: bytes, dialect: Dialect) -> int | None:
    """The first cell of the first record that holds a byte which is no text; None where there is none."""
    text = rest.decode(errors="surrogateescape")
    if not _ESCAPED.search(text):
        return None
    reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=dialect.separator, quotechar=dialect.quote)
    cells = next(filter(None, reader), [])
    return next((number for number, cell in enumerate(cells) if _ESCAPED.search(cell)), None)


def _explain(error: csv.Error) -> str:
    text = str(error)
    if "expected after" in text:
        return "Something stands between a closing quote and the next separator."
    if "new-line character" in text:
        return "A carriage return stands in a cell without quotes."
    return "The row cannot be read."
