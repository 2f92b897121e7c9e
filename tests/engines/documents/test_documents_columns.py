"""How wide and high the cells of sheets are on the pages of a pdf: every value is seen."""

import datetime
import io

import openpyxl
import pytest

from tests.engines.documents import contents, layout
from tests.engines.documents.samples import Samples
from tests.engines.documents.workshop import Workshop

WORDS = [f"w{number}" for number in range(200)]


def test_a_csv_shows_every_value_whole_on_its_pages(shop: Workshop) -> None:
    made = shop.convert(f"id,said,more\n123456789012,hello,{' '.join(WORDS)}\n5,b,{'x' * 150}\n".encode(), "csv", "pdf")

    text = contents.text_of(made.file)
    assert {"123456789012", *WORDS} <= set(text.split())
    assert text.count("x") == 150
    assert made.warnings == []
    assert contents.pages_of(made.file) == 1


def test_lines_of_a_cell_stand_below_the_header_of_a_csv(shop: Workshop) -> None:
    made = shop.convert(b'id,said\n1,"north\nsouth\nzest"\n', "csv", "pdf").file

    (page,) = layout.pages_of(made)
    assert not page.overprinted
    assert "".join(letter.sign for letter in page.line_of("z")).strip() == "1zest"


@pytest.mark.parametrize("cell", ["word " * 6000, "\n".join("l" * 90)])
def test_a_cell_of_a_csv_that_no_page_holds_is_told(cell: str, shop: Workshop) -> None:
    assert shop.convert(f'a,b\n1,"{cell}"\n'.encode(), "csv", "pdf").warnings == ["left_out"]


def narrow() -> bytes:
    """Columns that are too narrow for what stands in them: a moment, a whole number, a price, a result, a text."""
    made = openpyxl.Workbook()
    sheet = made.active
    sheet.append(
        [
            datetime.datetime(2024, 5, 1, 12, 30, 15),  # noqa: DTZ001
            123456789012,
            -1234567.5,
            "=A1",
            1 / 3,
            "end of it",
        ]
    )
    sheet["C1"].number_format, sheet["D1"].number_format = '#,##0.00 "EUR"', "yyyy-mm-dd"
    for column in "ABCDEF":
        sheet.column_dimensions[column].width = 6
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


@pytest.mark.parametrize("source", ["xlsx", "ods", "xls"])
def test_a_column_that_is_too_narrow_for_a_number_is_widened(source: str, shop: Workshop, samples: Samples) -> None:
    made = narrow() if source == "xlsx" else samples.made_of(narrow(), source)

    text = contents.text_of(shop.convert(made, source, "pdf").file)

    assert "#" not in text
    assert {"2024-05-01", "12:30:15", "123456789012", "-1,234,567.50", "EUR"} <= set(text.split())
    assert text.split().count("2024-05-01") == 2


def test_a_column_that_shows_its_numbers_keeps_its_width(shop: Workshop) -> None:
    """A fraction has the digits for which there is room, and words go on over cells that are empty."""

    def place_of_z(width: float | None) -> float:
        made = openpyxl.Workbook()
        made.active.append(["a heading of many words", "z"])
        made.active.append([1 / 3, 2.5])
        if width:
            made.active.column_dimensions["A"].width = width
        out = io.BytesIO()
        made.save(out)
        (page,) = layout.pages_of(shop.convert(out.getvalue(), "xlsx", "pdf").file)
        return page.line_of("z")[-1].left

    assert place_of_z(6) < place_of_z(None) < place_of_z(12)
