"""Markdown of a pdf, put right by what PDFium reads on the same pages: forms, hyphens, texts that run from the right.

Whoever made the Markdown knows headings, tables and pictures; words that go on in the next line, and the order of
Hebrew and Arabic, PDFium knows better.
"""

import re
from collections import Counter

from filemill.engines.documents import hyphens, pdf_text
from filemill.engines.documents.right_to_left import LETTER
from filemill.engines.documents.task import Task

_MARKED = re.compile(r"([\\`*_\[\]<>])")
_WORD = re.compile(r"\S+")
_SIGN = re.compile(r"(?<!\\)(?:[*\[\]]|(?<![^\W_])_|_(?![^\W_]))")  # inside of a word a stroke means nothing
_ESCAPE = re.compile(r"\\([!-/:-@\[-`{-~])")
_STARS = re.compile(r"(?<!\\)(\*{1,3}|~~)")
_HEAD = re.compile(r"\s*(?:#{1,6} |[-*+] |\d+[.)] |> )*")
_PARTED = re.compile(r"(?<=\w)[-\u2010\u00ad]\s+(?=\w)")
_LONGEST_PART = 200
_CELLS = re.compile(r"(?<!\\)\|")
_MOST_STEPS = 30_000_000
"""Letters that are compared in one document; a page takes some ten thousand."""


def mend(text: str, read: pdf_text.Text, task: Task) -> str:
    """The Markdown as the pdf has it, which was `read`."""
    whole = "\n".join(read.pages)
    text = _with_entries(_with_signs(text, whole), read.filled)
    if LETTER.search(text):
        text = _in_order(text, whole, task)
    return _whole_words(text, whole)


def _with_signs(text: str, pages: str) -> str:
    """Escapes the stars, strokes and brackets that the pages themselves have: whoever made the Markdown does not."""
    words = {word for word in _WORD.findall(pages) if _SIGN.search(word)}

    def escaped(found: re.Match[str]) -> str:
        is_of_list = found[0] == "*" and text[max(0, found.start() - 1) : found.start()] in ("", "\n")
        is_literal = _ESCAPE.sub(r"\1", found[0]) in words and not is_of_list
        return _SIGN.sub(r"\\\g<0>", found[0]) if is_literal else found[0]

    return _WORD.sub(escaped, text) if words else text


def _with_entries(text: str, filled: list[tuple[str, str]]) -> str:
    """Puts what was filled in behind the line beside it, or to the end where that is not found."""
    left, place = [], 0
    for bare, whole in filled:
        said = _escaped(whole).replace("\n", "  \n")
        found = _spaced(bare).search(text, place) or _spaced(bare).search(text) if bare else None
        if found is None:
            left.append(said)
            continue
        text = f"{text[: found.start()]}{said}{text[found.end() :]}"
        place = found.start() + len(said)
    return "\n\n".join([text.rstrip("\n"), *left]) + "\n" if left else text


def _spaced(words: str) -> re.Pattern[str]:
    return re.compile(r"\s+".join(re.escape(_escaped(word)) for word in words.split()))


def _whole_words(text: str, pages: str) -> str:
    """Puts the words together that go on in the next line."""
    signs = {(broken.before, broken.behind): broken.sign for broken in hyphens.find(pages)}
    if not signs:
        return text
    parts, last = [], 0
    for found in _PARTED.finditer(text):
        before = _plain(text[max(last, found.start() - _LONGEST_PART) : found.start()].rsplit(maxsplit=1)[-1])
        behind = _plain(text[found.end() : found.end() + _LONGEST_PART].split(maxsplit=1)[0])
        sign = signs.get((before, behind))
        if sign is not None:
            parts += [text[last : found.start()], sign]
            last = found.end()
    return "".join([*parts, text[last:]])


def _in_order(text: str, pages: str, task: Task) -> str:
    order = _Order(pages)
    lines = [_line(line, order) if LETTER.search(line) else line for line in text.split("\n")]
    if order.unknown:
        what = f"Of {order.unknown} lines of Hebrew or Arabic the order of words is not known: it may be another one."
        task.warn("guessed", what)
    return "\n".join(lines)


def _line(line: str, order: "_Order") -> str:
    if line.lstrip().startswith("|"):
        cells = _CELLS.split(line)
        return "|".join(f" {order.of(cell.strip())} " if LETTER.search(cell) else cell for cell in cells)
    head = _HEAD.match(line)
    start = head.end() if head else 0
    return line[:start] + order.of(line[start:])


class _Order:
    """Finds what the pages say with the same letters, in the order in which they are read."""

    def __init__(self, pages: str) -> None:
        self.unknown = 0
        self._pages = pages
        self._places = [place for place, sign in enumerate(pages) if sign.isalnum()]
        self._letters = [pages[place] for place in self._places]
        self._next, self._steps = 0, 0

    def of(self, marked: str) -> str:
        """The marked-up text of one paragraph, heading or cell, its letters as the pages have them."""
        wanted = Counter(sign for sign in _plain(marked) if sign.isalnum())
        size = wanted.total()
        first = self._find(wanted, size, self._next, len(self._letters))
        if first is None:
            first = self._find(wanted, size, 0, self._next + size)
        if first is None:
            self.unknown += 1
            return marked
        self._next = first + size
        return _escaped(" ".join(self._around(first, first + size).split()))

    def _find(self, wanted: Counter[str], size: int, start: int, end: int) -> int | None:
        """Where so many letters in a row are the wanted ones."""
        end = min(end, len(self._letters))
        if end - start < size or self._steps > _MOST_STEPS:
            return None
        lacking = Counter(wanted)
        lacking.subtract(self._letters[start : start + size])
        wrong = sum(count != 0 for count in lacking.values())
        for place in range(start, end - size + 1):
            if not wrong:
                return place
            if place + size == end:
                break
            for sign, change in ((self._letters[place], 1), (self._letters[place + size], -1)):
                was = lacking[sign]
                lacking[sign] = was + change
                wrong += (was == 0) - (was + change == 0)
        self._steps += end - start
        return None

    def _around(self, first: int, last: int) -> str:
        """These letters, what stands between them, and signs that touch them."""
        start, end = self._places[first], self._places[last - 1] + 1
        while start and not (self._pages[start - 1].isspace() or self._pages[start - 1].isalnum()):
            start -= 1
        while end < len(self._pages) and not (self._pages[end].isspace() or self._pages[end].isalnum()):
            end += 1
        return self._pages[start:end]


def _plain(marked: str) -> str:
    return _ESCAPE.sub(r"\1", _STARS.sub("", marked))


def _escaped(text: str) -> str:
    return _MARKED.sub(r"\\\1", text).replace("|", "\\|")
