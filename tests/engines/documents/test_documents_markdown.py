"""Markdown as pages, and as other texts: links, wide tables, direction, pictures, front matter."""

import base64
import io
import zipfile
from pathlib import Path

import docx
import lxml.html
import pypandoc
import pypdfium2
import pytest
from PIL import Image

from tests.engines.documents import contents, layout
from tests.engines.documents.workshop import Workshop

TOC = """# Guide

- [Setup](#setup)
- [FAQ & more](#faq--more)
- [Gone](#removed-section)

## Setup

text

## FAQ & more

text

## Setup

again
"""
TWICE = '[a](#x)\n\n<a id="x"></a>\n\none\n\n<a id="x"></a>\n\ntwo\n'
HEBREW = """# תקציר הדוח

שלום עולם, זה מבחן (2024) של ספר.

مرحبا بالعالم، هذا اختبار (رقم 5).

Left to right.

| שם | ערך |
|---|---|
| אחד | 1 |
"""
FRONT = (
    '---\ntitle: Quarterly "Report"\nauthor: [A. Writer, {name: B. Reader}]\ndate: 2024-05-01\n---\n\n# Intro\n\ntext\n'
)


BOOK_EXTRAS = ["--metadata=title:A book"]


def book(text: str, folder: Path) -> Path:
    path = folder / "book.epub"
    pypandoc.convert_text(text, "epub3", "gfm", outputfile=str(path), extra_args=BOOK_EXTRAS)
    return path


def table(columns: int, word: str, rows: int = 3) -> str:
    row = "|".join(f"{word}{number}" for number in range(columns))
    return f"| {row} |\n|{'---|' * columns}\n" + f"| {row} |\n" * rows


def picture(kind: str, says: str = "") -> str:
    out = io.BytesIO()
    Image.new("RGB", (90, 90), "red").save(out, kind)
    return f"![red](data:image/{says or kind.lower()};base64,{base64.b64encode(out.getvalue()).decode()})\n"


@pytest.mark.parametrize(
    ("text", "links", "words"),
    [
        (TOC, 2, ["Setup", "FAQ", "Gone"]),
        (TWICE, 0, ["a", "one", "two"]),
        ("# T\n\n[a](#-start)\n\n## \U0001f680 Start\n", 0, ["a", "Start"]),
        ("# T\n\n[back to top](#)\n\n[top](#top)\n", 0, ["back", "top"]),
        ('<a id="a&quot;\\"></a>text\n\n<span id="b c">b</span>\n\n[one](#a%22%5C) [two](<#b c>)\n', 2, ["one", "two"]),
    ],
    ids=["gone", "twice", "emoji", "top", "odd"],
)
def test_a_link_inside_a_text_without_its_one_target_is_plain_text(
    text: str, links: int, words: list[str], shop: Workshop
) -> None:
    made = shop.convert(text.encode(), "md", "pdf").file

    assert sum(page.links for page in layout.pages_of(made)) == links
    assert set(words) <= contents.words_of(made)


def test_a_book_becomes_pages_as_markdown_does(shop: Workshop, tmp_path: Path) -> None:
    text = f"[gone](#nowhere)\n\n{table(14, 'value0withoutanyblanks')}\n{HEBREW}"

    pages = layout.pages_of(shop.convert(book(text, tmp_path), "epub", "pdf").file)

    assert [page.overprinted for page in pages] == [[] for _ in pages]
    assert min(one.left for one in pages[-1].line_of("\u05de")) > 142


@pytest.mark.parametrize(
    "text",
    [
        table(14, "value0withoutanyblanks"),
        table(60, "word"),
        f"- list\n\n  {table(20, 'word', 1)}".replace("\n|", "\n  |"),
        f"> {table(9, 'wordwithoutblanks', 1)}".replace("\n|", "\n> |"),
        f"<table><tr><td rowspan=2>a<td colspan=2>b<tr><td>c<td>d<tr><td colspan=3>{'w' * 200}</table>",
        f"<table><tr><td><table><tr><td>{'x' * 300}</table></table>",
        f"| {'prose words ' * 60} | b |\n|---|---|\n| a | {'x' * 60} |\n",
        f"| {'prose words ' * 900} | b |\n|---|---|\n| a | {'x' * 60} |\n",
        f"https://example.org/{'a' * 200}\n",
        f"`{'c' * 200}`\n\n```\nx = {'c' * 200}\n```\n",
        f"# {'h' * 80}\n",
    ],
    ids=["words", "columns", "list", "quote", "spans", "nested", "prose", "head", "address", "code", "heading"],
)
def test_nothing_is_printed_over_another_thing_or_beside_the_page(text: str, shop: Workshop) -> None:
    pages = layout.pages_of(shop.convert(text.encode(), "md", "pdf").file)

    assert [page.overprinted for page in pages] == [[] for _ in pages]
    assert [page.outside for page in pages] == [[] for _ in pages]


def test_words_that_break_stay_the_words_they_are(shop: Workshop) -> None:
    made = shop.convert(table(14, "value0withoutanyblanks", 1).encode(), "md", "pdf").file

    assert "".join(contents.text_of(made).split()).count("value0withoutanyblanks") == 28


def test_a_long_table_goes_on_on_the_next_page(shop: Workshop) -> None:
    text = "| number |\n|---|\n" + "".join(f"| row{number} |\n" for number in range(100))

    made = shop.convert(text.encode(), "md", "pdf").file

    assert {f"row{number}" for number in range(100)} <= contents.words_of(made)
    assert contents.pages_of(made) > 1


def test_what_begins_from_the_right_stands_at_the_right(shop: Workshop) -> None:
    (page,) = layout.pages_of(shop.convert(HEBREW.encode(), "md", "pdf").file)

    margin = 71
    for sign in ("\u05ea", "\u05de", "\u0645"):  # the heading, the Hebrew, the Arabic line
        line = page.line_of(sign)
        assert max(letter.right for letter in line) == pytest.approx(page.width - margin, abs=4)
        assert min(letter.left for letter in line) > 2 * margin
    assert min(letter.left for letter in page.line_of("L")) == pytest.approx(margin, abs=4)
    name, value = page.line_of("\u05da"), page.line_of("1")  # columns run from the right, too
    assert max(name, key=lambda one: one.left).sign == "\u05e9"
    assert min(value, key=lambda one: one.left).sign == "1"


def test_what_begins_from_the_right_is_told_to_whoever_lays_out(shop: Workshop) -> None:
    page = lxml.html.fromstring(shop.convert(HEBREW.encode(), "md", "html").file.read_bytes())
    words = docx.Document(str(shop.convert(HEBREW.encode(), "md", "docx").file))
    with zipfile.ZipFile(shop.convert(HEBREW.encode(), "md", "epub").file) as made:
        chapter = made.read("EPUB/text/ch001.xhtml").decode()

    assert '<h1 dir="rtl">' in chapter
    assert '<div dir="ltr">\n<p>Left to right.' in chapter
    assert page.xpath("//body/*/@dir") == ["rtl"] * 4
    assert page.xpath("//p[text()='Left to right.']/ancestor::*[@dir]") == []
    assert [bool(one._p.xpath("./w:pPr/w:bidi")) for one in words.paragraphs if one.text] == [True, True, True, False]


@pytest.mark.parametrize(("kind", "says"), [("PNG", "jpeg"), ("BMP", ""), ("TIFF", ""), ("GIF", "png")])
def test_a_picture_is_shown_whatever_the_text_says_of_its_format(kind: str, says: str, shop: Workshop) -> None:
    (page,) = contents.drawn_in(shop.convert(picture(kind, says).encode(), "md", "pdf").file)

    assert (255, 0, 0) in [colour for _, colour in page.getcolors(1 << 24)]


def test_a_damaged_picture_leaves_the_rest_of_its_text_alone(shop: Workshop) -> None:
    result = shop.convert(b"before\n\n![x](data:image/png;base64,AAAA)\n\nbehind\n", "md", "pdf")

    assert {"before", "behind"} <= contents.words_of(result.file)
    assert result.warnings == ["left_out"]


def test_front_matter_tells_title_and_author(shop: Workshop) -> None:
    # when
    page = lxml.html.fromstring(shop.convert(FRONT.encode(), "md", "html").file.read_bytes())
    words = docx.Document(str(shop.convert(FRONT.encode(), "md", "docx").file))
    pages = pypdfium2.PdfDocument(shop.convert(FRONT.encode(), "md", "pdf").file)
    with zipfile.ZipFile(shop.convert(FRONT.encode(), "md", "epub").file) as book:
        package = book.read("EPUB/content.opf").decode()

    # then
    title, authors = 'Quarterly "Report"', ["A. Writer", "B. Reader"]
    assert page.findtext(".//title") == title
    assert page.xpath("//meta[@name='author']/@content") == authors
    assert words.core_properties.title == title
    assert words.core_properties.author.split("; ") == authors
    assert pages.get_metadata_dict()["Title"] == title
    assert all(author in pages.get_metadata_dict()["Author"] for author in authors)
    assert all(f">{said}</dc:" in package for said in [title.replace('"', "&quot;"), *authors] if "&" not in said)


@pytest.mark.parametrize("target", ["html", "docx", "odt", "rtf", "txt", "pdf"])
def test_front_matter_is_read_once(target: str, shop: Workshop) -> None:
    said = contents.text_of(shop.convert(FRONT.encode(), "md", target).file)

    assert said.count("A. Writer") == said.count("B. Reader") == said.count("2024-05-01") == 1


def test_lines_that_only_look_like_front_matter_are_text(shop: Workshop) -> None:
    made = shop.convert(b"---\ntitle: : :\n - x\n---\n\nbehind\n", "md", "pdf").file

    assert {"title", "behind"} <= contents.words_of(made)


def test_what_lies_too_deep_to_be_set_is_not_called_damaged(shop: Workshop) -> None:
    code, message, _ = shop.refusal(f"{'>' * 60} x\n".encode(), "md")

    assert code == "bad_file"
    assert "more deeply than typst can set" in message
    assert "damaged" not in message
