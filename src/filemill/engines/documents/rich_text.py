r"""RTF without fields that bring in other files: LibreOffice follows some of them in spite of its settings.

A field's instruction is kept where it begins with a word that is known to bring in nothing; any other loses its name,
`\fldinst`, to one of the same length that no reader knows, so that nothing in the file moves. What the field showed
when the file was saved stays.
"""

import re
from itertools import pairwise
from pathlib import Path

from filemill.engines.documents import losses
from filemill.engines.documents.task import Task

_KEPT = (
    b"HYPERLINK",
    b"PAGE",
    b"NUMPAGES",
    b"SECTION",
    b"TOC",
    b"TC",
    b"XE",
    b"INDEX",
    b"REF",
    b"NOTEREF",
    b"SEQ",
    b"STYLEREF",
    b"DATE",
    b"TIME",
    b"CREATEDATE",
    b"SAVEDATE",
    b"AUTHOR",
    b"TITLE",
    b"SUBJECT",
    b"FILENAME",
    b"FORM",
    b"SYMBOL",
    b"EQ",
    b"MERGEFIELD",
    b"QUOTE",
)
_FIELD, _NO_FIELD = b"\\fldinst", b"\\nofield"
_LOOKED_AT = 400
_PICTURE = re.compile(rb"\\pict\b")
_CUT = re.compile(rb"\\piccrop[ltrb][1-9]")
_MEASURES = 4_000
"""Bytes in which a picture tells its measures, before its own."""

_AGAIN = re.compile(rb"\\nonshppict\s*{\s*$")
"""What stands before a picture that is there a second time, for old programs."""

_SHOWN_WHOLE = (
    "A picture of the file is shown whole: what the file cuts off is left on.",
    "{} pictures of the file are shown whole: what the file cuts off is left on.",
)
_AS_SHOWN = (
    "A field of the file that may bring in another file stays as the field was shown.",
    "{} fields of the file that may bring in other files stay as they were shown.",
)

_CONTROLS = re.compile(rb"\\[a-zA-Z]+-?\d* ?|[{}\s]|\\\*")


def clean(source: Path, target: Path, task: Task) -> None:
    """Writes the file without such fields."""
    content = source.read_bytes()
    losses.tell_of(_count_cut(content), _SHOWN_WHOLE, task)
    parts = content.split(_FIELD)
    cleaned, left_out = [parts[0]], 0
    for part in parts[1:]:
        is_kept = _CONTROLS.sub(b"", part[:_LOOKED_AT]).upper().startswith(_KEPT)
        left_out += not is_kept
        cleaned += [_FIELD if is_kept else _NO_FIELD, part]
    target.write_bytes(b"".join(cleaned))
    losses.tell_of(left_out, _AS_SHOWN, task)


def _count_cut(content: bytes) -> int:
    """How many pictures are not to be seen whole."""
    parts = _PICTURE.split(content) if b"\\piccrop" in content else ()
    return sum(
        bool(_CUT.search(part[:_MEASURES])) and not _AGAIN.search(before[-_LOOKED_AT:])
        for before, part in pairwise(parts)
    )
