"""Goes through a whole NDJSON file once, to learn its keys and the kinds of their values before the first row is read.

A key that is first seen in the last line is a column, too; and a value of another kind than its column's is remembered
as odd, to be named if the column is needed.
"""

import json
import re
from typing import Any

import msgspec

from filemill.engines.tables import trouble
from filemill.engines.tables.readers import heads, json_exact, json_kinds, json_pattern
from filemill.engines.tables.readers.json_exact import Twice
from filemill.engines.tables.readers.json_kinds import Apart, Crowd, Kind

_LESSON = 128 << 10
"""Bytes looked at together: in one with something new every line is taken apart, forty times slower."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_TEXT_OR_NUMBER = re.compile(rb'"(?:[^"\\]|\\.)*"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?', re.DOTALL)
_anything = msgspec.json.Decoder()


class Survey:
    """What is known so far.

    `kinds` by key, in the order of their first appearance; `odd` are keys under which values of several kinds stand.
    `fault` says what is wrong with the line that begins at byte `end`, after `rows` good ones.
    """

    def __init__(self) -> None:
        self.kinds: dict[str, Kind] = {}
        self.odd: set[str] = set()
        self.rows = 0
        self.end = 0
        self.fault: str | None = None
        self._checked: msgspec.json.Decoder[Any] | None = None
        self._pattern: str | None = None
        self._missed: str | None = None
        self._crowds: dict[str, Crowd] = {}

    def take(self, piece: bytes) -> None:
        """Learns from whole lines. Nothing is learnt after a fault."""
        if self._pattern and not self.fault and json_pattern.matches(self._pattern, piece):
            self.rows += piece.count(b"\n")
            self.end += len(piece)
            return
        if len(piece) >= json_pattern.WORTH:
            # What was missed once will be missed again, and is not tried before something new was learnt.
            self._missed, self._pattern = self._pattern, None
        start = 0
        while start < len(piece) and not self.fault:
            end = piece.rfind(b"\n", start, start + _LESSON) + 1 or piece.find(b"\n", start) + 1
            lesson = piece[start:end]
            if self._checked is None or not self._is_as_known(lesson):
                self._learn(lesson)
            start = end

    def _is_as_known(self, piece: bytes) -> bool:
        """The quick way: every line decodes to what is known already."""
        assert self._checked is not None
        try:
            lines = self._checked.decode_lines(piece)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return False
        if len(lines) != piece.count(b"\n") or not json_exact.is_exact(piece, lines):
            return False
        self.rows += len(lines)
        self.end += len(piece)
        return True

    def _learn(self, piece: bytes) -> None:
        for line in _lines(piece):
            if line.strip():
                self.fault = self._learn_line(line)
                if self.fault:
                    return
                self.rows += 1
            self.end += len(line)
        try:
            self._checked = msgspec.json.Decoder(json_kinds.checked_type_of(self.kinds, self.odd))
        except json_kinds.Unchecked:
            self._checked = None
        pattern = json_pattern.of(self.kinds, self.odd)
        self._pattern = pattern if pattern != self._missed else None

    def _learn_line(self, line: bytes) -> str | None:
        try:
            _validate(line)
            values = json_exact.decode(line)
        except Twice as twice:
            return f"The key {trouble.shorten(twice.key)} stands twice in one object."
        except UnicodeDecodeError:
            return "The text is not UTF-8; name its encoding in input_options, or save it as UTF-8."
        except RecursionError:
            return f"The values are nested deeper than {json_kinds.DEEPEST} levels."
        except msgspec.MsgspecError as error:
            return heads.ZEROS if b"\0" in line else f"This is no JSON{_place(error, line)}."
        if not isinstance(values, dict):
            return "This is no JSON object."
        for key, value in values.items():
            self._learn_value(key, value)
        return None

    def _learn_value(self, key: str, value: object) -> None:
        known = self.kinds.setdefault(key, "null")
        if known == "json":
            return
        try:
            kind = json_kinds.merge(known, json_kinds.of(value))
        except Apart:
            self.odd.add(key)
            return
        if isinstance(value, dict | list):
            crowd = self._crowds.setdefault(key, Crowd())
            crowd.take(value)
            if kind != known and crowd.is_too_many(kind):
                kind = "json"
                self.odd.discard(key)
        self.kinds[key] = kind


def _lines(piece: bytes) -> list[bytes]:
    """Lines end at a line feed alone; `splitlines` would end them at a carriage return, too."""
    return [line + b"\n" for line in piece.removesuffix(b"\n").split(b"\n")]


def _validate(line: bytes) -> None:
    """Raises what the library raises for a line that is no JSON. A number beyond all of its types is JSON as well."""
    try:
        _anything.decode(line)
    except msgspec.ValidationError:
        _anything.decode(_TEXT_OR_NUMBER.sub(_without_number, line))


def _without_number(found: re.Match[bytes]) -> bytes:
    """A text as it stands; a number as a zero of the same length, so that what is wrong behind it keeps its place."""
    return found[0] if found[0].startswith(b'"') else b"0".ljust(len(found[0]))


def _place(error: Exception, line: bytes) -> str:
    text = str(error)
    if half := _half_of_a_pair(line):
        return f": {half} is half of a pair that stands for one sign, and stands alone"
    if "(byte" in text:
        return f" (at byte {int(text.split('(byte')[1].strip(' )')) + 1} of it)"
    if "truncated" in text:
        return ": it ends too early; the file may have been cut short"
    return " that can be read"


def _half_of_a_pair(line: bytes) -> str | None:
    """An escaped surrogate without its other half, if there is one: no text holds that, though Python would."""
    try:
        text = json.dumps(json.loads(line, parse_int=str), ensure_ascii=False)
    except (ValueError, RecursionError):
        return None
    alone = _SURROGATE.search(text)
    return f"\\u{ord(alone.group()):04x}" if alone else None
