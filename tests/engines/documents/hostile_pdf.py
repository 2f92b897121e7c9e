"""Small pdfs that would keep a reader busy for ever, or make it do something."""

import zlib
from collections.abc import Iterator

_PAGES = b"<</Type/Pages/Count 1/Kids[3 0 R]>>"
_PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]%s>>"


def all_of_them() -> Iterator[bytes]:
    """One after another."""
    yield _pdf(b"<</Type/Pages/Count 1/Kids[2 0 R]>>")  # a tree of pages that holds itself
    yield _pdf(_PAGES, _PAGE % b"", more=b"/OpenAction<</S/JavaScript/JS(while(true){})>>")
    yield _pdf(_PAGES, _PAGE % b"/Contents 4 0 R", b"[" * 100_000)
    yield _pdf(_PAGES, _PAGE % b"/Contents 4 0 R", _stream(b"q " * 500_000))
    itself = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</A 5 0 R>>>>"
    yield _pdf(
        _PAGES,
        _PAGE % b"/Contents 4 0 R/Resources<</XObject<</A 5 0 R>>>>",
        _stream(b"/A Do"),
        _stream(b"/A Do /A Do", itself),
    )
    bomb = zlib.compress(zlib.compress(bytes(200 << 20), 9), 9)
    yield _pdf(_PAGES, _PAGE % b"/Contents 4 0 R", _stream(bomb, b"/Filter[/FlateDecode/FlateDecode]"))
    yield _pdf(_PAGES, (_PAGE % b"").replace(b"99 99", b"9e9 9e9"))


def _stream(content: bytes, more: bytes = b"") -> bytes:
    return b"<</Length %d%s>>stream\n%s\nendstream" % (len(content), more, content)


def _pdf(*objects: bytes, more: bytes = b"") -> bytes:
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, each in enumerate((b"<</Type/Catalog/Pages 2 0 R%s>>" % more, *objects), 1):
        places.append(len(out))
        out += b"%d 0 obj%s\nendobj\n" % (number, each)
    start, size = len(out), len(places) + 1
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    head = b"xref\n0 %d\n0000000000 65535 f \n" % size
    return bytes(out + head + table + b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, start))
