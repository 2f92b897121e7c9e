"""What people's documents have in them, and what once went wrong with it: comments, forms, titles, encodings."""

import io

import docx
import openpyxl
import pytest
from docx.oxml import parse_xml

from filemill.engines.documents import libreoffice
from tests.engines.documents import contents
from tests.engines.documents.workshop import Workshop

FORM = b"<p>Your name</p><form><textarea>nobody</textarea><select><option>one</select><button>Send</button></form>"
MATHEMATICS = "http://schemas.openxmlformats.org/officeDocument/2006/math"


def is_installed(library: str) -> bool:
    """Whether this part of LibreOffice is there."""
    program = libreoffice.program()
    return program is not None and (program / library).exists()


def saved(made: docx.document.Document | openpyxl.Workbook) -> bytes:
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def commented() -> bytes:
    made = docx.Document()
    made.add_comment(made.add_paragraph("A sentence.").runs, text="Is it one?", author="A reader")
    return saved(made)


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


@pytest.mark.parametrize("target", ["md", "txt"])
def test_a_title_is_text(target: str, shop: Workshop) -> None:
    made = docx.Document()
    made.add_heading("On pears", 0)
    made.add_paragraph("They ripen late.")

    said = shop.convert(saved(made), "docx", target).file.read_text()

    assert said.split() == [*(["#"] if target == "md" else []), *["On", "pears", "They", "ripen", "late."]]


@pytest.mark.parametrize("target", ["pdf", "odt", "rtf"])
def test_the_name_of_a_file_is_no_title(target: str, shop: Workshop) -> None:
    assert "sample" not in contents.text_of(shop.convert(b"A sentence.\n", "md", target).file)


@pytest.mark.parametrize("target", ["pdf", "txt"])
def test_what_is_done_is_told_from_what_is_not(target: str, shop: Workshop) -> None:
    made = shop.convert(b"- [x] sown\n- [ ] reaped\n", "md", target).file

    assert [sign for sign in contents.text_of(made) if sign in "\u2610\u2612"] == ["\u2612", "\u2610"]


@pytest.mark.parametrize(
    ("head", "encoding", "words"),
    [
        ('<meta charset="iso-8859-1">', "windows-1252", "\u201cquoted\u201d \u20ac"),
        ('<meta charset="Shift_JIS">', "cp932", "\u65e5\u672c\u8a9e \u2460"),
        ('<meta charset="gb2312">', "gb18030", "\u6731\u9555\u57fa"),
        ('<meta charset="utf-16">', "utf-8", "caf\u00e9"),
        ('<?xml version="1.0" encoding="windows-1251"?>', "windows-1251", "\u041f\u0440\u0438\u0432\u0435\u0442"),
    ],
)
@pytest.mark.parametrize("target", ["pdf", "txt"])
def test_a_page_is_read_as_browsers_read_it(head: str, encoding: str, words: str, target: str, shop: Workshop) -> None:
    page = f"{head}<html><body><p>{words}</p></body></html>".encode(encoding)

    assert contents.text_of(shop.convert(page, "html", target).file).strip() == words


@pytest.mark.parametrize("way", ["url(#g)", "url('#g')", "url( &quot;#g&quot; )"])
def test_a_gradient_inside_a_drawing_stays(way: str, shop: Workshop) -> None:
    stops = '<stop offset="0" stop-color="red"/><stop offset="1" stop-color="red"/>'
    drawing = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="40" height="40"><linearGradient id="g">{stops}'
        f'</linearGradient><rect width="40" height="40" fill="{way}"/></svg>'
    )

    (drawn,) = contents.drawn_in(shop.convert(drawing.encode(), "svg", "png").file)

    assert drawn.getpixel((40, 40)) == (255, 0, 0)


def test_a_cell_may_hold_a_sign_that_ends_lines_elsewhere(shop: Workshop) -> None:
    made = shop.convert("name,note\nAnn,one\u2028two\nBob,three\n".encode(), "csv", "xlsx").file

    assert [row[0] for row in openpyxl.load_workbook(made).active.iter_rows(values_only=True)] == ["name", "Ann", "Bob"]


def test_a_csv_has_the_first_sheet_that_is_not_hidden(shop: Workshop) -> None:
    made = openpyxl.Workbook()
    made.active["A1"] = "a secret"
    made.active.sheet_state = "hidden"
    made.create_sheet("Shown")["A1"] = "no secret"

    assert shop.convert(saved(made), "xlsx", "csv").file.read_text().strip() == "no secret"


@pytest.mark.skipif(not is_installed("libsmlo.so"), reason="libreoffice-math-nogui is not installed")
@pytest.mark.parametrize("target", ["pdf", "odt"])
def test_an_equation_is_shown(target: str, shop: Workshop) -> None:
    # given
    made = docx.Document()
    half = "<m:f><m:num><m:r><m:t>n+1</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>"
    made.add_paragraph()._p.append(parse_xml(f'<m:oMath xmlns:m="{MATHEMATICS}">{half}</m:oMath>'))

    # when
    there = shop.convert(saved(made), "docx", target)
    shown = there.file if target == "pdf" else shop.convert(there.file, "odt", "pdf").file

    # then
    assert "n+1" in contents.text_of(shown)


def test_a_cell_is_cut_where_no_sheet_holds_more_and_the_caller_is_warned(shop: Workshop) -> None:
    made = shop.convert(f"a,b\n1,{'x' * 40_000}\n".encode(), "csv", "ods")

    assert made.warnings == ["left_out"]


def test_a_quote_that_is_not_closed_is_no_cell(shop: Workshop) -> None:
    code, message, _ = shop.refusal(b'a,b\n1,"' + b"1,2\n" * 300_000, "csv", "ods")

    assert code == "bad_file"
    assert "A quoted cell of the row in line 2 does not end" in message


def test_a_cell_that_no_sheet_could_hold_is_refused_by_its_row(shop: Workshop) -> None:
    code, message, _ = shop.refusal(b'a,b\n1,"' + b"1,2\n" * 300_000 + b'"\n', "csv", "ods")

    assert code == "bad_file"
    assert "Row 2 has a cell of more than 1 MB" in message
