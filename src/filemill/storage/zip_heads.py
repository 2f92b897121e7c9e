"""What the first bytes of a zip tell of what is packed in it: names of entries, and what the first ones say of it."""

import re
import struct
import zlib
from collections.abc import Iterator

import msgspec

from filemill.storage.signatures import PACKAGES, ZIP, Package

_HEADER = struct.Struct("<4s5H3I2H")
_STORED, _DEFLATED = 0, 8
_MOST_UNPACKED = 1 << 20
_MACROS = b"macroEnabled"


class Entry(msgspec.Struct, frozen=True):
    """One file of a zip, as far as it stands in the first bytes: its name and how it begins, unpacked."""

    name: str
    begins: bytes


def entries(head: bytes) -> Iterator[Entry]:
    """The entries whose headers stand in the first bytes of a zip. What is not understood is passed over."""
    for found in re.finditer(re.escape(ZIP), head):
        header = head[found.start() : found.start() + _HEADER.size]
        if len(header) < _HEADER.size:
            return
        _, _, _, method, _, _, _, packed, _, name_length, extra_length = _HEADER.unpack(header)
        start = found.start() + _HEADER.size
        name = head[start : start + name_length].decode("utf-8", "replace")
        start += name_length + extra_length
        yield Entry(name, _begins(head[start : start + packed] if packed else head[start:], method))


def _begins(data: bytes, method: int) -> bytes:
    if method == _STORED:
        return data[:_MOST_UNPACKED]
    if method != _DEFLATED:
        return b""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(data, _MOST_UNPACKED)
    except zlib.error:
        return b""


class Told(msgspec.Struct, frozen=True):
    """What a zip's first bytes tell: whether it can be the format in question, which one it is, whether with macros."""

    fits: bool
    name: str | None = None
    has_macros: bool = False


def look(head: bytes, name: str) -> Told:
    """Whether a zip that begins so can be a file of the format `name`, a key of PACKAGES."""
    wanted = PACKAGES[name]
    seen = list(entries(head))
    told = _kind(seen)
    if told is not None and told != name:
        return Told(fits=False, name=told)
    fits = told == name or any(entry.name.startswith((*wanted.main, *wanted.also)) for entry in seen)
    types = (entry.begins for entry in seen if entry.name == "[Content_Types].xml")
    return Told(fits, told, any(_MACROS in begins for begins in types))


def _kind(seen: list[Entry]) -> str | None:
    """The format that the entries name, where they do."""
    said = next((entry.begins.decode("latin-1") for entry in seen if entry.name == "mimetype"), "")
    for name, package in PACKAGES.items():
        if _is(package, said) or any(entry.name.startswith(package.main) for entry in seen if package.main):
            return name
    return None


def _is(package: Package, said: str) -> bool:
    # A template is the same format.
    return bool(package.mimetype) and said.strip() in (package.mimetype, f"{package.mimetype}-template")
