"""What people's documents have in them, and what once went wrong with it: comments, controls of forms."""

import io

import docx
import pytest

from tests.engines.documents import contents
from tests.engines.documents.workshop import Workshop

FORM = b"<p>Your name</p><form><textarea>nobody</textarea><select><option>one</select><button>Send</button></form>"


def commented() -> bytes:
    made, out = docx.Document(), io.BytesIO()
    made.add_comment(made.add_paragraph("A sentence.").runs, text="Is it one?", author="A reader")
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize("target", ["pdf", "odt"])
def test_a_text_may_have_comments_in_its_margin(target: str, shop: Workshop) -> None:
    made = shop.convert(commented(), "docx", target).file

    assert "A sentence." in contents.text_of(made)


def test_a_comment_stays_a_comment(shop: Workshop) -> None:
    there = shop.convert(commented(), "docx", "odt").file

    back = shop.convert(there, "odt", "docx").file

    assert [comment.text for comment in docx.Document(str(back)).comments] == ["Is it one?"]


def test_a_page_may_have_a_form(shop: Workshop) -> None:
    assert "Your name" in contents.text_of(shop.convert(FORM, "html", "pdf").file)
