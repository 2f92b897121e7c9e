"""Reads plain lines of text: one column, `line`, in which each stands as it is."""

from collections.abc import Generator

import polars as pl

from filemill.engines.tables import trouble
from filemill.engines.tables.readers import heads, pieces
from filemill.engines.tables.readers.fed import Damaged, Fed
from filemill.engines.tables.readers.pieces import Pieces, Stream
from filemill.pipelines.run import InputFile, Say

LONGEST = 32 << 20
"""Bytes of a line at most: what is longer is no log."""


def open_log(stream: Stream, file: InputFile, say: Say) -> Fed:
    """A log, opened. Lines end in LF or CRLF; an empty one is a row with an empty text. Raises JobFailed."""
    try:
        head = heads.check(pieces.read_first(stream), file)
    except BaseException:
        stream.close()
        raise
    return Fed(file, {"line": pl.String()}, _frames(stream, head, file), stream, say)


def _frames(stream: Stream, head: bytes, file: InputFile) -> Generator[pl.DataFrame]:
    following = Pieces(stream, head, lambda data, size: data.rfind(b"\n", 0, size) + 1)
    rest = b""
    try:
        while data := following.read():
            rest = rest + data if rest else data
            end = rest.rfind(b"\n") + 1
            if end:
                yield from _lines(rest[:end])
            rest = rest[end:]
            if len(rest) > LONGEST:
                raise trouble.bad_file(file, f"A line is longer than {LONGEST >> 20} MB.")
        if rest:
            yield from _lines(rest)
    finally:
        following.close()


def _lines(piece: bytes) -> Generator[pl.DataFrame]:
    zero = piece.find(b"\0")
    end, bad = (len(piece), None) if zero < 0 else (piece.rfind(b"\n", 0, zero) + 1, heads.ZEROS)
    try:
        text = piece[:end].decode()
    except UnicodeDecodeError as error:
        text = piece[: piece.rfind(b"\n", 0, error.start) + 1].decode()
        bad = heads.no_text(piece[error.start])
    if text:
        lines = pl.Series("0", text.removesuffix("\n").split("\n"), pl.String)
        yield lines.str.strip_suffix("\r").to_frame()
    if bad:
        raise Damaged(bad)
