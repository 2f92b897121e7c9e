"""Nothing of a file runs in the page or text made of it, whatever the file is; what is left out is told."""

import re
from pathlib import Path

import openpyxl
import pikepdf
import pypandoc
import pytest

from filemill.engines.documents import inert_markdown, routes
from tests.engines.documents import contents
from tests.engines.documents.workshop import Workshop
from tests.fixtures import active_content, active_files

BY_OTHERS = {"odt": "docx", "rtf": "docx", "ods": "xlsx", "odp": "pptx", "pdf": "docx"}
"""Formats whose file is made of another one."""

_OWN = re.compile(r"(link href|img src)=(?!//)[\w./-]+|a href=[\w./-]+\.xhtml(#[\w.-]+)?")
"""What a book says of its own files."""

SOURCES = (*active_files.FILES, *BY_OTHERS)
LINKLESS = ("txt", "csv", "pptx", "odp", "pdf")


def active_file(source: str, shop: Workshop) -> bytes:
    if source in BY_OTHERS:
        origin = BY_OTHERS[source]
        return shop.convert(active_files.FILES[origin](), origin, source).file.read_bytes()
    return active_files.FILES[source]()


def page_of(made: Path) -> str:
    """What a reader of the file sees: Markdown as GitHub and others show it, with the HTML in it."""
    if made.suffix == ".html":
        return made.read_text(encoding="utf-8")
    return str(pypandoc.convert_text(made.read_text(encoding="utf-8"), "html", "gfm"))


@pytest.mark.parametrize("target", ["html", "md"])
@pytest.mark.parametrize("source", SOURCES)
def test_nothing_runs_in_what_is_made_of_a_file(source: str, target: str, shop: Workshop) -> None:
    if (source, target) not in routes.ROUTES:
        pytest.skip("no such pair")
    # given
    content = active_file(source, shop)

    # when
    page = page_of(shop.convert(content, source, target).file)

    # then nothing of the file runs, its words are there, and so is what may be clicked
    assert active_content.in_page(page) == []
    assert "plain words" in " ".join(page.split())
    assert source in LINKLESS or f'href="{active_files.GOOD}"' in page


@pytest.mark.parametrize("source", ["docx", "html", "md"])
def test_nothing_runs_in_a_book(source: str, shop: Workshop) -> None:
    # when
    made = shop.convert(active_files.FILES[source](), source, "epub").file

    # then, but for the files that the book itself has
    pages = [part for name, part in contents.parts_of(made).items() if name.endswith(".xhtml")]
    found = [each for page in pages for each in active_content.in_page(page)]
    assert pages
    assert [each for each in found if each != "<link>" and not _OWN.fullmatch(each)] == []


def test_links_that_are_left_out_are_told(shop: Workshop) -> None:
    # when
    made = shop.convert(active_files.word_file(), "docx", "md")

    # then
    assert "left_out" in made.warnings


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("a <script>x</script>", r"a \<script>x\</script>"),
        (r"a \<b", r"a \<b"),
        ("a<br>b<sup>2</sup> 1 < 2", "a<br>b<sup>2</sup> 1 < 2"),
        ("<sup onclick=x>", r"\<sup onclick=x>"),
        ("[a](javascript:x) [b](https://e.org) [c](#d)", r"[a\](javascript:x) [b](https://e.org) [c](#d)"),
        (
            "![a](data:image/png;base64,xx) ![b](data:image/svg+xml,x)",
            "![a](data:image/png;base64,xx) ![b\\](data:image/svg+xml,x)",
        ),
        ("<javascript:alert(1)>", r"\<javascript:alert(1)>"),
        ("[a]: javascript:x", r"\[a]: javascript:x"),
    ],
)
def test_words_stay_words_in_markdown(text: str, harmless: str) -> None:
    assert inert_markdown.escape(text) == harmless


def test_no_cell_of_a_csv_becomes_a_formula(shop: Workshop) -> None:
    # when
    made = shop.convert(active_files.table(), "csv", "xlsx").file

    # then
    cells = [row[1] for row in openpyxl.load_workbook(made).active.iter_rows()]
    assert [cell.value for cell in cells][4:] == ["=1+1", "=cmd|' /C calc'!A1", "+1+1", "@SUM(1)"]
    assert {cell.data_type for cell in cells} == {"s"}


@pytest.mark.parametrize("source", ["docx", "html", "xlsx", "md", "epub"])
def test_nothing_runs_in_a_pdf(source: str, shop: Workshop) -> None:
    # when
    made = shop.convert(active_files.FILES[source](), source, "pdf").file

    # then
    with pikepdf.open(made) as pdf:
        actions = [each for each in pdf.objects if isinstance(each, pikepdf.Dictionary) and "/S" in each]
        kinds = {str(action["/S"]) for action in actions}
        addresses = {str(action["/URI"]) for action in actions if "/URI" in action}
    assert not kinds & {"/JavaScript", "/Launch", "/SubmitForm", "/ImportData", "/GoToR", "/GoToE"}
    assert not any(address.lower().strip().startswith(("javascript", "vbscript")) for address in addresses)
