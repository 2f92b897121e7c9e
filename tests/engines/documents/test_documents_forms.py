"""Forms and readings of a page of HTML: what a browser shows in them is text in every format."""

import pytest

from tests.engines.documents import contents
from tests.engines.documents.workshop import Workshop

FORM = """<meta charset=utf-8><form>
<p>Name<input value=Ada>of<input placeholder=town>
<p><textarea>line one
line two</textarea>behind
<p><select><option>o1<option selected>o2<optgroup label=More><option>o3<option label=o4></optgroup></select>chosen
<p><input type=radio checked>yes
<p><input type=RADIO>no<input type=submit value=Send>
</form>"""


def said(content: str, source: str, target: str, shop: Workshop) -> list[str]:
    """The words of what is made of a page, one after another."""
    return contents.text_of(shop.convert(content.encode(), source, target).file).replace("\\", " ").split()


@pytest.mark.parametrize(
    ("source", "target"), [("html", "txt"), ("html", "md"), ("html", "docx"), ("html", "pdf"), ("md", "txt")]
)
def test_the_entries_of_a_form_are_text(source: str, target: str, shop: Workshop) -> None:
    words = " ".join(said(FORM, source, target, shop))

    assert words == ("Name Ada of town line one line two behind o1, o2, More: o3, o4 chosen \u2612 yes \u2610 no Send")


def test_a_field_of_several_lines_keeps_them(shop: Workshop) -> None:
    made = shop.convert(b"<pre>Note:<textarea>\none\ntwo</textarea></pre>", "html", "txt").file

    assert [line.strip() for line in contents.text_of(made).splitlines() if line.strip()] == ["Note: one", "two"]


@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("<input type=password value=abc>", ["Page", "\u2022\u2022\u2022"]),
        ("<input type=hidden value=abc>", ["Page"]),
        ("<input type=image alt=Go src=x.png>", ["Page", "Go"]),
        ("<input hidden value=abc>", ["Page"]),
        ("<datalist><option>abc</datalist>", ["Page"]),
    ],
)
def test_a_field_says_what_a_browser_shows(field: str, words: list[str], shop: Workshop) -> None:
    assert said(f"<p>Page {field}", "html", "txt", shop) == words


def test_suggestions_that_are_left_out_are_told(shop: Workshop) -> None:
    assert shop.convert(b"<p>Page<datalist><option>abc</datalist>", "html", "txt").warnings == ["left_out"]


@pytest.mark.parametrize("target", ["txt", "md", "docx", "pdf"])
def test_a_reading_above_words_stands_in_brackets(target: str, shop: Workshop) -> None:
    page = (
        "<meta charset=utf-8><p><ruby>\u6f22<rt>kan</rt>\u5b57<rt>ji</rt></ruby>"
        "<p><ruby>\u6771<rp>(</rp><rt>to</rt><rp>)</rp></ruby>"
    )

    assert said(page, "html", target, shop) == ["\u6f22", "(kan)\u5b57", "(ji)", "\u6771(to)"]
