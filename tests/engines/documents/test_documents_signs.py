"""Signs that Markdown has a meaning for, in the words of slides and of pdf files."""

import io

import docx
import lxml.html
import pptx
import pypandoc
import pytest

from tests.engines.documents import contents
from tests.engines.documents.workshop import Workshop

CELLS = [["h | one", "h *two*"], ["a | b", "x\\|y"], ["<b>", "|"]]
LINES = [
    "# no heading",
    "*no star* a|b",
    "<script>no</script>",
    "snake_case __init__ [link](x)",
    "2 * 3 * 4 ~~no~~ `no`",
]
TITLE, NOTE = "A *b* _c_ # d | e <f>", "# a *note* <i>\n- no list\n1. no list"


def slides() -> bytes:
    made = pptx.Presentation()
    slide = made.slides.add_slide(made.slide_layouts[5])
    slide.shapes.title.text = TITLE
    inch = pptx.util.Inches(1)
    slide.shapes.add_textbox(inch, 2 * inch, 5 * inch, inch).text_frame.text = "\n".join(LINES)
    table = slide.shapes.add_table(3, 2, inch, 4 * inch, 6 * inch, inch).table
    for row, cells in enumerate(CELLS):
        for column, text in enumerate(cells):
            table.cell(row, column).text = text
    slide.notes_slide.notes_text_frame.text = NOTE
    return saved(made)


def text() -> bytes:
    made = docx.Document()
    for line in (TITLE, *LINES):
        made.add_paragraph(line)
    table = made.add_table(3, 2, style="Table Grid")
    for row, cells in enumerate(CELLS):
        for column, said in enumerate(cells):
            table.cell(row, column).text = said
    return saved(made)


def saved(made: object) -> bytes:
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def as_page(markdown: str) -> lxml.html.HtmlElement:
    return lxml.html.fromstring(pypandoc.convert_text(markdown, "html", "gfm"))


def said_in(page: lxml.html.HtmlElement) -> str:
    return " ".join(page.text_content().split())


def cells_of(page: lxml.html.HtmlElement) -> list[list[str]]:
    return [[" ".join(cell.itertext()).strip() for cell in row.iter("th", "td")] for row in page.iter("tr")]


@pytest.mark.parametrize("source", ["pptx", "odp"])
def test_words_of_slides_are_the_words_of_their_markdown(source: str, shop: Workshop) -> None:
    # given
    given = slides() if source == "pptx" else shop.convert(slides(), "pptx", source).file

    # when
    page = as_page(shop.convert(given, source, "md").file.read_text())

    # then
    assert cells_of(page) == CELLS
    assert [line for line in (TITLE, *LINES, *NOTE.split("\n")) if line not in said_in(page)] == []
    assert not page.xpath("//em | //strong | //del | //a | //code | //script | //i")


@pytest.mark.parametrize("target", ["html", "epub"])
def test_words_of_slides_are_the_words_of_their_pages(target: str, shop: Workshop) -> None:
    said = " ".join(contents.text_of(shop.convert(slides(), "pptx", target).file).split())

    wanted = [TITLE, *LINES, *(cell for row in CELLS for cell in row), *NOTE.split("\n")]
    assert [line for line in wanted if line not in said] == []


def test_words_of_a_pdf_are_the_words_of_its_markdown(shop: Workshop) -> None:
    pages = shop.convert(text(), "docx", "pdf").file

    page = as_page(shop.convert(pages, "pdf", "md").file.read_text())

    assert cells_of(page) == CELLS
    assert [line for line in (TITLE, *LINES) if line not in said_in(page)] == []
    assert not page.xpath("//em | //strong | //del | //a | //code | //script")
