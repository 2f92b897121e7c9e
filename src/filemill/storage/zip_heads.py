"""What the first bytes of a zip tell of what is packed in it: names of entries, and what the first ones say of it.

Whoever made the bytes chose what stands in every header, so each thing is counted before it costs anything: so many
headers are looked at, so much of a name, and two entries alone are unpacked.
"""

import re
import struct
import zlib
from collections.abc import Iterator

import msgspec

from filemill.pipelines import entry_names
from filemill.storage.signatures import PACKAGES, ZIP, Package

MOST_ENTRIES = 1_000
"""Headers that are looked at; those that tell the kind come early in what programs write."""

MOST_UNPACKED = 64 * 1024
"""Bytes of an entry that are unpacked."""

_HEADER = struct.Struct("<4s5H3I2H")
_STORED, _DEFLATED = 0, 8
_MACROS = b"macroEnabled"
_MIMETYPE, _TYPES = b"mimetype", b"[Content_Types].xml"


class Entry(msgspec.Struct, frozen=True):
    """One file of a zip, as far as it stands in the first bytes: its name, and where it begins and how it is packed."""

    name: bytes
    start: int
    packed: int
    method: int

    def unpacked(self, head: bytes) -> bytes:
        """How it begins; nothing where that is not understood."""
        data = head[self.start : self.start + self.packed] if self.packed else head[self.start :]
        if self.method == _STORED:
            return data[:MOST_UNPACKED]
        if self.method != _DEFLATED:
            return b""
        try:
            return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, MOST_UNPACKED)
        except zlib.error:
            return b""


def entries(head: bytes) -> Iterator[Entry]:
    """The first entries whose headers stand in the first bytes of a zip. What is not understood is passed over."""
    for count, found in enumerate(re.finditer(re.escape(ZIP), head)):
        start = found.start() + _HEADER.size
        if count >= MOST_ENTRIES or start > len(head):
            return
        _, _, _, method, _, _, _, packed, _, name_length, extra_length = _HEADER.unpack_from(head, found.start())
        # The names of two headers may overlap, so that all of them together are far longer than the head.
        name = head[start : start + min(name_length, entry_names.LONGEST)]
        yield Entry(name, start + name_length + extra_length, packed, method)


class Told(msgspec.Struct, frozen=True):
    """What a zip's first bytes tell: whether it can be the format in question, which one it is, whether with macros."""

    fits: bool
    name: str | None = None
    has_macros: bool = False


def look(head: bytes, name: str) -> Told:
    """Whether a zip that begins so can be a file of the format `name`, a key of PACKAGES."""
    seen = _Seen()
    for entry in entries(head):
        seen.note(entry, head)
    told = seen.kind()
    if told is not None and told != name:
        return Told(fits=False, name=told)
    return Told(told == name or name in seen.near, told, _MACROS in (seen.types or b""))


class _Seen:
    """What was seen so far: of each format whether an entry is its own or near to it; and how two entries begin."""

    def __init__(self) -> None:
        self.own: set[str] = set()
        self.near: set[str] = set()
        self.mimetype: bytes | None = None
        self.types: bytes | None = None

    def note(self, entry: Entry, head: bytes) -> None:
        """Notes one entry; the first of each of the two names is unpacked, no other."""
        self.own.update(name for name, beginnings in _OWN.items() if entry.name.startswith(beginnings))
        self.near.update(name for name, beginnings in _NEAR.items() if entry.name.startswith(beginnings))
        if entry.name == _MIMETYPE and self.mimetype is None:
            self.mimetype = entry.unpacked(head)
        elif entry.name == _TYPES and self.types is None:
            self.types = entry.unpacked(head)

    def kind(self) -> str | None:
        """The format that the entries name, where they do."""
        said = (self.mimetype or b"").decode("latin-1").strip()
        return next((name for name, one in PACKAGES.items() if name in self.own or _is(one, said)), None)


def _is(package: Package, said: str) -> bool:
    # A template is the same format.
    return bool(package.mimetype) and said in (package.mimetype, f"{package.mimetype}-template")


_OWN = {name: tuple(each.encode() for each in one.main) for name, one in PACKAGES.items() if one.main}
_NEAR = {name: tuple(each.encode() for each in (*one.main, *one.also)) for name, one in PACKAGES.items()}
