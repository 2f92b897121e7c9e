"""Turns a JSON file, an array of objects or objects one after another, into the lines of an NDJSON file.

So the file is never in memory as a whole: a value that is complete becomes a line, the rest waits for more bytes. What
is no JSON becomes a line too, which the reader of the lines will refuse with its row.
"""

import json
import re

import msgspec

from filemill.engines.tables import trouble
from filemill.engines.tables.readers import heads
from filemill.engines.tables.readers.pieces import Made, Stream
from filemill.pipelines.run import InputFile

LONGEST = 32 << 20
"""Bytes that one object may have at most."""

_PIECE = 4 << 20
_SPACE = b" \t\r\n"
_BETWEEN = re.compile(rb"\}[ \t\r\n]*,[ \t\r\n]*(?=\{)")
_TRIES = 3
_HOPELESS = 1 << 20
"""So much of what is no JSON is handed on, to be refused."""

_raws = msgspec.json.Decoder(list[msgspec.Raw])
_scan = json.JSONDecoder(parse_int=str).raw_decode
"""Whole numbers stay text: Python makes none of more than 4,300 digits."""


class JsonLines(Made):
    """The lines, read like a `Reader`. Raises JobFailed where the file is something else altogether."""

    def __init__(self, stream: Stream, file: InputFile) -> None:
        super().__init__(stream)
        self._file = file
        self._rest = b""
        self._ended = False
        self._is_first = True
        self._is_array: bool | None = None
        self._is_over = False
        self._is_hopeless = False

    def _make(self) -> bytes:
        """The next lines; nothing at the end."""
        lines: list[bytes] = []
        while not lines:
            if self._ended and not self._rest.strip(_SPACE):
                if self._is_array and not self._is_over:
                    self._is_over = True
                    return b"[The array does not end.\n"
                if self._is_first and not self._is_hopeless:
                    raise trouble.bad_file(self._file, "The array is empty, so the table has no columns.")
                return b""
            if not self._ended:
                self._read()
            lines, end = self._whole_values()
            self._rest = self._rest[end:]
            if not lines and self._rest.strip(_SPACE) and (self._ended or len(self._rest) > LONGEST):
                # A line feed in a text would be made right by becoming a space; this way it stays wrong.
                mark = b"\x01" if self._is_over else b""
                rest = self._rest.lstrip(_SPACE)[:_HOPELESS]
                if self._is_array and rest.startswith(b",") and rest[1:].strip(_SPACE):
                    rest = rest[1:].lstrip(_SPACE)  # what is wrong is the value behind it
                lines, self._rest = [mark + rest.replace(b"\n", b"\x01")], b""
                self._ended = self._is_over = self._is_hopeless = True
        return b"".join(line.replace(b"\n", b" ") + b"\n" for line in lines)

    def _read(self) -> None:
        data = bytearray(_PIECE)
        count = self._stream.readinto(memoryview(data))
        self._ended = not count
        self._rest += bytes(memoryview(data)[:count])
        if self._is_array is None:
            self._rest = heads.check(self._rest, self._file).lstrip(_SPACE)
            self._is_array = self._rest.startswith(b"[")
            self._rest = self._rest[1:] if self._is_array else self._rest
            if not self._is_array and not self._rest.startswith(b"{"):
                raise trouble.bad_file(self._file, "The file holds neither a JSON array of objects nor objects.")

    def _whole_values(self) -> tuple[list[bytes], int]:
        """The values that are whole at the beginning of what was read, and where they end."""
        return self._quickly() or self._carefully()

    def _quickly(self) -> tuple[list[bytes], int] | None:
        """Objects in an array, up to what may be the last comma between two of them: it is if all before it is JSON."""
        if not self._is_array or self._is_over:
            return None
        rest = self._rest
        start = _skip_blanks(rest)
        if not self._is_first:
            if rest[start : start + 1] != b",":
                return None
            start += 1
        ends = [found.start() + 1 for found in _BETWEEN.finditer(rest, max(start, len(rest) - (1 << 16)))]
        for end in ends[: -_TRIES - 1 : -1]:
            try:
                values = _raws.decode(b"[" + rest[start:end] + b"]")
            except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
                continue
            self._is_first = False
            return [bytes(value) for value in values], end
        return None

    def _carefully(self) -> tuple[list[bytes], int]:
        text = self._rest.decode(errors="surrogateescape")
        lines: list[bytes] = []
        at = 0
        while True:
            start = _skip_space(text, at)
            if self._is_array and not self._is_over and text[start : start + 1] == "]":
                self._is_over = True
                at = start + 1
                continue
            if self._is_over:
                break
            if self._is_array and not self._is_first:
                if text[start : start + 1] != ",":
                    break
                start = _skip_space(text, start + 1)
            try:
                _, end = _scan(text, start)
            except (ValueError, RecursionError):
                break
            if text[start] not in '{["' and end == len(text) and not self._ended:
                # A number may go on in the next piece.
                break
            lines.append(_encode(text[start:end]))
            self._is_first = False
            at = end
        return lines, len(_encode(text[:at]))


def _skip_blanks(data: bytes) -> int:
    return len(data) - len(data.lstrip(_SPACE))


def _skip_space(text: str, at: int) -> int:
    while text[at : at + 1] in (" ", "\t", "\r", "\n"):
        at += 1
    return at


def _encode(text: str) -> bytes:
    return text.encode(errors="surrogateescape")
