"""JSON of which nothing may be lost: a key that stands twice in one object is found, and a number too long for a float.

The library that reads JSON quickly passes over both. So what it has read is written again and compared; only where that
differs in more than the way of writing is it looked at member by member.
"""

import json
import re
from typing import Any

import msgspec

from filemill.engines.tables import floats

_MAY_LOSE = re.compile(rb"\.(?:(?<=[0-9]{9}\.)[0-9]+|[0-9]{8,})(?:[eE][+-]?[0-9]+)?")
"""Of every number with a point and more than 15 digits what stands behind its whole ones."""

_MAY_VANISH = re.compile(rb"[eE](?:-[0-9]{3}|(?<=[0-9]{16}[eE])[+-]?[0-9])")
"""Exponents that take a float to zero, and those of long numbers without a point."""

_SURE_LENGTH = 16
"""Fifteen digits and a point: a float gives back any number that is no longer."""

_LONGEST_WHOLE = 100

_encoder = msgspec.json.Encoder()


class Twice(ValueError):
    """A key stands twice in one object."""

    def __init__(self, key: str) -> None:
        super().__init__(key)
        self.key = key


class Long(msgspec.Struct, frozen=True):
    """A number of more digits than any type here gives back."""

    digits: str


def is_exact(lines: bytes, decoded: list[Any]) -> bool:
    """Whether nothing of `lines` was lost when they were decoded."""
    again = _encoder.encode_lines(decoded)
    if again == lines:
        return True
    pairs = zip(_squeezed(lines).split(b"\n"), _squeezed(again).split(b"\n"), strict=True)
    others = [(line, other) for line, other in pairs if line != other]
    return _is_as_good(b"\n".join(line for line, _ in others), b"\n".join(other for _, other in others)) or all(
        _is_kept(line) for line, _ in others
    )


def decode(text: bytes) -> Any:
    """What stands there, with `Long` for a number too long. Raises Twice, and ValueError for what is no JSON."""
    return json.loads(text, object_pairs_hook=_once, parse_float=_fraction, parse_int=_whole)


def _squeezed(lines: bytes) -> bytes:
    """Without any blanks; in texts, too, which does no harm where both lose them."""
    return lines.translate(None, delete=b" \t\r")


def _is_as_good(lines: bytes, again: bytes) -> bool:
    """Whether lines that are written in another way hold the same for sure: as many keys, and no number in doubt."""
    if rb"\u0022" in lines or _MAY_VANISH.search(lines):
        return False
    return _members(again) == _members(lines) and not any(_loses(lines, found) for found in _MAY_LOSE.finditer(lines))


def _members(lines: bytes) -> int:
    """How many keys there are, and some texts that look like one."""
    return lines.count(b'":')


def _is_kept(line: bytes) -> bool:
    """The same of one line, by taking it apart."""
    try:
        json.loads(line, object_pairs_hook=_once, parse_float=_insist)
    except ValueError:
        return False
    return True


def _insist(text: str) -> float:
    value = _fraction(text)
    if not isinstance(value, Long):
        return value
    raise ValueError(text)


def _loses(lines: bytes, found: re.Match[bytes]) -> bool:
    start, end = found.span()
    while lines[start - 1 : start].isdigit():
        start -= 1
    number = lines[start:end].decode()
    # A point in a text need not have a digit before it.
    return number[0] != "." and isinstance(_fraction(number), Long)


def _fraction(text: str) -> float | Long:
    if len(text) <= _SURE_LENGTH and "e" not in text and "E" not in text:
        return float(text)
    value = float(text)
    is_kept = abs(value) != float("inf") and (repr(value) == text or floats.gives_back(value, floats.number_of(text)))
    return value if is_kept else Long(text)


def _whole(text: str) -> int | Long:
    return int(text) if len(text) <= _LONGEST_WHOLE else Long(text)


def _once(members: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(members)
    if len(found) < len(members):
        seen: set[str] = set()
        for key, _ in members:
            if key in seen:
                raise Twice(key)
            seen.add(key)
    return found
