"""Whether a file's first bytes can be what its name says; what is subtler is found out in the sandbox.

Strangers choose the bytes, and with them how long libmagic looks at them: `check` looks in a thread, at no more bytes
than tell.
"""

from typing import Protocol

import magic

from filemill import threads
from filemill.errors import FileRefused
from filemill.storage import encodings, zip_heads
from filemill.storage.signatures import (
    BEGINNINGS,
    CALLED,
    NEVER_TEXT,
    NEVER_TEXT_KINDS,
    OLE,
    PACKAGES,
    TEXTS,
    ZIP,
)

HEAD_BYTES = 64 * 1024
"""How much of a file is looked at."""

_ASKED_BYTES = 16 * 1024
"""How much of them libmagic is asked about: nothing that it has to tell stands behind. Blank lines take it longest."""

_MOST_FOR_A_PATTERN = 1024
"""Bytes at which libmagic tries a pattern, 8,192 by itself: some take as long as the square of that."""

_PDF, _PDF_WITHIN = b"%PDF-", 1024
"""Every reader of PDF passes over so much in front of its mark."""

_OLD = {"docx": ("Word", "doc"), "xlsx": ("Excel", "xls"), "pptx": ("PowerPoint", "ppt")}
_SVG, _SVG_TYPE = b"<svg", "image/svg+xml"
_OF_ZEROS = ("application/octet-stream", "text/plain")
"""What a text with zero bytes in it seems to be."""

_SPOKEN_WITH_AN = "aehimnorsx"

_detector = magic.Magic(mime=True)
_detector.setparam(magic.MAGIC_PARAM_REGEX_MAX, _MOST_FOR_A_PATTERN)


class Kind(Protocol):
    """What has to be known of a format; `pipelines.formats.Format` is one."""

    @property
    def name(self) -> str:
        """Its usual extension, `csv.gz`."""

    @property
    def base(self) -> str:
        """The same without compression, `csv`."""

    @property
    def compression(self) -> str | None:
        """`gzip`, `zstd` or None."""

    @property
    def media_type(self) -> str:
        """Its media type."""


async def check(file_name: str, kind: Kind, head: bytes, size: int) -> None:
    """Refuses a file whose first bytes (up to HEAD_BYTES) contradict its extension. Raises FileRefused."""
    await threads.look(_check, file_name, kind, head, size)


def _check(file_name: str, kind: Kind, head: bytes, size: int) -> None:
    if not size:
        raise FileRefused(f"{file_name!r} is empty.")
    if kind.compression is None and kind.base in PACKAGES:
        _check_package(file_name, kind.base, head)
        return
    name = kind.compression or kind.base
    if not _fits(name, head):
        if name in TEXTS and b"\0" in head and _seems(head) in _OF_ZEROS:
            place = head.index(b"\0") + 1
            raise FileRefused(
                f"{file_name!r} holds zero bytes from byte {place:,} on, which no text does; a crash or a copy that"
                " broke off leaves a file with zero bytes at its end."
            )
        raise FileRefused(f"{file_name!r} is not {_a(kind.name)} file: it seems to be {_seems(head)}.")


def _fits(name: str, head: bytes) -> bool:
    if name == "pdf":
        return _PDF in head[: _PDF_WITHIN + len(_PDF)]
    if name in TEXTS:
        return _is_text(head) and (name != "svg" or _SVG in _narrow(head))
    if name in BEGINNINGS and not head.startswith(BEGINNINGS[name]):
        return False
    return name not in CALLED or _seems(head) in CALLED[name]


def _check_package(file_name: str, name: str, head: bytes) -> None:
    if name in _OLD and head.startswith(OLE):
        program, old = _OLD[name]
        raise FileRefused(
            f"{file_name!r} is an old {program} file (.{old}), or one with a password: save it as .{name} without one."
        )
    if not head.startswith(ZIP):
        raise FileRefused(f"{file_name!r} is not {_a(name)} file: it seems to be {_seems(head)}.")
    told = zip_heads.look(head, name)
    if not told.fits:
        is_what = f"{_a(told.name)} file" if told.name else "a zip of other files"
        raise FileRefused(f"{file_name!r} is not {_a(name)} file: it seems to be {is_what}.")
    if told.has_macros:
        raise FileRefused(
            f"{file_name!r} is a file with macros (.{name[:-1]}m) under another name: save it as .{name} without them."
        )


def _is_text(head: bytes) -> bool:
    if encodings.of_mark(head):
        return True
    seems = _seems(head)
    if seems != _SVG_TYPE and (seems.startswith(NEVER_TEXT_KINDS) or seems in NEVER_TEXT):
        return False
    return b"\0" not in head or encodings.of_zeros(head) is not None


def _narrow(head: bytes) -> bytes:
    """The letters of ASCII in a text, whichever encoding of ours it is in."""
    return head.replace(b"\0", b"").lower()


def _seems(head: bytes) -> str:
    # The directory of an old Office file, which tells the program, may stand anywhere.
    asked = head if head.startswith(OLE) else head[:_ASKED_BYTES]
    return str(_detector.from_buffer(asked)).lower() if asked else "empty"


def _a(name: str) -> str:
    return f"{'an' if name[0] in _SPOKEN_WITH_AN else 'a'} {name}"
