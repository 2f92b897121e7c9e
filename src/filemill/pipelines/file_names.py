"""What a file may be called, wherever somebody names one: a name stands in keys, headers, forms and lists."""

import unicodedata

LONGEST = 255
"""Bytes of UTF-8: what file systems, archives, and stores in one segment of a key take as well."""

_TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of what follows, so that a name shows another extension than it has."""


def fault(name: str) -> str | None:
    """What is wrong with a name, as the end of a sentence that begins with what is named; None for a good one."""
    if not 1 <= len(name.encode()) <= LONGEST:
        return f"must be 1 to {LONGEST} bytes long"
    if name.startswith("..") or any(
        sign in "/\\" or sign in _TURNING or unicodedata.category(sign) == "Cc" for sign in name
    ):
        return (
            "must not hold / or \\, control characters or characters that turn the direction of text, nor begin with"
            " two dots"
        )
    return None
