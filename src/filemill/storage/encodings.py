"""Which encoding a text is in, told from its first bytes: by its mark, its zero bytes, or by what it can be at all."""

import codecs

_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)

_LOOKED_AT = 4096
_MANY, _FEW = 0.3, 0.05

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
