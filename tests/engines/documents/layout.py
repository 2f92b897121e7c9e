"""Where things stand on the pages of a pdf: letters, links."""

from pathlib import Path

import msgspec
import pypdfium2
import pypdfium2.raw


class Letter(msgspec.Struct, frozen=True):
    """A letter and its box, in points from the lower left corner of its page."""

    sign: str
    left: float
    bottom: float
    right: float
    top: float

    def covers(self, other: "Letter", play: float = 0.6) -> bool:
        """Whether the two are printed over each other, by more than letters that stand closely do."""
        return (
            min(self.right, other.right) - max(self.left, other.left) > play
            and min(self.top, other.top) - max(self.bottom, other.bottom) > play
        )


class Page(msgspec.Struct, frozen=True):
    """A page: its size, its letters, how many links to click it has."""

    width: float
    height: float
    letters: list[Letter]
    links: int

    @property
    def overprinted(self) -> list[tuple[Letter, Letter]]:
        """The pairs of letters that are printed over each other."""
        pairs = ((one, other) for n, one in enumerate(self.letters) for other in self.letters[n + 1 :])
        return [pair for pair in pairs if pair[0].covers(pair[1])]

    @property
    def outside(self) -> list[Letter]:
        """The letters that are not wholly on the page."""
        return [one for one in self.letters if one.left < 0 or one.right > self.width or one.bottom < 0]

    def line_of(self, sign: str) -> list[Letter]:
        """The letters that stand as high as the first of this sign."""
        first = next(one for one in self.letters if one.sign == sign)
        middle = (first.top + first.bottom) / 2
        return [one for one in self.letters if one.bottom - 2 <= middle <= one.top + 2]


def pages_of(path: Path) -> list[Page]:
    """Every page of a pdf."""
    return [_page(page) for page in pypdfium2.PdfDocument(path)]


def _page(page: pypdfium2.PdfPage) -> Page:
    words = page.get_textpage()
    text = words.get_text_range()
    letters = [
        Letter(chr(code), *words.get_charbox(number))
        for number in range(words.count_chars())
        if not chr(code := pypdfium2.raw.FPDFText_GetUnicode(words, number)).isspace()
    ]
    assert text or not letters
    annotations = range(pypdfium2.raw.FPDFPage_GetAnnotCount(page))
    kinds = [pypdfium2.raw.FPDFAnnot_GetSubtype(pypdfium2.raw.FPDFPage_GetAnnot(page, one)) for one in annotations]
    return Page(*page.get_size(), letters, kinds.count(pypdfium2.raw.FPDF_ANNOT_LINK))
