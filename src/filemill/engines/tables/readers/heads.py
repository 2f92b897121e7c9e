"""What the first bytes of a text file tell: that it is something else altogether, or no text."""

from filemill.engines.tables import trouble
from filemill.pipelines.run import InputFile

UTF8_MARK = b"\xef\xbb\xbf"

_OTHERS = (
    (b"%PDF", "a PDF"),
    (b"PK\x03\x04", "a zip file (or a spreadsheet)"),
    (b"\x1f\x8b", "packed with gzip, and its name should end in .gz"),
    (b"PAR1", "a Parquet file"),
    (b"\xd0\xcf\x11\xe0", "an old Office file"),
    (b"SQLite format 3", "a database"),
    (b"\x89PNG", "an image"),
    (b"\xff\xd8\xff", "an image"),
    (b"BZh", "packed with bzip2"),
    (b"\x28\xb5\x2f\xfd", "packed with zstd"),
    (b"7z\xbc\xaf", "packed with 7-Zip"),
)
_MARKUP = (b"<!doctype", b"<html", b"<?xml")

_LOOKED_AT = 4096

ZEROS_COME_FROM = (
    "a crash or a copy that broke off leaves a file with zero bytes at its end, and some encodings have them: cut them"
    " off, or name the encoding in input_options."
)
ZEROS = f"The row holds zero bytes, which no text does; {ZEROS_COME_FROM}"
"""What to say of a row behind the first bytes."""

NO_TEXT = 0xFF
"""The byte put for what has no meaning in the file's encoding: it has none in UTF-8 either, so its row is found out."""


def check_raw(head: bytes, file: InputFile) -> None:
    """Refuses a file of another kind by its first bytes, whatever their encoding. Raises JobFailed."""
    for magic, what in _OTHERS:
        if head.startswith(magic):
            raise trouble.bad_file(file, f"This is no .{file.format} file but {what}.")


def check(head: bytes, file: InputFile) -> bytes:
    """The first bytes of a text file, less a mark of UTF-8. Raises JobFailed for what cannot be the text of a table."""
    head = head.removeprefix(UTF8_MARK)
    if head[:_LOOKED_AT].lstrip().lower().startswith(_MARKUP):
        raise trouble.bad_file(file, f"This is no .{file.format} file but a page of markup (HTML or XML).")
    zero = head.find(b"\0", 0, _LOOKED_AT)
    if zero >= 0:
        raise trouble.bad_file(file, _zeros_at(head, zero))
    if not head.strip():
        raise trouble.bad_file(file, "The file is empty.")
    if b"\r" in head and b"\n" not in head:
        raise trouble.bad_file(
            file, "The lines end in a carriage return alone; please save the file with line feeds (LF or CRLF)."
        )
    return head


def _zeros_at(head: bytes, place: int) -> str:
    line = head.count(b"\n", 0, place) + 1
    behind = place - head.rfind(b"\n", 0, place)
    return f"Line {line} holds zero bytes from its byte {behind} on, which no text does; {ZEROS_COME_FROM}"


def no_text(byte: int) -> str:
    """What to say of a byte that has no meaning where it stands."""
    if byte == NO_TEXT:
        return "Some bytes are no text in the encoding that the file is read in; name its encoding in input_options."
    return f"The text is not UTF-8 (byte 0x{byte:02X}); name its encoding in input_options, or save it as UTF-8."
