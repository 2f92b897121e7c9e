"""Which encoding a text is in, told from its first bytes: by its mark, its zero bytes, or by what it can be at all."""

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_LOOKED_AT = 4096
_MANY, _FEW = 0.3, 0.05

_ASCII = bytes(range(0x80))
_LETTERS_OF_UTF8 = re.compile(rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
"""Bytes that together are one letter. In windows-1252 most of them are an accented capital and a sign behind it."""

_DOUBTFUL = frozenset((*range(0xC6, 0xCC), 0xDF))
"""First bytes of rare letters in UTF-8; in windows-1252 they often stand before a closing quote: `CAFÉ”`, `Spaß“`."""

_ONE_BYTE_TEXT = re.compile(rb"[\t\n\r\x20-\x7e]+")
_LEAST_MIXED = 4
"""Bytes of a line at least: two letters of UTF-16 may by chance be four of ASCII, with a line feed hardly."""

_NOT_IN_WINDOWS_1252 = bytes((0x81, 0x8D, 0x8F, 0x90, 0x9D))
_LONG_RUN = 3


def of_mark(head: bytes) -> str | None:
    """The encoding that the mark names with which a file begins; None without one."""
    return next((name for mark, name in _MARKS if head.startswith(mark)), None)


def of_zeros(head: bytes) -> str | None:
    """UTF-16 without a mark, by the zero bytes that are half of every plain letter; None where it is not that."""
    looked_at = head[: min(_LOOKED_AT, len(head) // 2 * 2)]
    if b"\0" not in looked_at:
        return None
    pairs = len(looked_at) / 2
    first, second = looked_at[::2].count(0) / pairs, looked_at[1::2].count(0) / pairs
    if second > _MANY and first < _FEW:
        return "utf-16-le"
    return "utf-16-be" if first > _MANY and second < _FEW else None


def is_mostly_utf8(head: bytes) -> bool:
    """Whether a text that is not UTF-8 throughout is so for the most part: as many letters of it are whole as are not.

    Such a text is damaged UTF-8. In any other encoding each of the whole letters would read as two or more wrong ones.
    """
    letters = _LETTERS_OF_UTF8.findall(head)
    sure = sum(letter[0] not in _DOUBTFUL for letter in letters)
    beyond_ascii = len(head.translate(None, delete=_ASCII))
    return 0 < sure >= beyond_ascii - sum(map(len, letters))


def mixed(head: bytes) -> int | None:
    """Where a text goes over from letters of one byte to UTF-16, or back: the first byte of the second part.

    None for a text in one encoding. Programs that append to a file in an encoding of their own make such texts.
    """
    mark = of_mark(head)
    if mark is None:
        return _end_of_one_byte_lines(head)
    if mark in ("utf-16-le", "utf-16-be"):
        return _begin_of_one_byte_lines(head)
    return None


def _end_of_one_byte_lines(head: bytes) -> int | None:
    found = of_zeros(head)
    if found is None:
        return None
    # In UTF-16 a zero byte stands beside the first line feed.
    end = head.index(b"\0") - (found == "utf-16-le")
    lines = head[: head.rfind(b"\n", 0, end) + 1]
    return len(lines) if _ONE_BYTE_TEXT.fullmatch(lines) else None


def _begin_of_one_byte_lines(head: bytes) -> int | None:
    # The last letter of UTF-16 is a line feed: its zero byte stands behind it, or before it.
    start = head.rfind(b"\0") + 1
    start += head.startswith(b"\n", start)
    lines = head[start:]
    is_text = len(lines) >= _LEAST_MIXED and lines.endswith(b"\n") and _ONE_BYTE_TEXT.fullmatch(lines)
    return start if is_text else None


def guess(head: bytes, *, is_json: bool = False) -> str | None:
    """The encoding of a text that begins so; None where nobody could tell. JSON is never in one of 8 bits.

    What else is not UTF-8 is windows-1252, unless it cannot be: it has bytes which are no letter there, or most of
    those beyond ASCII stand in rows of three and more, as they do in Greek, Russian or Japanese, and in no language of
    the West.
    """
    found = of_mark(head) or of_zeros(head)
    if found or is_json:
        return found or "utf-8"
    try:
        # The last letter may be cut.
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "windows-1252" if _is_western(head) else None
    return "utf-8"


def _is_western(head: bytes) -> bool:
    if len(head.translate(None, delete=_NOT_IN_WINDOWS_1252)) != len(head):
        return False
    ascii_as_blank = bytes(b if b > 0x7F else 0x20 for b in range(256))
    runs = head.translate(ascii_as_blank).split()
    in_long_runs = sum(len(run) for run in runs if len(run) >= _LONG_RUN)
    return in_long_runs * 2 <= sum(map(len, runs))
