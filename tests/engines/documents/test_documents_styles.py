"""Styles of a page are followed, whatever else stands in them; what reaches outside goes, rule by rule."""

import pytest

from filemill.engines.documents import media_queries, stylesheets
from filemill.engines.documents.losses import Losses
from tests.engines.documents import contents
from tests.engines.documents.workshop import Workshop

RED = "h1 {color: #c00}"
WEB = "http://127.0.0.1:9/x"


def page(style: str, body: str = "<h1>Red title</h1>") -> bytes:
    return f"<!DOCTYPE html><html><head><style>{style}</style></head><body>{body}</body></html>".encode()


def is_red(shop: Workshop, content: bytes) -> bool:
    (drawn,) = contents.drawn_in(shop.convert(content, "html", "pdf").file)
    return any(red > 180 and green < 60 for _, (red, green, _) in drawn.getcolors(1 << 20))


@pytest.mark.parametrize(
    "style",
    [
        RED + ' blockquote:before {content: "\\201C"}',
        "v\\:* {behavior: url(#default#VML)}\n" + RED,
        "p{margin:0}.x{margin:0}h1{color:#c00}",
        "@media screen and (min-width: 600px) {" + RED + "}",
    ],
)
def test_a_style_with_an_escape_is_followed(style: str, shop: Workshop) -> None:
    assert is_red(shop, page(style))


@pytest.mark.parametrize("style", ["h1 {color: black}", "@media print {" + RED + "}"])
def test_a_style_for_something_else_is_not_followed(style: str, shop: Workshop) -> None:
    assert not is_red(shop, page(style))


@pytest.mark.parametrize(
    "unsafe",
    [
        f"p {{background: url({WEB})}}",
        f"p {{background: u\\72l({WEB})}}",
        f"p {{background: \\75 \\72 \\6c('{WEB}')}}",
        "p {background: url(\\68ttp://127.0.0.1:9/x)}",
        f"p {{list-style: image-set('{WEB}' 1x)}}",
        f"p {{--x: url({WEB})}}",
        f"@media screen {{p {{background: url({WEB})}}}}",
        f"@supports (display: grid) {{p {{background: url({WEB})}}}}",
        f"@import '{WEB}';",
        f"@\\69mport '{WEB}';",
        f"p {{background: url({WEB}",
    ],
)
def test_a_rule_that_reaches_outside_goes_alone_and_is_counted(unsafe: str) -> None:
    losses = Losses()

    kept = stylesheets.clean(f"p {{margin: 0}} {RED} {unsafe}", losses)

    assert "127" not in kept
    assert "margin: 0" in kept
    assert RED.replace(" {", "{") in kept.replace(" {", "{")
    assert losses.elsewhere == 1


@pytest.mark.parametrize("style", ["@page {size: 29.7cm 21cm}", f"@page {{size: 29.7cm 21cm; background: url({WEB})}}"])
def test_a_page_lies_as_its_style_says(style: str, shop: Workshop) -> None:
    (drawn,) = contents.drawn_in(shop.convert(page(style), "html", "pdf").file)

    assert drawn.width > drawn.height


def test_what_reaches_outside_in_styles_is_told(shop: Workshop) -> None:
    result = shop.convert(
        page(f"h1 {{background: u\\72l({WEB})}}", '<p style="background: url(/x)">Words</p>'), "html", "txt"
    )

    assert result.warnings == ["left_out"]
    assert "refers to 2 other files" in str(result.said)


def test_what_a_style_brings_along_stays_where_it_is_a_picture_and_is_counted_where_it_is_a_font() -> None:
    losses = Losses()
    picture = "p{background:url(data:image/png;base64,AAAA)}"

    kept = stylesheets.clean(picture + "@font-face{font-family:x;src:url(data:font/woff;base64,AA)}", losses)

    assert kept.strip() == picture.replace(")}", ")}")
    assert (losses.elsewhere, losses.styles) == (0, 1)


def test_a_style_does_not_end_its_element(shop: Workshop) -> None:
    content = page('p:before {content: "\\3c/style>\\3cp>SMUGGLED\\3c/p>"}', "<p>Words</p>")

    assert contents.text_of(shop.convert(content, "html", "txt").file).split() == ["Words"]


@pytest.mark.parametrize("deep", ["{" * 100_000, "a{b:" + "(" * 100_000, "a{b:" + "x" * (stylesheets.LONGEST + 1)])
def test_a_style_too_deep_or_long_is_left_out_and_that_is_told(deep: str, shop: Workshop) -> None:
    result = shop.convert(page(deep, "<p>Words</p>"), "html", "txt")

    assert contents.text_of(result.file).split() == ["Words"]
    assert result.warnings == ["left_out"]


@pytest.mark.parametrize(
    ("query", "holds"),
    [
        ("", True),
        ("all", True),
        ("print", False),
        ("print, screen", True),
        ("not print", True),
        ("only screen and (max-width: 600px)", False),
        ("screen and (min-width: 40em)", True),
        ("(prefers-color-scheme: dark)", False),
        ("(prefers-color-scheme: light)", True),
        ("(hover: none)", False),
        ("(width: calc(1px))", False),
        ("(min-width: 1.2.3px)", False),
    ],
)
def test_styles_are_those_for_the_screen_of_a_desk(query: str, holds: bool) -> None:
    assert media_queries.holds(query) == holds
