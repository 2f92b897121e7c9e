"""Emoji as they are drawn on pages, and as they are told as text."""

import io
from pathlib import Path

import docx
import openpyxl
import pptx
import pypdfium2
import pytest
from PIL import Image

from tests.engines.documents import contents, layout
from tests.engines.documents.workshop import Workshop

EMOJI = {
    "grin": "\U0001f600",
    "rocket": "\U0001f680",
    "tick": "\u2705",
    "heart": "\u2764\ufe0f",
    "family": "\U0001f468\u200d\U0001f469\u200d\U0001f467",
    "flag": "\U0001f1e9\U0001f1ea",
    "box": "\u2610",
    "ticked": "\u2611",
    "star": "\u2605",
    "one": "\u2460",
    "arrow": "\u2192",
    "skin": "\U0001f44d\U0001f3fd",
    "keycap": "1\ufe0f\u20e3",
}
LINES = [f"{name}: {sign} |" for name, sign in EMOJI.items()]
SCALE = 3

pytestmark = pytest.mark.skipif(
    not list(Path("/usr/share/fonts").rglob("*mbola*")) or not list(Path("/usr/share/fonts").rglob("NotoColorEmoji*")),
    reason="the fonts with emoji are missing: run filemill install documents",
)


def drawn(path: Path) -> dict[str, Image.Image]:
    """Name -> what is drawn between the colon behind it and the next stroke."""
    (page,) = layout.pages_of(path)
    picture = pypdfium2.PdfDocument(path)[0].render(scale=SCALE).to_pil().convert("RGB")
    strokes = [one for one in page.letters if one.sign == "|"]
    colons = [one for one in page.letters if one.sign == ":"]
    found = {}
    for name, colon, stroke in zip(EMOJI, colons, strokes, strict=True):
        box = (colon.right + 1, page.height - stroke.top - 2, stroke.left - 0.5, page.height - stroke.bottom + 2)
        found[name] = picture.crop([round(SCALE * side) for side in box])
    return found


def ink(picture: Image.Image) -> int:
    """How many of its pixels are dark."""
    return sum(picture.convert("L").histogram()[:160])


def docx_of_lines() -> bytes:
    made = docx.Document()
    for line in LINES:
        made.add_paragraph(line)
    return saved(made)


def xlsx_of_lines() -> bytes:
    made = openpyxl.Workbook()
    for line in LINES:
        made.active.append([line])
    return saved(made)


def pptx_of_lines() -> bytes:
    made = pptx.Presentation()
    slide = made.slides.add_slide(made.slide_layouts[6])
    inch = pptx.util.Inches(1)
    frame = slide.shapes.add_textbox(inch, inch, 6 * inch, 5 * inch).text_frame
    frame.text = "\n".join(LINES)
    return saved(made)


def saved(made: object) -> bytes:
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize(
    ("source", "make"),
    [("docx", docx_of_lines), ("xlsx", xlsx_of_lines), ("pptx", pptx_of_lines)],
    ids=["docx", "xlsx", "pptx"],
)
def test_emoji_are_drawn_where_libreoffice_makes_the_pages(source: str, make: object, shop: Workshop) -> None:
    made = shop.convert(make(), source, "pdf").file

    assert {name: ink(part) > 20 for name, part in drawn(made).items()} == dict.fromkeys(EMOJI, True)


def test_emoji_are_drawn_in_colour_where_typst_sets_a_text(shop: Workshop) -> None:
    made = shop.convert("\n\n".join(LINES).encode(), "md", "pdf").file

    parts = drawn(made)
    assert {name: ink(part) > 20 for name, part in parts.items()} == dict.fromkeys(EMOJI, True)
    for name in ("grin", "rocket", "tick", "flag", "skin", "keycap"):
        assert parts[name].convert("HSV").getchannel("S").getextrema()[1] > 60, name


def test_emoji_of_markdown_are_text_of_its_pdf(shop: Workshop) -> None:
    said = contents.text_of(shop.convert("\n\n".join(LINES).encode(), "md", "pdf").file)

    assert [line for line in LINES if line not in said] == []


def test_digits_are_no_emoji(shop: Workshop) -> None:
    made = shop.convert(b"x: 1234567890 |\n", "md", "pdf").file

    (page,) = layout.pages_of(made)
    assert max(one.right - one.left for one in page.line_of("7")) < 8
