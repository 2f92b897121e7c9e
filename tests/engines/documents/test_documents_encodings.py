"""Encodings of texts: what is told by a mark or a name, what is guessed, and what is refused since it is damaged."""

import pytest

from tests.engines.documents import contents
from tests.engines.documents.workshop import Workshop

UMLAUTS = "".join(f"M\u00fcller{number},1\n" for number in range(5_000)).encode()
SOURCES = ("csv", "txt", "md", "html", "svg")


def wrapped(text: bytes, source: str) -> bytes:
    """The text as a file of that format, each of its lines on the line it had."""
    return b"<svg xmlns='http://www.w3.org/2000/svg'><text>" + text + b"</text></svg>" if source == "svg" else text


@pytest.mark.parametrize("source", SOURCES)
def test_one_wrong_byte_does_not_change_the_encoding_of_a_text(source: str, shop: Workshop) -> None:
    target = {"csv": "xlsx", "html": "txt", "svg": "png"}.get(source, "html")

    code, message, _ = shop.refusal(wrapped(UMLAUTS + b"x,\xff\n", source), source, target)

    assert code == "bad_file"
    assert message == (
        f"sample.{source}: Line 5,001 is not UTF-8, as the rest of the text is (byte 0xFF); mend the line, or save the"
        " file as UTF-8."
    )


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfplain\rx,\xff",
        b"<meta charset=utf-8>\n<p>M\xc3\xbcller \xff",
        b"\n" + b"M\xc3\xbcller".ljust(1_100_000) + b"\xff",
    ],
    ids=["marked", "named", "far"],
)
def test_the_line_of_a_wrong_byte_is_named(content: bytes, shop: Workshop) -> None:
    assert "Line 2 is not UTF-8" in shop.refusal(content, "html", "txt")[1]


@pytest.mark.parametrize(
    "content", [b"plain\nlines\n" + "more\n".encode("utf-16-le"), "more\n".encode("utf-16") + b"plain\nlines\n"]
)
def test_a_text_in_two_encodings_is_refused(content: bytes, shop: Workshop) -> None:
    code, message, _ = shop.refusal(content, "txt", "html")

    assert (code, "appended to it in another encoding" in message) == ("bad_file", True)


@pytest.mark.parametrize("encoding", ["windows-1252", "utf-16-le"])
def test_an_encoding_that_is_guessed_is_told(encoding: str, shop: Workshop) -> None:
    result = shop.convert("Der M\u00fcller \u2013 ein Mann\n".encode(encoding), "txt", "html")

    assert "M\u00fcller \u2013 ein" in contents.text_of(result.file)
    assert result.warnings == ["guessed"]
    assert f"The text is read as {encoding}" in str(result.said)


@pytest.mark.parametrize("content", ["M\u00fcller".encode(), "M\u00fcller".encode("utf-16"), b"plain"])
def test_an_encoding_that_is_sure_is_not_told(content: bytes, shop: Workshop) -> None:
    assert shop.convert(content, "txt", "html").warnings == []


def test_an_encoding_that_a_page_names_is_not_told(shop: Workshop) -> None:
    result = shop.convert(b"<meta charset=iso-8859-1><p>M\xfcller", "html", "txt")

    assert (contents.text_of(result.file).strip(), result.warnings) == ("M\u00fcller", [])
