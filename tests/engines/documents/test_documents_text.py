"""A plain text whose paragraphs run from the right, as pages and as other texts."""

import docx
import lxml.html
import pytest

from tests.engines.documents import contents, layout
from tests.engines.documents.workshop import Workshop

HEBREW, ARABIC = "\u05e9\u05dc\u05d5\u05dd \u05e2\u05d5\u05dc\u05dd (2024).", "\u0645\u0631\u062d\u0628\u0627 abc."
TEXT = f"{HEBREW}\n\nLeft to right.\n\n{ARABIC}\n"


def test_a_paragraph_stands_at_the_side_where_it_begins(shop: Workshop) -> None:
    (page,) = layout.pages_of(shop.convert(TEXT.encode(), "txt", "pdf").file)

    hebrew, latin, arabic = (page.line_of(sign) for sign in "\u05e9L\u0645")
    assert max(one.right for one in hebrew) == pytest.approx(max(one.right for one in arabic), abs=3)
    assert min(one.left for one in hebrew) > page.width / 2
    assert max(one.right for one in latin) < page.width / 2
    assert min(hebrew, key=lambda one: one.left).sign == "."


def test_a_word_processor_is_told_which_way_paragraphs_run(shop: Workshop) -> None:
    made = docx.Document(str(shop.convert(TEXT.encode(), "txt", "docx").file))

    told = {one.text: one._p.xpath("./w:pPr/w:bidi/@w:val") for one in made.paragraphs if one.text}
    assert list(told.values()) == [["1"], ["0"], ["1"]]


def test_a_page_is_told_which_way_paragraphs_run(shop: Workshop) -> None:
    made = lxml.html.fromstring(shop.convert(TEXT.encode(), "txt", "html").file.read_bytes())

    assert [paragraph.get("dir") for paragraph in made.iter("p")] == ["rtl", None, "rtl"]


@pytest.mark.parametrize("target", ["odt", "rtf", "md", "epub"])
def test_the_words_stay_in_the_order_in_which_they_are_read(target: str, shop: Workshop) -> None:
    said = contents.text_of(shop.convert(TEXT.encode(), "txt", target).file)

    assert "".join(TEXT.split()) in "".join(said.split())
