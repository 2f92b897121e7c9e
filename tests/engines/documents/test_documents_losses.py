"""What a document loses is told as what it is, and counted as one counts."""

import base64

import pytest

from filemill.pipelines.run import Warned
from tests.engines.documents.workshop import Result, Workshop

FOREIGN = (
    "<foreignObject width='90' height='9'>"
    "<p xmlns='http://www.w3.org/1999/xhtml'>three words <b>here</b></p></foreignObject>"
)
ONE = "A part of a drawing is HTML (foreignObject), which is not drawn; words in the part: 3."
TWO = "2 parts of drawings are HTML (foreignObject), which is not drawn; words in the parts: 6."


def svg(inside: str) -> bytes:
    return f"<svg xmlns='http://www.w3.org/2000/svg' width='99' height='99'><path d='M0 0h9'/>{inside}</svg>".encode()


def warnings(result: Result) -> list[str]:
    return [line.message for line in result.said if isinstance(line, Warned)]


@pytest.mark.parametrize(
    ("inside", "told"),
    [
        (FOREIGN, [ONE]),
        (FOREIGN * 2, [TWO]),
        (FOREIGN.replace("<b>", "<svg><foreignObject>").replace("</b>", "</foreignObject></svg>"), [ONE]),
        (f"<switch>{FOREIGN}<text>instead</text></switch>", []),
        (f"<switch>{FOREIGN}</switch>", [ONE]),
    ],
    ids=["one", "two", "nested", "with another", "without another"],
)
def test_html_in_a_drawing_is_told(inside: str, told: list[str], shop: Workshop) -> None:
    assert warnings(shop.convert(svg(inside), "svg", "png")) == told


@pytest.mark.parametrize(("source", "target"), [("html", "txt"), ("md", "pdf")])
def test_html_in_a_drawing_of_a_page_is_told(source: str, target: str, shop: Workshop) -> None:
    address = f"data:image/svg+xml;base64,{base64.b64encode(svg(FOREIGN)).decode()}"

    result = shop.convert(f"<p>Page</p><img alt='' src='{address}'>".encode(), source, target)

    assert warnings(result) == [ONE]


@pytest.mark.parametrize(
    ("page", "told"),
    [
        ("<img src='https://example.com/1.png'>", "The file refers to another file, such as"),
        ("<p hidden>not seen</p>", "A part of the page is hidden by its styles: the part is left out."),
        ("<img alt=x src='data:image/svg+xml,<svg'>", "A drawing of the page cannot be drawn: what the drawing says"),
        ("<style>@font-face{src:url(x)}</style>", "A rule of the file's styles cannot be followed"),
    ],
)
def test_one_thing_is_told_in_the_singular(page: str, told: str, shop: Workshop) -> None:
    (message,) = warnings(shop.convert(f"<p>Page</p>{page}".encode(), "html", "txt"))

    assert message.startswith(told)


def test_one_field_of_an_rtf_is_told_in_the_singular(shop: Workshop) -> None:
    rtf = rb"{\rtf1 {\field{\*\fldinst INCLUDETEXT \"x.txt\"}{\fldrslt shown}}\par}"

    (message,) = warnings(shop.convert(rtf, "rtf", "docx"))

    assert message == "A field of the file that may bring in another file stays as the field was shown."
