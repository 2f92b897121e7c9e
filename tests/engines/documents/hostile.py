"""Files that would do harm, and the smallest old office files there can be."""

import io
import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping

import pikepdf

_SECTOR = 512
_END, _FREE, _FAT = 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
_STREAM, _STORAGE, _ROOT = 2, 1, 5
_SMALL = 4096  # shorter streams would lie elsewhere


def compound(*names: str, content: bytes = b"") -> bytes:
    """A compound file with these streams, each of which begins with `content`; one that ends in / is a storage."""
    sectors: list[bytes] = []
    fat: list[int] = []
    entries = [_entry("Root Entry", _ROOT, child=1 if names else _FREE)]
    for number, name in enumerate(names, 1):
        right = number + 1 if number < len(names) else _FREE
        if name.endswith("/"):
            entries.append(_entry(name[:-1], _STORAGE, right=right, start=0, size=0))
            continue
        entries.append(_entry(name, _STREAM, right=right, start=len(sectors), size=_SMALL))
        data = content.ljust(_SMALL, b"\0")
        count = _SMALL // _SECTOR
        fat += [*range(len(sectors) + 1, len(sectors) + count), _END]
        sectors += [data[at : at + _SECTOR] for at in range(0, _SMALL, _SECTOR)]
    directory = b"".join(entries).ljust(-(-len(entries) // 4) * _SECTOR, b"\0")
    first = len(sectors)
    parts = [directory[at : at + _SECTOR] for at in range(0, len(directory), _SECTOR)]
    fat += [*range(first + 1, first + len(parts)), _END]
    sectors += parts
    fat.append(_FAT)
    table = struct.pack("<128I", *fat, *[_FREE] * (128 - len(fat)))
    head = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16)
    head += struct.pack("<5H6x9I", 62, 3, 0xFFFE, 9, 6, 0, 1, first, 0, _SMALL, _END, 0, _END, 0)
    head += struct.pack("<109I", len(sectors), *[_FREE] * 108)
    return head + b"".join(sectors) + table


def _entry(name: str, kind: int, *, child: int = _FREE, right: int = _FREE, start: int = _END, size: int = 0) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    links = struct.pack("<HBBIII", len(text), kind, 1, _FREE, right, child)
    return text.ljust(64, b"\0") + links + bytes(36) + struct.pack("<IQ", start, size)


def changed(archive: bytes, edit: Callable[[str, bytes], bytes], more: dict[str, bytes] | None = None) -> bytes:
    """An archive with other parts, or more of them."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(archive)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.infolist():
            new.writestr(entry, edit(entry.filename, old.read(entry)))
        for name, part in (more or {}).items():
            new.writestr(name, part)
    return out.getvalue()


def with_more(archive: bytes, **parts: bytes) -> bytes:
    """An archive with more parts; `__` in a name stands for a slash, `_dot_` for a dot."""
    named = {name.replace("__", "/").replace("_dot_", "."): part for name, part in parts.items()}
    return changed(archive, lambda _, part: part, named)


def overlapping(archive: bytes) -> bytes:
    """An archive whose directory names the same bytes time and again."""
    end = archive.rindex(b"PK\5\6")
    size, start = struct.unpack_from("<II", archive, end + 12)
    directory = archive[start : start + size]
    times, entries = 40, len(zipfile.ZipFile(io.BytesIO(archive)).infolist())
    counts = (times * entries, times * entries, times * size, start)
    return archive[:start] + directory * times + struct.pack("<4s4xHHIIH", b"PK\5\6", *counts, 0)


def png(width: int, height: int) -> bytes:
    """A picture of a few bytes with as many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")
    )


LAUGHS = (
    '<!DOCTYPE x [<!ENTITY a0 "ha">' + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10)) + "]>"
)
OUTSIDE = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'


def locked_pdf(pdf: bytes) -> bytes:
    """The same pdf, with a password."""
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.save(out, encryption=pikepdf.Encryption(owner="owner", user="user"))
    return out.getvalue()


def pages(count: int) -> bytes:
    """A pdf of as many empty pages."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>", b""]
    objects += [b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]>>"] * count
    kids = b" ".join(b"%d 0 R" % number for number in range(3, count + 3))
    objects[1] = b"<</Type/Pages/Count %d/Kids[%s]>>" % (count, kids)
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj%sendobj\n" % (number, each)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    return bytes(out + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (len(objects) + 1, start))


_CONTAINER = """<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""

_BOOK = """<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">a book</dc:identifier><dc:title>A book</dc:title><dc:language>en</dc:language></metadata>
<manifest><item id="page" href="page.xhtml" media-type="application/xhtml+xml"/>
<item id="picture" href="{picture}" media-type="image/png"/></manifest>
<spine><itemref idref="page"/></spine></package>"""

_PAGE = """<html xmlns="http://www.w3.org/1999/xhtml"><head><title>A page</title></head>
<body><p>Words <img src="{picture}" alt="a picture"/></p></body></html>"""


def book(picture: str, more: Mapping[str, bytes] | None = None) -> bytes:
    """An epub of one page with one picture, which lies in the archive under this name."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", _CONTAINER)
        archive.writestr("book.opf", _BOOK.format(picture=picture))
        archive.writestr("page.xhtml", _PAGE.format(picture=picture))
        archive.writestr(picture, png(4, 4))
        for name, content in (more or {}).items():
            archive.writestr(name, content)
    return made.getvalue()
