"""The pattern of lines that are as known: it finds in one go what decoding and encoding them again finds at leisure.

It matches whole lines of JSON with all known keys in their order, once each, values of their kinds, and no number that
could lose a digit. What it does not match may be as good, and is looked at line by line.
"""

import re

import msgspec
import polars as pl

from filemill.engines.tables.readers.json_kinds import Array, Kind, Object

_MOST_KEYS = 60
"""For more, the machine that runs the pattern outgrows its memory, and is slow."""

_MOST_LISTS = 4
"""In one another: each writes what it holds twice, and thirty would fill a gigabyte."""

WORTH = 1 << 20
"""Bytes; making the machine costs as much as looking at some hundred kilobytes."""

_HEX = "[0-9a-fA-F]"
_PAIRED = rf"\\u[dD][89abAB]{_HEX}{{2}}\\u[dD][c-fC-F]{_HEX}{{2}}"
_ESCAPED = rf'\\["\\/bfnrt]|\\u(?:[0-9a-ce-fA-CE-F]{_HEX}{{3}}|[dD][0-7]{_HEX}{{2}})|{_PAIRED}'
_TEXT = rf'"(?:[^"\\\x00-\x1f]|{_ESCAPED})*"'
_BOOL = "true|false"

# At most 15 digits, which a double carries: those behind the point are fewer, the more stand before it.
_FLOAT = (
    r"-?(?:0(?:\.[0-9]{1,15})?|[1-9][0-9]{0,4}(?:\.[0-9]{1,10})?|[1-9][0-9]{0,9}(?:\.[0-9]{1,5})?|[1-9][0-9]{0,14})"
)

_PATTERNS: dict[str, str] = {
    "null": "null",
    "bool": _BOOL,
    "int": "0|-?[1-9][0-9]{0,14}",
    "wide": "0|-?[1-9][0-9]{0,17}",
    "big": "0|-?[1-9][0-9]{0,36}",
    "float": _FLOAT,
    "text": _TEXT,
}


def of(kinds: dict[str, Kind], odd: set[str]) -> str | None:
    """The pattern of lines with these keys; under the odd ones any single value may stand. None where none is good."""
    if "json" in kinds.values() or any(_lists_in(kind) > _MOST_LISTS for kind in kinds.values()):
        return None
    anything = "|".join((_BOOL, _FLOAT, _TEXT))
    known = {key: anything if key in odd else _of(kind) for key, kind in kinds.items()}
    if sum(pattern.count('":') for pattern in known.values()) + len(known) > _MOST_KEYS:
        return None
    return rf"\A(?:{_object(known)}\r?\n)+\z"


def matches(pattern: str, lines: bytes) -> bool:
    """Whether these are whole lines of that pattern."""
    if len(lines) < WORTH:
        return False
    try:
        return bool(pl.Series([lines], dtype=pl.Binary).cast(pl.String).str.contains(pattern)[0])
    except pl.exceptions.ComputeError:
        # They are no UTF-8, or the pattern is larger than the library allows.
        return False


def _lists_in(kind: Kind) -> int:
    """How many lists stand in one another, at most."""
    if isinstance(kind, Array):
        return 1 + _lists_in(kind.inner)
    return max(map(_lists_in, kind.fields.values()), default=0) if isinstance(kind, Object) else 0


def _of(kind: Kind) -> str:
    if isinstance(kind, Array):
        inner = f"(?:null|{_of(kind.inner)})"
        return rf"\[(?:{inner}(?:, ?{inner})*)?\]"
    if isinstance(kind, Object):
        return _object({key: _of(inner) for key, inner in kind.fields.items()})
    return _PATTERNS[kind]


def _object(members: dict[str, str]) -> str:
    written = (
        f"{re.escape(msgspec.json.encode(key).decode())}: ?(?:null|{pattern})" for key, pattern in members.items()
    )
    return r"\{" + ", ?".join(written) + r"\}"
