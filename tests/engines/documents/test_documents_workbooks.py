"""What sheets show: stored results of formulas, results that are missing, and sheets that are mostly empty."""

import io
import struct
import zipfile

import openpyxl
import pytest
import xlsxwriter
from PIL import Image

from tests.engines.documents import contents
from tests.engines.documents.samples import Samples, picture
from tests.engines.documents.sheets import formula, number, text, xlsx
from tests.engines.documents.workshop import Workshop

SHOWING = ["pdf", "txt", "md", "html", "csv"]
UNKNOWN = "_xlfn.XLOOKUP"


def priced(*, calculates: bool = False) -> bytes:
    """Prices that are looked up by a function that LibreOffice does not know."""
    return xlsx(
        text("A1", "key") + text("B1", "price"),
        text("A2", "a") + number("B2", 10) + formula("D2", f'{UNKNOWN}("b",A2:A3,B2:B3)', "20"),
        text("A3", "b")
        + number("B3", 20)
        + formula("D3", f'{UNKNOWN}("a",A2:A3,B2:B3)*2', "21")
        + formula("E3", '_xlfn.TEXTJOIN("-",TRUE,A2:A3)', "a-b", "str"),
        formula("A4", "D2+D3"),
        calculates=calculates,
    )


@pytest.mark.parametrize("calculates", [False, True])
@pytest.mark.parametrize("target", [*SHOWING, "ods"])
def test_a_stored_result_is_shown_where_its_function_is_not_known(
    target: str, calculates: bool, shop: Workshop
) -> None:
    result = shop.convert(priced(calculates=calculates), "xlsx", target)

    said = contents.text_of(result.file)
    assert {"20", "21", "a-b", "41"} <= set(said.replace(",", " ").replace("|", " ").split())
    assert "#NAME?" not in said
    assert result.warnings == (["left_out"] if target == "ods" else [])


def test_a_workbook_made_of_another_shows_the_same_when_it_is_opened(shop: Workshop) -> None:
    there = shop.convert(priced(), "xlsx", "ods").file

    lines = shop.convert(there, "ods", "csv").file.read_text().split()

    assert lines == ["key,price,,,", "a,10,,20,", "b,20,,21,a-b", "41,,,,"]


SHARED, ARRAY = 't="shared" si="0"', 't="array" ref="A1:A2"'
SPILT = '<c r="A2" t="str"><v>y</v></c>'


@pytest.mark.parametrize(
    ("cells", "shown"),
    [
        ([formula("A1", "MINE(1)", "1", "b")], "TRUE"),
        ([formula("A1", "MINE(1)", "", "str")], ""),
        ([formula("A1", "MINE(1)", "#VALUE!", "e")], "#NAME?"),
        ([formula("A1", "MINE(1)", "5", more=f'{SHARED} ref="A1:A2"'), formula("A2", "", "6", more=SHARED)], "5\n6"),
        ([formula("A1", "_xlfn.UNIQUE(B1:B2)", "x", "str", ARRAY), SPILT], "x\ny"),
        ([formula("A1", "MINE(1)", "5"), formula("A2", 'INDIRECT("A1")*2', "10")], "5\n10"),
    ],
    ids=["truth", "nothing", "error", "shared", "array", "dependent"],
)
def test_a_result_may_be_of_any_kind(cells: list[str], shown: str, shop: Workshop) -> None:
    assert shop.convert(xlsx(*cells), "xlsx", "csv").file.read_text().strip() == shown


def test_a_result_that_no_program_has_worked_out_is_worked_out(shop: Workshop) -> None:
    made = shop.convert(xlsx(number("A1", 2), number("A2", 3), formula("A3", "SUM(A1:A2)")), "xlsx", "txt")

    assert made.file.read_text().split() == ["2", "3", "5"]
    assert made.warnings == []


def test_a_stored_result_is_shown_though_another_would_be_worked_out(shop: Workshop) -> None:
    stored = number("A1", 2) + formula("B1", "A1*2", "5")

    assert shop.convert(xlsx(stored), "xlsx", "csv").file.read_text() == "2,5\n"
    assert shop.convert(xlsx(stored, calculates=True), "xlsx", "csv").file.read_text() == "2,4\n"


def test_zeros_of_a_writer_that_works_nothing_out_are_no_results(shop: Workshop) -> None:
    rows = [number("A1", 2) + formula("B1", "A1*2", "0") + formula("C1", "MINE(A1)", "0")]

    result = shop.convert(xlsx(*rows, calculates=True), "xlsx", "csv")

    assert result.file.read_text() == "2,4,#NAME?\n"
    assert result.warnings == ["left_out"]


def test_an_ods_shows_its_stored_results(shop: Workshop) -> None:
    # given
    there = shop.convert(xlsx(number("A1", 4), formula("A2", "A1+1")), "xlsx", "ods").file
    newer = io.BytesIO()
    with zipfile.ZipFile(there) as old, zipfile.ZipFile(newer, "w") as new:
        for name in old.namelist():
            part = old.read(name).replace(b"of:=[.A1]+1", b"of:=COM.MICROSOFT.XLOOKUP([.A1];[.A1];[.A1])")
            new.writestr(name, part)

    # when
    result = shop.convert(newer.getvalue(), "ods", "csv")

    # then
    assert result.file.read_text() == "4\n5\n"
    assert result.warnings == []


def test_a_result_that_an_xls_has_lost_is_told(shop: Workshop, samples: Samples) -> None:
    # given
    made = samples.made_of(xlsx(formula("A1", "NA()", "#N/A", "e")), "xls")
    no_result, nineteen = b"\2\0\x2a\0\0\0\xff\xff", struct.pack("<d", 19)

    # when
    result = shop.convert(made.replace(no_result, nineteen), "xls", "csv")

    # then
    assert (result.file.read_text(), result.warnings) == ("#N/A\n", ["left_out"])


GAPS = b"name,,note\na,b,c\nd,e\nf,g,h,i\n"


def test_rows_of_a_csv_may_be_of_any_length(shop: Workshop) -> None:
    made = shop.convert(GAPS, "csv", "xlsx").file

    rows = [[cell for cell in row if cell] for row in openpyxl.load_workbook(made).active.iter_rows(values_only=True)]
    assert rows == [["name", "note"], ["a", "b", "c"], ["d", "e"], ["f", "g", "h", "i"]]


@pytest.mark.parametrize("between", ["xlsx", "ods"])
def test_a_grid_comes_back_as_it_went(between: str, shop: Workshop) -> None:
    there = shop.convert(GAPS, "csv", between).file

    back = shop.convert(there, between, "csv").file.read_text()

    assert back == "name,,note,\na,b,c,\nd,e,,\nf,g,h,i\n"


@pytest.mark.parametrize(
    ("content", "cells"),
    [
        ("a;b\n1,5;2,5\n", [["a", "b"], ["1,5", "2,5"]]),
        ("1,5;2,5\n3,5;4,5\n", [["1,5", "2,5"], ["3,5", "4,5"]]),
        ("Report;;\n\nx;y;z\n", [["Report"], [], ["x", "y", "z"]]),
        ('n,"x;y"\nm,"p;q"\n', [["n", "x;y"], ["m", "p;q"]]),
        ("a\tb\n1,2\t3\n", [["a", "b"], ["1,2", "3"]]),
        ("7,8\n9,10\n", [["7", "8"], ["9", "10"]]),
    ],
)
def test_what_parts_the_cells_is_found_out(content: str, cells: list[list[str]], shop: Workshop) -> None:
    made = shop.convert(content.encode(), "csv", "xlsx").file

    rows = openpyxl.load_workbook(made).active.iter_rows(values_only=True)
    assert [[str(cell) for cell in row if cell is not None] for row in rows] == cells


@pytest.mark.parametrize("between", ["xlsx", "ods"])
def test_a_zero_of_a_csv_keeps_its_sign(between: str, shop: Workshop) -> None:
    there = shop.convert(b"a,b,c\n-0,-0.00,-0.5\n", "csv", between).file

    assert shop.convert(there, between, "csv").file.read_text() == "a,b,c\n-0,-0.00,-0.5\n"


def test_a_title_above_a_table_is_a_row_of_the_grid(shop: Workshop) -> None:
    made = xlsx(
        text("A1", "Sales 2024"), "", text("A3", "Region") + text("B3", "Q1"), text("A4", "North") + number("B4", 10)
    )

    assert shop.convert(made, "xlsx", "csv").file.read_text() == "Sales 2024,\n,\nRegion,Q1\nNorth,10\n"


def drawn_on() -> bytes:
    """A sheet with a box of text, and with a note at a cell."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    sheet.write("A1", "value")
    sheet.write_comment("A1", "as of May")
    sheet.insert_textbox("C3", "Words in a box")
    book.close()
    return out.getvalue()


@pytest.mark.parametrize("source", ["xlsx", "ods", "xls"])
def test_words_of_boxes_and_notes_are_in_a_txt(source: str, shop: Workshop, samples: Samples) -> None:
    made = drawn_on() if source == "xlsx" else samples.made_of(drawn_on(), source)

    assert shop.convert(made, source, "txt").file.read_text() == "value (as of May)\n\nWords in a box\n"


def test_a_note_stands_behind_what_its_cell_shows(shop: Workshop) -> None:
    assert shop.convert(drawn_on(), "xlsx", "md").file.read_text().startswith("| value (as of May) |")


def last_row() -> bytes:
    made = openpyxl.Workbook()
    made.active.append(["a", "b"])
    made.active["A1048576"] = "last"
    made.active["XFD2"] = "far"
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize("target", ["txt", "md", "html"])
def test_rows_and_columns_of_nothing_are_not_read(target: str, shop: Workshop) -> None:
    shop.convert(xlsx(text("A1", "warm")), "xlsx", target)

    result = shop.convert(last_row(), "xlsx", target)

    assert {"a", "b", "far", "last"} <= contents.words_of(result.file)
    assert result.file.stat().st_size < 10_000
    assert result.seconds < 10


def test_a_picture_between_rows_of_nothing_stays(shop: Workshop) -> None:
    made = openpyxl.Workbook()
    made.active["A1"] = "first"
    made.active["A5000"] = "last"
    made.active.add_image(openpyxl.drawing.image.Image(io.BytesIO(picture())), "B2000")
    out = io.BytesIO()
    made.save(out)

    shown = shop.convert(out.getvalue(), "xlsx", "html").file

    (drawn,) = contents.drawn_in(shown)
    assert isinstance(drawn, Image.Image)
    assert shown.read_text().count("<tr") < 200


@pytest.mark.parametrize(
    ("content", "line"),
    [(b'a,b\n1,"two\n3,4\n', 2), (b'a,b\n"1\n1",2\n3,"4', 4), (b'sep=;\na;b\n"1;2\n', 3)],
    ids=["swallows rows", "at the end", "behind a note"],
)
def test_a_quoted_cell_of_a_csv_that_does_not_end_is_refused(content: bytes, line: int, shop: Workshop) -> None:
    code, message, _ = shop.refusal(content, "csv", "xlsx")

    assert code == "bad_file"
    assert f"A quoted cell of the row in line {line} does not end" in message


@pytest.mark.parametrize("content", [b'a,"b"', b'a,"b"\n', b'a,"b\n"\n', b'5" pipe,b\n', b'a,"b" c\n'])
def test_a_csv_whose_quotes_end_is_not_refused(content: bytes, shop: Workshop) -> None:
    assert shop.convert(content, "csv", "xlsx").warnings == []


@pytest.mark.parametrize("note", ["sep=;", '"sep=;"', "SEP=;\r"])
def test_a_note_for_excel_is_followed_and_left_out(note: str, shop: Workshop) -> None:
    result = shop.convert(f"{note}\na,1;b\n".encode(), "csv", "xlsx")

    sheet = openpyxl.load_workbook(result.file).active
    assert [[cell.value for cell in row] for row in sheet] == [["a,1", "b"]]
    assert result.warnings == ["left_out"]
    assert "note for Excel" in str(result.said)
