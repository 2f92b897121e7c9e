"""The beginning of an input, which is all that a plan looks at: small enough to be held, and gone through again."""

from io import BytesIO

import msgspec

from filemill.engines.tables.readers import records
from filemill.engines.tables.readers.pieces import Stream
from filemill.engines.tables.table import Table
from filemill.pipelines.formats import TEXTS
from filemill.pipelines.options import InputOptions

MOST_BYTES = 1 << 20
"""Of a text, unpacked."""

MOST_ROWS = 10_000
"""Of a format that is no text, whose rows cannot be told by their bytes."""

CUT_BYTES = 64 << 10
"""A sample of more bytes that ends within a record was cut off there; a smaller one may just lack its last line end."""


class Held:
    """Bytes in memory, read as a stream."""

    def __init__(self, data: bytes) -> None:
        self.size = len(data)
        self._bytes = BytesIO(data)

    @property
    def offset(self) -> int:
        """Bytes read so far."""
        return self._bytes.tell()

    def readinto(self, view: memoryview) -> int:
        """Fills `view` unless the bytes end before -> how many."""
        return self._bytes.readinto(view)

    def close(self) -> None:
        """Nothing is open."""


class Beginning(msgspec.Struct, frozen=True):
    """Where a text begins: with `text`, where that is given, else with the first bytes of its file."""

    text: str | None = None

    def encoding(self, options: InputOptions) -> str | None:
        """The encoding that is said, if any; a text has none any more."""
        return options.encoding if self.text is None else "utf-8"

    def of(self, stream: Stream, base: str, options: InputOptions) -> Held:
        """The beginning of the text of a format, without a last record that is not whole."""
        buffer = bytearray(MOST_BYTES + 1)
        try:
            data = bytes(memoryview(buffer)[: stream.readinto(memoryview(buffer))])
        finally:
            stream.close()
        is_cut = self.text is not None and len(self.text.encode()) > CUT_BYTES
        if is_cut and base == "json":
            data = _without_odds(data)
        if not is_cut and len(data) <= MOST_BYTES:
            return Held(data)
        data = data[:MOST_BYTES]
        end = data.rfind(b"\n") + 1
        if base in ("csv", "tsv"):
            end = records.end_of_records(data, len(data), quote=(options.quote or '"').encode())
        return Held(data[:end] if end else data)


def held(opened: Table, base: str) -> Table:
    """The table of a file of this format with its rows in memory."""
    frame = opened.frame if base in TEXTS else opened.frame.head(MOST_ROWS)
    rows = frame.collect(engine="streaming")
    height = None if opened.height is None else rows.height
    return msgspec.structs.replace(opened, frame=rows.lazy(), height=height, again=True)


def _without_odds(lines: bytes) -> bytes:
    """Lines of JSON, less the last one if that is only what was left of a value."""
    start = lines.rfind(b"\n", 0, -1) + 1
    try:
        msgspec.json.decode(lines[start:])
    except msgspec.ValidationError:  # a number beyond the library's types is whole all the same
        return lines
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return lines[:start]
    return lines
