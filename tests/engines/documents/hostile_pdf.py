"""Small pdfs that would keep a reader busy for ever, or make it do something."""

import zlib
from collections.abc import Iterator

from tests.engines.documents import bare_pdf

_PAGES = b"<</Type/Pages/Count 1/Kids[3 0 R]>>"
_PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]%s>>"


def all_of_them() -> Iterator[bytes]:
    """One after another."""
    yield bare_pdf.made(b"<</Type/Pages/Count 1/Kids[2 0 R]>>")  # a tree of pages that holds itself
    yield bare_pdf.made(_PAGES, _PAGE % b"", more=b"/OpenAction<</S/JavaScript/JS(while(true){})>>")
    yield bare_pdf.made(_PAGES, _PAGE % b"/Contents 4 0 R", b"[" * 100_000)
    yield bare_pdf.made(_PAGES, _PAGE % b"/Contents 4 0 R", bare_pdf.stream(b"q " * 500_000))
    itself = b"/Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</A 5 0 R>>>>"
    yield bare_pdf.made(
        _PAGES,
        _PAGE % b"/Contents 4 0 R/Resources<</XObject<</A 5 0 R>>>>",
        bare_pdf.stream(b"/A Do"),
        bare_pdf.stream(b"/A Do /A Do", itself),
    )
    bomb = zlib.compress(zlib.compress(bytes(200 << 20), 9), 9)
    yield bare_pdf.made(_PAGES, _PAGE % b"/Contents 4 0 R", bare_pdf.stream(bomb, b"/Filter[/FlateDecode/FlateDecode]"))
    yield bare_pdf.made(_PAGES, (_PAGE % b"").replace(b"99 99", b"9e9 9e9"))
