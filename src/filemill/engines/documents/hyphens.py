"""Hyphens at the ends of lines: those that part a word go, those that belong to it stay.

The word's own letters tell which, then the rest of the text, then a dictionary of its language.
"""

import re
from collections.abc import Iterator

import msgspec

from filemill.engines.documents import dictionaries
from filemill.engines.documents.dictionaries import Words

MARKS = "\ufffe\x02"
"""How PDFium tells a hyphen at the end of a line, and the end with it."""

_SOFT = "\u00ad"
"""The sign that parts a word and never belongs to it."""

_LONGEST = 80
_BREAK = re.compile(rf"[{MARKS}](?:\r?\n)?|(?<=\w)[-\u2010{_SOFT}]\r?\n(?=\w)")
_BEFORE = re.compile(rf"[^\s{MARKS}]*$")
_BEHIND = re.compile(rf"[^\s{MARKS}]*")
_LAST_LETTERS = re.compile(r"[^\W\d_]*$")
_FIRST_LETTERS = re.compile(r"[^\W\d_]*")
_COMPOUND = re.compile(r"\w+(?:-\w+)*")


class Broken(msgspec.Struct, frozen=True):
    """A word over the end of a line: its parts, what stands between them once they are together, its place in the text.

    A sign of None says that they are two words, of which the first ends with a hyphen.
    """

    before: str
    behind: str
    sign: str | None
    start: int
    end: int


def find(text: str) -> Iterator[Broken]:
    """Every word of a text that goes on in the next line."""
    seen: _Seen | None = None
    for found in _BREAK.finditer(text):
        seen = seen or _Seen(text)
        start, end = found.span()
        before = _BEFORE.search(text, max(0, start - _LONGEST), start)
        behind = _BEHIND.match(text, end, end + _LONGEST)
        assert before is not None
        assert behind is not None
        sign = "" if found[0].startswith(_SOFT) else seen.sign_between(before[0], behind[0])
        yield Broken(before[0], behind[0], sign, start, end)


def mend(text: str) -> str:
    """The text with each such word in one piece, in the line where it begins."""
    parts, place = [], 0
    for broken in find(text):
        parts += [text[place : broken.start], "-\n" if broken.sign is None else broken.sign]
        place = broken.end
        if broken.sign is not None:
            place += len(broken.behind)
            parts.append(broken.behind)
            blanks = re.compile(r"[ \t]+(?=\S)").match(text, place)
            if blanks:
                parts.append("\n")
                place = blanks.end()
    return "".join([*parts, text[place:]])


class _Seen:
    """What the text itself and its language know of words."""

    def __init__(self, text: str) -> None:
        self._words: Words | None = dictionaries.of(text)
        self._said = set(_COMPOUND.findall(text.lower()))

    def sign_between(self, before: str, behind: str) -> str | None:
        """What belongs between the two."""
        last, first = _letters(_LAST_LETTERS, before), _letters(_FIRST_LETTERS, behind)
        if not last or not first:
            return "-" if before[-1:].isalnum() and behind[:1].isalnum() else None
        if self._is_compound(before, behind, last, first):
            return "-"
        together = last + first
        if (sign := self._as_said(last, first)) is not None:
            return sign
        if self._words is None or together in self._words:
            return ""
        if self._words.joins(first):
            return None
        return "-" if last in self._words and first in self._words else ""

    def _is_compound(self, before: str, behind: str, last: str, first: str) -> bool:
        """Whether its own letters tell that the hyphen belongs to it: U-Bahn, e-mail, state-of-the-art."""
        has_more = "-" in before[: -len(last)] or behind[len(first) :].startswith("-")
        return has_more or 1 in (len(last), len(first)) or (first[0].isupper() and not last.isupper())

    def _as_said(self, last: str, first: str) -> str | None:
        """How the text has it where no line ends; None where it has not, or has both."""
        together, parted = (last + first).lower(), f"{last}-{first}".lower()
        if (together in self._said) == (parted in self._said):
            return None
        return "" if together in self._said else "-"


def _letters(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[0] if found else ""
