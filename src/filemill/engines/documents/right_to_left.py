"""Lines with Hebrew or Arabic in the order in which they are read, from where their letters stand on the page.

The rules are those of the Unicode bidirectional algorithm (UAX 9), the other way round: from what is seen to what was
written. PDFium's own order is wrong where a line has words of both directions.
"""

import re
import unicodedata
from collections.abc import Callable

import msgspec

LETTER = re.compile("[\u0590-\u065f\u066d-\u06ef\u06fa-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U0001efff]")
"""A letter that runs from right to left, or a mark on one."""

_ARABIC = re.compile("[\u0600-\u08ff\ufb50-\ufdff\ufe70-\ufefc]")
_BRACKETS = "()[]{}"
_JOINING, _JOINING_AMONG_ARABIC = "+-.,:/", ".,:/"
"""Signs that belong to a number where one stands between two digits."""

_TOUCHING = "%$\u20ac\u00a3#\u00b0\u2030"
"""Signs that belong to a number that they touch."""


class Sign(msgspec.Struct, frozen=True):
    """A letter or another sign of a line, its middle from the left, its place in PDFium's order."""

    text: str
    middle: float
    place: int


def begins(text: str) -> bool:
    """Whether the first letter of a paragraph runs from right to left."""
    return next((bool(LETTER.match(sign)) for sign in text if sign.isalpha()), False)


def leaning(text: str) -> int:
    """How many letters more run from right to left than from left to right."""
    return sum(1 if LETTER.match(sign) else -1 for sign in text if sign.isalpha())


def read(signs: list[Sign], prior: float) -> str:
    """A line as it is read. `prior` is what else tells its direction, for each of its letters: above 0 to the left."""
    signs = _with_marks(signs)
    if _runs_left(signs, prior):
        return _text(_turned(_leftwards(signs), _end_of_latin, _rightwards))
    return _text(_turned(_rightwards(signs), _end_of_right, _read_from_right))


def _runs_left(signs: list[Sign], prior: float) -> bool:
    letters = [sign for sign in _rightwards(signs) if sign.text.isalpha()]
    ends = {bool(LETTER.match(letters[end].text)) for end in (0, -1)} if letters else {False}
    if len(ends) == 1:  # what a line begins and ends with is what it is in
        return ends.pop()
    return leaning(_text(signs)) + prior * len(letters) > 0


def _read_from_right(signs: list[Sign]) -> list[Sign]:
    return _turned(_leftwards(signs), _end_of_number, _rightwards)


def _with_marks(signs: list[Sign]) -> list[Sign]:
    """The signs, every mark where its letter stands: PDFium has it behind that."""
    found: list[Sign] = []
    for sign in signs:
        is_mark = found and unicodedata.combining(sign.text[0])
        found.append(Sign(sign.text, found[-1].middle, sign.place) if is_mark else sign)
    return found


def _leftwards(signs: list[Sign]) -> list[Sign]:
    return sorted(signs, key=lambda sign: (-sign.middle, sign.place))


def _rightwards(signs: list[Sign]) -> list[Sign]:
    return sorted(signs, key=lambda sign: (sign.middle, sign.place))


def _text(signs: list[Sign]) -> str:
    return "".join(sign.text for sign in signs)


def _turned(
    signs: list[Sign], end_of_run: Callable[[list[Sign], int], int], order: Callable[[list[Sign]], list[Sign]]
) -> list[Sign]:
    """The signs, with the runs of the other direction in their own order."""
    found: list[Sign] = []
    place = 0
    while place < len(signs):
        end = end_of_run(signs, place)
        if end == place:
            found.append(signs[place])
            place += 1
            continue
        run = signs[place:end]
        if found and found[-1].text in _BRACKETS and _leave_open(run):  # the run's own bracket closes it
            run.insert(0, found.pop())
        found += order(run)
        place = end
    return found


def _leave_open(signs: list[Sign]) -> bool:
    return sum(sign.text in _BRACKETS for sign in signs) % 2 == 1


def _is_latin(sign: Sign) -> bool:
    return sign.text.isalpha() and not LETTER.match(sign.text)


def _end_of_latin(signs: list[Sign], start: int) -> int:
    """Where a run of words from left to right ends, numbers among them; without words, where a number ends."""
    if not _is_latin(signs[start]) and not _is_number_of_words(signs, start):
        return _end_of_number(signs, start)
    last, has_letters = start, False
    for place in range(start, len(signs)):
        if LETTER.match(signs[place].text):
            break
        if _is_latin(signs[place]) or signs[place].text.isdigit():
            last = place
            has_letters = has_letters or _is_latin(signs[place])
    return last + 1 if has_letters else _end_of_number(signs, start)


def _is_number_of_words(signs: list[Sign], start: int) -> bool:
    """Whether a digit stands behind words from left to right, with no bracket between."""
    if not signs[start].text.isdigit():
        return False
    next_word = next((sign for sign in signs[start:] if sign.text.isalpha() or sign.text in _BRACKETS), None)
    return next_word is not None and _is_latin(next_word)


def _end_of_right(signs: list[Sign], start: int) -> int:
    """Where a run of words from right to left ends, with the numbers between them."""
    last = start - 1
    for place in range(start, len(signs)):
        if _is_latin(signs[place]):
            break
        if LETTER.match(signs[place].text):
            last = place
        elif place == start:
            break
    return last + 1


def _end_of_number(signs: list[Sign], start: int) -> int:
    """Where a number ends, with the signs that belong to it. Among Arabic letters fewer do."""
    before = next((sign.text for sign in reversed(signs[:start]) if LETTER.match(sign.text)), "")
    is_arabic = bool(_ARABIC.match(before))
    joining, touching = (_JOINING_AMONG_ARABIC, "") if is_arabic else (_JOINING, _TOUCHING)
    place, has_digits = start, False
    while place < len(signs):
        text = signs[place].text
        follows = signs[place + 1].text if place + 1 < len(signs) else ""
        if text.isdigit():
            has_digits = True
        elif not (text in touching and (has_digits or follows.isdigit())) and not (
            text in joining and has_digits and follows.isdigit()
        ):
            break
        place += 1
    return place if has_digits else start
