"""What a pdf's pages say, by PDFium: words and what was filled in, in reading order, a line for each of theirs."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import msgspec
import pypdfium2
from pypdfium2 import raw

from filemill.engines.documents import brackets, copies, hyphens, pdf_forms, pdfium, right_to_left, trouble
from filemill.engines.documents.pdf_forms import Entry
from filemill.engines.documents.task import Task

_LINE = re.compile(rf"[^\r\n{hyphens.MARKS}]+")
_PLAY = 3
"""Points by which what is written beside a line may stand higher or lower."""

_LONGEST_LINE = 2_000
"""Signs; a longer one is no line that somebody reads."""

_INDENT = 12
"""Points; lines that begin so far from each other do not begin at the same side."""

_OF_PAGE, _OF_SIDE = 0.5, 2.0
"""What the direction of a page, and the side where a line begins, count against one letter of the line."""

_HIGH = 26
"""Points; a field that is higher has several lines, the first of them at its top."""


class Text(msgspec.Struct, frozen=True):
    """What a document says: its pages, and each line beside which something was filled in, without and with that."""

    pages: list[str]
    filled: list[tuple[str, str]]


class _Line(msgspec.Struct):
    """A line of a page: where it begins and ends in the text, and its sides."""

    start: int
    end: int
    left: float
    bottom: float
    right: float
    top: float

    @property
    def is_upright(self) -> bool:
        """Whether its letters stand one above the other."""
        return self.top - self.bottom > self.right - self.left


def write(source: Path, target: Path, task: Task) -> None:
    """Writes the text of a pdf, its pages parted by form feeds. Raises JobFailed."""
    pages = [hyphens.mend(page).strip() + "\n" for page in read(source, task).pages]
    if not any(page.strip() for page in pages):
        task.warn("no_text", "The pages are pictures without any text in them: OCR can read them.")
    target.write_text("\f".join(pages), encoding="utf-8")


def read(source: Path, task: Task) -> Text:
    """The text of a pdf; hyphens at the ends of lines are those of PDFium. Raises JobFailed, ProcessKilled."""
    said = copies.work(task, lambda within: msgspec.msgpack.encode(_read(source, within)))
    return msgspec.msgpack.decode(said, type=Text)


def _read(source: Path, task: Task) -> Text:
    pages, filled = [], []
    with pdfium.open_document(source, task) as document:
        try:
            for number in range(len(document)):
                copies.begin()
                text, lines = _page(document, number)
                pages.append(text)
                filled += lines
        except (pypdfium2.PdfiumError, ValueError) as error:
            raise trouble.not_a(task.file) from error
    copies.begin_freely()
    return Text(brackets.turn(pages), filled)


def _page(document: pypdfium2.PdfDocument, number: int) -> tuple[str, list[tuple[str, str]]]:
    page = document[number]
    words = page.get_textpage()
    try:
        text = words.get_text_range()
        entries = pdf_forms.read(document, page)
        if not entries and not right_to_left.LETTER.search(text):
            return _clean(text), []
        text, filled = _Page(words).read(entries)
        return _clean(text), filled
    finally:
        words.close()
        page.close()


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\0", "")


class _Page:
    """The letters of a page, and where they stand."""

    def __init__(self, words: pypdfium2.PdfTextPage) -> None:
        self._words = words
        self._text = "".join(chr(raw.FPDFText_GetUnicode(words, place)) for place in range(words.count_chars()))
        self._lean = _OF_PAGE if right_to_left.leaning(self._text) > 0 else -_OF_PAGE
        # The first stands for the top of the page.
        self._lines = [_Line(0, 0, 0, 0, 0, 0), *self._find_lines()]
        self._left = min((line.left for line in self._lines[1:]), default=0)
        self._right = max((line.right for line in self._lines[1:]), default=0)

    def read(self, entries: Iterable[Entry]) -> tuple[str, list[tuple[str, str]]]:
        """The text of the page with its entries, each where it stands; the lines beside them without and with them."""
        added = self._places(entries)
        parts, filled, last = [], [], 0
        for number, line in enumerate(self._lines):
            bare = self._in_order(line)
            here = [(place, said) for place, *_, said in sorted(added.get(number, ()))]
            whole = _with(bare, here)
            parts += [self._text[last : line.start], whole]
            last = line.end
            if here:
                filled.append((_paired(bare).strip(), _paired(whole).strip()))
        return _paired("".join([*parts, self._text[last:]])), filled

    def _find_lines(self) -> Iterator[_Line]:
        for found in _LINE.finditer(self._text):
            boxes = [self._words.get_charbox(one) for one in range(*found.span()) if not self._text[one].isspace()]
            if boxes:
                lefts, bottoms, rights, tops = zip(*boxes, strict=True)
                yield _Line(*found.span(), min(lefts), min(bottoms), max(rights), max(tops))

    def _in_order(self, line: _Line) -> str:
        text = self._text[line.start : line.end]
        if not right_to_left.LETTER.search(text) or line.is_upright or len(text) > _LONGEST_LINE:
            return text
        side = self._side_of(line) or self._lean
        return "\n".join(right_to_left.read(row, side).strip() for row in self._rows(line))

    def _rows(self, line: _Line) -> list[list[right_to_left.Sign]]:
        """The signs of a line, row by row: what PDFium takes for one may be several, as the rows of a table are."""
        rows: list[list[right_to_left.Sign]] = []
        heights: list[tuple[float, float]] = []
        row = 0
        for place in range(line.start, line.end):
            left, bottom, right, top = self._words.get_charbox(place, loose=True)
            sign = right_to_left.Sign(self._text[place], (left + right) / 2, place)
            if not sign.text.isspace():
                middle = (bottom + top) / 2
                row = next((n for n, (low, high) in enumerate(heights) if low < middle < high), len(rows))
            if row == len(rows):
                rows.append([])
                heights.append((bottom, top))
            rows[row].append(sign)
        order = sorted(range(len(rows)), key=lambda number: -heights[number][1])
        return [rows[number] for number in order]

    def _side_of(self, line: _Line) -> float:
        """What it tells of a line's direction at which side of the page it begins; 0 where it fills both or none."""
        left, right = line.left - self._left, self._right - line.right
        if abs(left - right) < _INDENT or min(left, right) > _INDENT:
            return 0
        return _OF_SIDE if right < left else -_OF_SIDE

    def _places(self, entries: Iterable[Entry]) -> dict[int, list[tuple[int, bool, float, str]]]:
        """By line: where in it each entry belongs, and what decides between several there."""
        added: dict[int, list[tuple[int, bool, float, str]]] = {}
        for order, entry in enumerate(sorted(entries, key=lambda one: (-one.top, one.left))):
            if beside := _line_beside(self._lines, entry):
                what = (self._place_in(self._lines[beside], entry), False, entry.left, entry.text)
                added.setdefault(beside, []).append(what)
            else:
                above = _line_above(self._lines, entry)
                end = self._lines[above].end - self._lines[above].start
                added.setdefault(above, []).append((end, True, order, f"\n{entry.text}"))
        return added

    def _place_in(self, line: _Line, entry: Entry) -> int:
        """Behind the last letter that is read before the entry."""
        text = self._text[line.start : line.end]
        if right_to_left.LETTER.search(text):
            return 0 if entry.left >= line.right else len(text)
        before = [
            number
            for number, sign in enumerate(text)
            if not sign.isspace() and self._words.get_charbox(line.start + number)[2] <= entry.left + _PLAY
        ]
        return max(before, default=-1) + 1


def _middle(entry: Entry) -> float:
    height = entry.top - entry.bottom
    return entry.top - _HIGH / 2 if height > _HIGH else entry.bottom + height / 2


def _line_beside(lines: list[_Line], entry: Entry) -> int:
    """The nearest line of the same height; 0 where there is none."""
    middle = _middle(entry)

    def apart(number: int) -> float:
        return max(lines[number].left - entry.right, entry.left - lines[number].right)

    beside = (n for n, one in enumerate(lines) if n and one.bottom - _PLAY <= middle <= one.top + _PLAY)
    return min(beside, key=apart, default=0)


def _line_above(lines: list[_Line], entry: Entry) -> int:
    """The nearest line that stands higher; 0, the top of the page, where there is none."""
    above = (number for number, one in enumerate(lines) if number and one.bottom > _middle(entry))
    return min(above, key=lambda number: lines[number].bottom, default=0)


def _with(line: str, added: Iterable[tuple[int, str]]) -> str:
    parts: list[str] = []
    last = 0
    for place, said in added:
        before = line[last:place].rstrip()
        parts += [before, " " if (before or parts) and not said.startswith("\n") else "", said]
        last = place
    rest = line[last:].strip() if parts else line
    return "".join([*parts, " " if parts and rest else "", rest])


def _paired(text: str) -> str:
    """PDFium tells a letter beyond 16 bits by two."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
