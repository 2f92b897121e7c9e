"""Pdf files of some KB that ask for billions of drawings: each thing draws the next one twice."""

from collections.abc import Callable

from tests.engines.documents import bare_pdf

_PAGES = b"<</Type/Pages/Count 1/Kids[3 0 R]>>"
_PAGE = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 99 99]%s>>"
_DEPTH = 32
_FORM = b"/Type/XObject/Subtype/Form/BBox[0 0 99 99]"
_LAST = b"0 0 9 9 re f"


def forms() -> bytes:
    """A page that draws a form."""
    return _page(b"/Contents 4 0 R/Resources<</XObject<</A 5 0 R>>>>", b"/A Do", *_chain(5))


def notes() -> bytes:
    """A note that looks like such a form."""
    note = b"/Annots[<</Type/Annot/Subtype/Stamp/Rect[0 0 99 99]/AP<</N 5 0 R>>>>]"
    return _page(b"/Contents 4 0 R" + note, b"", *_chain(5))


def letters() -> bytes:
    """A letter that is drawn by such a form."""
    font = (
        b"<</Type/Font/Subtype/Type3/FontBBox[0 0 9 9]/FontMatrix[1 0 0 1 0 0]/CharProcs<</a 6 0 R>>/Encoding"
        b"<</Type/Encoding/Differences[97/a]>>/FirstChar 97/LastChar 97/Widths[9]/Resources<</XObject<</A 7 0 R>>>>>>"
    )
    letter = bare_pdf.stream(b"9 0 d0 /A Do")
    resources = b"/Contents 4 0 R/Resources<</Font<</F 5 0 R>>>>"
    return _page(resources, b"BT /F 9 Tf (a) Tj ET", font, letter, *_chain(7))


def patterns() -> bytes:
    """Fields filled with a pattern of such fields."""
    drawn = b"/Pattern cs /A scn 0 0 50 99 re f 0 0 60 99 re f"
    kind = b"/Type/Pattern/PatternType 1/PaintType 1/TilingType 1/BBox[0 0 50 50]/XStep 50/YStep 50"
    resources = b"/Contents 4 0 R/Resources<</Pattern<</A 5 0 R>>>>"
    return _page(resources, drawn, *_chain(5, drawn, kind, b"<</Pattern<</A %d 0 R>>>>"))


def masks() -> bytes:
    """Fields behind a mask of such fields."""
    drawn = b"/A gs 0 0 9 9 re f 0 0 50 50 re f"
    mask = b"<</ExtGState<</A<</SMask<</S/Alpha/G %d 0 R>>>>>>>>"
    kind = _FORM + b"/Group<</S/Transparency>>"
    return _page(b"/Contents 4 0 R/Resources" + mask % 5, drawn, *_chain(5, drawn, kind, mask))


READ: dict[str, Callable[[], bytes]] = {"forms": forms, "letters": letters}
"""Those that keep busy whoever reads a page."""

DRAWN = READ | {"notes": notes, "patterns": patterns, "masks": masks}
"""Those that keep busy whoever draws one."""


def _page(page: bytes, content: bytes, *objects: bytes) -> bytes:
    return bare_pdf.made(_PAGES, _PAGE % page, bare_pdf.stream(content), *objects)


def _chain(
    first: int, drawn: bytes = b"/A Do /A Do", kind: bytes = _FORM, resources: bytes = b"<</XObject<</A %d 0 R>>>>"
) -> list[bytes]:
    """Objects from the number `first` on, each of which draws the next."""
    chain = [
        bare_pdf.stream(drawn, kind + b"/Resources" + resources % number) for number in range(first + 1, first + _DEPTH)
    ]
    return [*chain, bare_pdf.stream(_LAST, kind + b"/Resources<<>>")]
