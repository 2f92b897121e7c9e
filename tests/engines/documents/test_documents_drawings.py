"""Drawings of a page are drawn: those in it, those it brings along, with the fonts that are there."""

import base64
import shutil
import subprocess
import zipfile
from pathlib import Path

import pikepdf
import pypandoc
import pytest

from filemill.engines.documents import drawings
from tests.engines.documents import contents
from tests.engines.documents.workshop import Workshop

NAMED = 'xmlns="http://www.w3.org/2000/svg"'
BLUE = '<rect width="80" height="40" fill="#0000ff"/><text x="9" y="20">label</text>'
BOMB = "<g id=a0><path d='M0 0h1'/></g>" + "".join(
    f"<g id=a{n}>{f'<use href=#a{n - 1} />' * 10}</g>" for n in range(1, 10)
)
WHOLE = f'<svg {NAMED} width="80" height="40">{BLUE}</svg>'


def encoded(drawing: str) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(drawing.encode()).decode()


def shows(shop: Workshop, page: str, target: str = "html", source: str = "md") -> set[tuple[int, int, int]]:
    """The colours of the pictures in the result, grounds and edges aside."""
    found = contents.drawn_in(shop.convert(page.encode(), source, target).file)
    return {colour for one in found for count, colour in one.getcolors(1 << 24) if count > one.width * one.height / 20}


def fonts_of(document: pikepdf.Pdf) -> set[str]:
    return {
        str(each.BaseFont) for each in document.objects if isinstance(each, pikepdf.Dictionary) and "/BaseFont" in each
    }


@pytest.mark.parametrize("target", ["pdf", "docx", "odt", "epub", "md", "rtf"])
def test_drawings_of_a_page_are_drawn(target: str, shop: Workshop) -> None:
    # given one in the page, and one that it brings along
    other = encoded(f'<svg {NAMED} width="80" height="40"><rect width="80" height="40" fill="red"/></svg>')
    page = f'<p>Before</p>{WHOLE}<p><img alt="logo" src="{other}"></p><p>After</p>'

    # when
    result = shop.convert(page.encode(), "html", target)

    # then
    is_archive = zipfile.is_zipfile(result.file)
    found = contents.unpacked(result.file) if is_archive else contents.drawn_in(result.file)
    colours = {colour for one in found for _, colour in one.getcolors(1 << 24)}
    assert {(0, 0, 255), (255, 0, 0)} <= colours
    assert contents.words_of(result.file) >= {"Before", "After"}
    assert result.warnings == []


@pytest.mark.parametrize("target", ["txt", "md"])
def test_what_a_drawing_says_stays_where_nothing_is_drawn(target: str, shop: Workshop) -> None:
    other = encoded(f"<svg {NAMED} width='9' height='9'><text>three</text></svg>")
    page = f"""<svg width=9 height=9><title>Chart</title><text>bar <tspan>one</tspan></text>
    <foreignObject><p>two</p></foreignObject></svg><img src="{other}">"""

    result = shop.convert(page.encode(), "html", target)

    assert contents.words_of(result.file) >= {"Chart", "bar", "one", "two", "three"}


@pytest.mark.parametrize("target", ["pdf", "html", "docx"])
def test_a_drawing_in_markdown_is_drawn(target: str, shop: Workshop) -> None:
    page = f'# Title\n\n<svg width="80" height="40">{BLUE}</svg>\n\n![]({encoded(f"<svg {NAMED}>{BLUE}</svg>")})\n'

    result = shop.convert(page.encode(), "md", target)

    assert result.warnings == []
    if target == "docx":
        assert contents.unpacked(result.file)
    else:
        assert (0, 0, 255) in {colour for one in contents.drawn_in(result.file) for _, colour in one.getcolors(1 << 24)}


SYMBOL = f"""<svg style="display:none"><symbol id=a viewBox="0 0 80 40">{BLUE}</symbol></svg>
<svg width=80 height=40><use xlink:href="#a"/></svg>"""
GRADIENT = """<svg width=0 height=0><linearGradient id=g><stop stop-color=blue /></linearGradient></svg>
<svg width=80 height=40><rect width=80 height=40 fill="url(#g)"/></svg>"""
CLIPPED = """<svg width=80 height=40><clipPath id=c><rect width=80 height=40 /></clipPath>
<g clip-path="url(#c)"><path d="M0 0h999v999h-999z" fill=blue /></g></svg>"""
STYLED = "<style>.b{fill:#00f}</style><svg width=80 height=40><rect class=b width=80 height=40 /></svg>"
PLAIN_ADDRESS = f"""<img src="data:image/svg+xml;utf8,<svg {NAMED.replace('"', "'")} width='80' height='40'>
<rect width='80' height='40' fill='blue'/></svg>">"""
NESTED = f"<svg width=80 height=40><image width=80 height=40 href='{encoded(WHOLE)}'/></svg>"


@pytest.mark.parametrize(
    "page", [f"<svg viewBox='0 0 80 40'>{BLUE}</svg>", SYMBOL, GRADIENT, CLIPPED, STYLED, PLAIN_ADDRESS, NESTED]
)
def test_a_drawing_is_drawn_however_it_is_written(page: str, shop: Workshop) -> None:
    assert shows(shop, page, "md", "html") == {(0, 0, 255)}


@pytest.mark.parametrize(
    ("style", "drawing", "size"),
    [
        ("", "<svg width=80 height=40>", (80, 40)),
        ("", "<svg width=80 viewBox='0 0 20 10'>", (80, 40)),
        ("svg{height:2em}", "<svg viewBox='0 0 20 10'>", (64, 32)),
        (".i{width:80px!important}", "<svg class=i style='width:9px' viewBox='0 0 20 10'>", (80, 40)),
        ("", "<svg viewBox='0 0 2000 1000'>", (640, 320)),
        ("", "<svg width=2000 height=1000>", (640, 320)),
        ("", "<svg>", (300, 150)),
    ],
)
def test_a_drawing_is_as_large_as_the_page_says_and_no_wider_than_paper(
    style: str, drawing: str, size: tuple[int, int], shop: Workshop
) -> None:
    page = f"<style>{style}</style>\n\n{drawing}<path d='M0 0h9v9'/></svg>\n"

    made = shop.convert(page.encode(), "md", "html").file

    (picture,) = contents.drawn_in(made)
    assert picture.size == pytest.approx((2 * size[0], 2 * size[1]), abs=2)
    assert f'width="{size[0]}" height="{size[1]}"' in made.read_text()


@pytest.mark.parametrize(
    "drawing",
    [
        f"<svg width=9 height=9>{BOMB}<text>Words</text></svg>",
        "<svg width=9 height=9>" + "<g>" * 1_000 + "<text>Words</text></svg>",
        "<svg width=9 height=9>" + "<path d='M0 0h1'/>" * 5 + f"<text>Words</text>{'<g/>' * 20_001}</svg>",
        f"<img alt=Words src='{encoded('<svg')}'>",
        f"<img alt=Words src='{encoded('<!DOCTYPE x [<!ENTITY e SYSTEM &quot;file:///etc/passwd&quot;>]><svg/>')}'>",
    ],
)
def test_what_a_drawing_says_stands_where_it_cannot_be_drawn_and_that_is_told(drawing: str, shop: Workshop) -> None:
    result = shop.convert(f"<p>Before</p>{drawing}<p>After</p>".encode(), "html", "txt")

    assert contents.words_of(result.file) == {"Before", "Words", "After"}
    assert result.warnings == ["left_out"]


def test_more_drawings_than_a_page_may_have_are_told(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drawings, "MOST_DRAWINGS", 3)

    result = shop.convert(f"<svg width=9 height=9>{BLUE}</svg>".encode() * 5, "html", "txt")

    assert result.warnings == ["left_out"]
    assert "2 drawings of the page" in str(result.said)


@pytest.mark.parametrize(
    ("said", "family"),
    [
        ('font-family="Arial"', "Arial"),
        ("font-family=\"'No Such Font', 'Times New Roman'\"", "Times New Roman"),
        ('font-family="sans-serif"', "sans-serif"),
        ('style="font: italic 20px/1.2 Helvetica, sans-serif"', "Helvetica"),
        ('class="t"', "Courier New"),
        ("", "serif"),
    ],
)
def test_a_drawing_has_the_font_that_stands_for_the_one_it_names(said: str, family: str, shop: Workshop) -> None:
    # given
    if not shutil.which("fc-match"):
        pytest.skip("fontconfig is not installed: run filemill install documents")
    style = "<style>.t{font:bold 20px 'Courier New',monospace}</style>"
    drawing = f'<svg {NAMED} width="300" height="50">{style}<text y="30" {said}>words</text></svg>'
    there = subprocess.run(["fc-match", "-f", "%{family[0]}", family], capture_output=True, check=True).stdout.decode()

    # when
    made = shop.convert(drawing.encode(), "svg", "pdf").file

    # then
    with pikepdf.open(made) as document:
        (font,) = fonts_of(document)
    assert there.replace(" ", "") in font


def test_sans_serif_is_a_sans(shop: Workshop) -> None:
    drawing = f'<svg {NAMED} width="300" height="50"><text y="30" font-family="sans-serif">words</text></svg>'

    with pikepdf.open(shop.convert(drawing.encode(), "svg", "pdf").file) as document:
        (font,) = fonts_of(document)

    assert "Sans" in font


def test_a_drawing_in_a_book_is_set_in_a_sans_too(shop: Workshop, tmp_path: Path) -> None:
    # given
    (tmp_path / "drawing.svg").write_text(
        f'<svg {NAMED} width="300" height="50"><text y="30" font-family="sans-serif">words</text></svg>'
    )
    book = tmp_path / "book.epub"
    text = f"![]({tmp_path}/drawing.svg)"
    pypandoc.convert_text(text, "epub3", "markdown", outputfile=str(book), extra_args=["--metadata=title:x"])

    # when
    made = shop.convert(book, "epub", "pdf").file

    # then
    with pikepdf.open(made) as document:
        assert any("Sans" in font for font in fonts_of(document))
