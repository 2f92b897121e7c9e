"""Documents whose elements stand deep in each other: each ends with a sentence or a result, no process dies."""

import io
import zipfile

import pytest

from tests.engines.documents import sheets, word_parts
from tests.engines.documents.workshop import Workshop

DEEP = 5_000
TOO_DEEP = "Its elements stand"


def docx() -> bytes:
    """A docx with content controls in each other."""
    begin, end = "<w:sdt><w:sdtContent>", "</w:sdtContent></w:sdt>"
    return replaced(word_parts.saved(), "word/document.xml", "<w:body>", f"<w:body>{begin * DEEP}{end * DEEP}")


def xlsx() -> bytes:
    """A workbook whose list of sheets has elements in each other behind it."""
    deep = f"<extLst>{'<a>' * DEEP}{'</a>' * DEEP}</extLst></workbook>"
    return replaced(sheets.xlsx(), "xl/workbook.xml", "</workbook>", deep)


def replaced(content: bytes, part: str, old: str, new: str) -> bytes:
    """A file of parts with something else in one of them."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as archive, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as copy:
        for name in archive.namelist():
            text = archive.read(name)
            if name == part:
                assert old.encode() in text
                text = text.replace(old.encode(), new.encode(), 1)
            copy.writestr(name, text)
    return made.getvalue()


def html(tag: str) -> bytes:
    return f"<p>{f'<{tag}>' * DEEP}x".encode()


SVG = f'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">{"<g>" * DEEP}{"</g>" * DEEP}</svg>'.encode()


@pytest.mark.parametrize(
    ("content", "source", "target"),
    [
        (docx(), "docx", "md"),
        (docx(), "docx", "html"),
        (xlsx(), "xlsx", "pdf"),
        (xlsx(), "xlsx", "html"),
        (html("div"), "html", "md"),
        (html("blockquote"), "html", "pdf"),
        (b">" * DEEP + b" x\n", "md", "html"),
        (SVG, "svg", "png"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_elements_too_deep_in_each_other_are_told(content: bytes, source: str, target: str, shop: Workshop) -> None:
    code, message, _ = shop.refusal(content, source, target)

    assert code == "bad_file"
    assert TOO_DEEP in message


@pytest.mark.parametrize(
    ("content", "source", "target"),
    [
        (b"{\\rtf1 " + b"{" * DEEP + b"hello" + b"}" * DEEP + b"}", "rtf", "md"),
        (b"[" * DEEP + b"hello" + b"]" * DEEP + b"\n", "md", "html"),
        (b"*a " * DEEP + b"hello\n", "md", "html"),
    ],
    ids=["rtf", "brackets", "stars"],
)
def test_what_is_no_element_may_stand_deep(content: bytes, source: str, target: str, shop: Workshop) -> None:
    assert b"hello" in shop.convert(content, source, target).file.read_bytes()
