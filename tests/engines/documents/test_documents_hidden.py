"""What a page hides is not shown, and what it shows after all is."""

import time

import pytest

from filemill.engines.documents import markup
from tests.engines.documents import contents
from tests.engines.documents.workshop import Workshop

HIDDEN = """<!DOCTYPE html><html><head><style>.pre{display:none}</style></head><body><div class="pre">one</div>
<div style="display:none">two</div><p hidden>three</p><span style="visibility:hidden">four</span>
<p style="font-size:0">five</p><p>Seen</p></body></html>"""


def words(shop: Workshop, style: str, body: str) -> list[str]:
    page = f"<html><head><style>{style}</style></head><body>{body}</body></html>".encode()
    return contents.text_of(shop.convert(page, "html", "txt").file).split()


@pytest.mark.parametrize("target", ["pdf", "txt", "docx", "md"])
def test_what_is_hidden_is_not_shown_and_that_is_told(target: str, shop: Workshop) -> None:
    result = shop.convert(HIDDEN.encode(), "html", target)

    assert contents.words_of(result.file) == {"Seen"}
    assert result.warnings == ["left_out"]
    assert "5 parts of the page are hidden" in str(result.said)


def test_what_is_hidden_in_markdown_is_not_shown(shop: Workshop) -> None:
    result = shop.convert(b'Seen\n\n<div style="display:none">hidden</div>\n', "md", "txt")

    assert contents.words_of(result.file) == {"Seen"}


@pytest.mark.parametrize(
    ("style", "body"),
    [
        (".a{display:none}", "<p class=a>x</p>"),
        (".a{display:none!important}", '<p class=a style="display:block">x</p>'),
        ("p{display:block} #a{display:none} .a{display:block}", "<p class=a id=a>x</p>"),
        ("@media (min-width:1000px){p{display:none}}", "<p>x</p>"),
        (
            "div div, b + p, p:first-child > i, a:not([href]){display:none}",
            "<b></b><p>x</p><div><p><i>x</i></div><a>x</a>",
        ),
        ("p:nth-child(2n), b ~ p{display:none}", "<b></b><p>x</p><p>x</p>"),
        ("div{visibility:hidden}", "<div><p>x</p><img alt=x src=data:image/gif;base64,R0lGODlhAQABAAAAACw=></div>"),
        ("p{visibility:collapse}", "<p>x</p>"),
        ("div{font-size:0}", "<div>x<span style='font-size:2em'>x</span>x</div>"),
        ("div{font:0/0 a}", "<div>x</div>"),
        (".a{display:n\\6fne}", "<p class=a>x</p>"),
        ("", "<dialog>x</dialog><p hidden=until-found>x</p>"),
        ("", "<p style='display: none; color: red'>x</p>"),
    ],
)
def test_it_is_hidden_however_the_page_says_so(style: str, body: str, shop: Workshop) -> None:
    assert words(shop, style, body + "<p class=b>Seen</p>".replace("p", "h2")) == ["Seen"]


@pytest.mark.parametrize(
    ("style", "body"),
    [
        (".a{display:none} .a.b{display:block}", "<p class='a b'>Seen</p>"),
        (".a{display:none}", "<p class=a style='display:block'>Seen</p>"),
        ("@media print{p{display:none}} @media (max-width:600px){p{display:none}}", "<p>Seen</p>"),
        ("p:hover{display:none} p::before{display:none} p:nonsense{display:none} p<{display:none}", "<p>Seen</p>"),
        ("div{visibility:hidden} p{visibility:visible}", "<div>x<p>Seen</p>x</div>"),
        ("div{font-size:0} p{font-size:12px}", "<div> <p>Seen</p> </div>"),
        ("p{font:bold 12px/0 Arial}", "<p>Seen</p>"),
        ("p{font-size:0.9em}", "<p>Seen</p>"),
        ("[hidden]{display:block}", "<p hidden>Seen</p>"),
        ("body{visibility:hidden} html{display:none}", "<p>Seen</p>"),
        ("", "<dialog open>Seen</dialog>"),
        ("", "<details><summary>Seen</summary></details>"),
    ],
)
def test_what_is_seen_after_all_is_shown(style: str, body: str, shop: Workshop) -> None:
    assert words(shop, style, body) == ["Seen"]


def test_text_behind_something_hidden_stays(shop: Workshop) -> None:
    assert words(shop, "i{display:none}", "<p>one <i>x</i>two <i>x</i>three</p>") == ["one", "two", "three"]


@pytest.mark.parametrize(
    "style",
    [
        "div " * 300 + "p{display:none}",
        "p~p~p~p{display:none}",
        "".join(f".c{n} .d ~ .e{{display:none}}" for n in range(3000)),
    ],
)
def test_styles_that_would_take_too_long_are_not_asked_and_that_is_told(style: str, shop: Workshop) -> None:
    # given
    body = "<div>" * 300 + "<p>Seen</p>" * 9000 + "</div>" * 300
    begun = time.process_time()

    # when
    result = shop.convert(f"<style>{style}</style>{body}".encode(), "html", "txt")

    # then
    assert time.process_time() - begun < 5
    assert contents.words_of(result.file) == {"Seen"}
    assert result.warnings == ["left_out"]


def test_a_page_whose_end_would_be_lost_is_refused(shop: Workshop) -> None:
    code, message, _ = shop.refusal(b"<div>" * (markup.DEEPEST + 9) + b"<p>x</p>", "html", "txt")

    assert code == "bad_file"
    assert f"more than {markup.DEEPEST:,} deep" in message
