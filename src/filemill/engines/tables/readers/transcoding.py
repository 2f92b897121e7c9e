"""Gives the text of a file as UTF-8, whatever its encoding: the one that is said, or else the one it seems to be in."""

import codecs
from collections.abc import Callable

from filemill.engines.tables import trouble
from filemill.engines.tables.readers import heads, pieces
from filemill.engines.tables.readers.pieces import Made, Stream
from filemill.pipelines.formats import FORMATS
from filemill.pipelines.run import InputFile, Say, Warned
from filemill.storage import encodings

_PIECE = 1 << 20
_UNMARKED = {"utf-16": "utf-16-le", "utf-32": "utf-32-le"}
_JSON = ("json", "ndjson")
_UTF8 = ("utf-8", "utf-8-sig", "ascii")

_MARKED = "filemill no text"
codecs.register_error(_MARKED, lambda error: (chr(0xDC00 + heads.NO_TEXT), error.end))  # type: ignore[attr-defined]
"""What cannot be decoded becomes what `surrogateescape` encodes as that byte."""


class Text:
    """A file of text. Called, it gives its bytes as UTF-8, from the first one on; what it finds out it says once."""

    def __init__(self, open_stream: Callable[[], Stream], file: InputFile, encoding: str | None, say: Say) -> None:
        self._open_stream = open_stream
        self._file = file
        self._encoding = codecs.lookup(encoding).name if encoding else None
        self._say = say

    def __call__(self) -> Stream:
        """Opens the file. Raises JobFailed where its encoding cannot be told."""
        stream = self._open_stream()
        try:
            head = pieces.read_first(stream)
            heads.check_raw(head, self._file)
            if self._encoding in _UNMARKED:
                self._encoding = encodings.of_mark(head) or encodings.of_zeros(head) or _UNMARKED[self._encoding]
            self._encoding = self._encoding or self._guess(head)
        except BaseException:
            stream.close()
            raise
        if self._encoding in _UTF8:
            return _Resumed(stream, head)
        return _Transcoded(stream, head, self._encoding)

    def _guess(self, head: bytes) -> str:
        self._refuse_mixed(head)
        found = encodings.guess(head, is_json=FORMATS[self._file.format].base in _JSON)
        if found in (None, "windows-1252") and encodings.is_mostly_utf8(head):
            return "utf-8"  # Its damaged rows are named as they are read.
        if found is None:
            raise trouble.bad_file(
                self._file, "The text is not UTF-8, and what it is cannot be told; name its encoding in input_options."
            )
        if found != "utf-8":
            what = f"the text is read as {found}; if that is wrong, name its encoding in input_options."
            self._say(Warned("guessed", f"{self._file.file_name}: {what}"))
        return found

    def _refuse_mixed(self, head: bytes) -> None:
        place = encodings.mixed(head)
        if place is None:
            return
        one, other = "text with one byte for each letter", "UTF-16"
        before, behind = (other, one) if encodings.of_mark(head) else (one, other)
        raise trouble.bad_file(
            self._file,
            f"The file begins as {before} and is {behind} from byte {place + 1:,} on; something was appended in another"
            " encoding. Save the whole file in one encoding.",
        )


class _Resumed(Made):
    """A stream whose first bytes were read already."""

    def readinto(self, view: memoryview) -> int:
        """Fills `view` unless the file ends before -> how many bytes. Raises JobFailed."""
        filled = super().readinto(view)
        return filled + self._stream.readinto(view[filled:]) if filled < len(view) else filled


class _Transcoded(Made):
    """The same, in another encoding."""

    def __init__(self, stream: Stream, before: bytes, encoding: str) -> None:
        super().__init__(stream)
        self._decoder = codecs.getincrementaldecoder(encoding)(_MARKED)
        self._raw: bytes | None = before

    def _make(self) -> bytes:
        text = ""
        while not text and self._raw is not None:
            # Without bytes the file has ended, and so must its last letter.
            text = self._decoder.decode(self._raw, final=not self._raw)
            self._raw = self._read() if self._raw else None
        return text.encode(errors="surrogateescape")

    def _read(self) -> bytes:
        data = bytearray(_PIECE)
        return bytes(memoryview(data)[: self._stream.readinto(memoryview(data))])
