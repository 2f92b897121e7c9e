"""Numbers and moments of sheets keep their digits, or a warning counts those that do not."""

import datetime
import io

import openpyxl
import pytest

from tests.engines.documents.samples import Samples
from tests.engines.documents.sheets import formula, number, xlsx
from tests.engines.documents.workshop import Workshop

EXACT = "9007199254740992,0.30000000000000004,-9007199254740991,1E+021,0.5"


def exact() -> bytes:
    """Numbers of more than 15 digits, and some of fewer."""
    return xlsx(
        "".join(number(f"{column}1", float(one)) for column, one in zip("ABCDE", EXACT.split(","), strict=True))
    )


def test_a_csv_has_every_digit_of_a_number(shop: Workshop) -> None:
    made = shop.convert(exact(), "xlsx", "csv")

    assert made.file.read_text() == f"{EXACT}\n"
    assert made.warnings == []


def test_an_xls_keeps_every_digit_in_a_csv(shop: Workshop, samples: Samples) -> None:
    assert shop.convert(samples.made_of(exact(), "xls"), "xls", "csv").file.read_text() == f"{EXACT}\n"


def test_a_csv_has_whole_results_whole_and_fractions_as_they_are_shown(shop: Workshop) -> None:
    cells = [
        number("A1", 9007199254740992),
        formula("B1", "A1", "9007199254740992"),
        formula("C1", "A1/A1", "1"),
        formula("D1", "0.1+0.2", "0.30000000000000004"),
    ]

    assert (
        shop.convert(xlsx("".join(cells)), "xlsx", "csv").file.read_text()
        == "9007199254740992,9007199254740992,1,0.3\n"
    )


@pytest.mark.parametrize("target", ["ods", "xlsx"])
def test_digits_that_a_workbook_loses_are_counted(target: str, shop: Workshop, samples: Samples) -> None:
    source = "xlsx" if target == "ods" else "xls"
    made = exact() if source == "xlsx" else samples.made_of(exact(), source)

    assert shop.convert(made, source, target).warnings == ["rounded"]
    assert shop.convert(xlsx(number("A1", 123456789012345)), "xlsx", "ods").warnings == []


@pytest.mark.parametrize(
    ("second", "shown"),
    [(15.0, "15"), (15.25, "15.250"), (15.75, "15.750"), (15.123456, "15.123")],
)
def test_a_csv_has_the_milliseconds_of_a_moment(second: float, shown: str, shop: Workshop) -> None:
    moment = datetime.datetime(2024, 5, 1, 12, 30) + datetime.timedelta(seconds=second)  # noqa: DTZ001
    made = openpyxl.Workbook()
    made.active.append([moment, datetime.date(2024, 5, 1)])
    out = io.BytesIO()
    made.save(out)

    assert shop.convert(out.getvalue(), "xlsx", "csv").file.read_text() == f"2024-05-01 12:30:{shown},2024-05-01\n"


def test_a_csv_has_numbers_without_the_signs_of_their_formats(shop: Workshop) -> None:
    made = openpyxl.Workbook()
    made.active.append([1.23456, 1234.567, 0.123456, datetime.date(2024, 5, 1)])
    for cell, code in zip(made.active[1], ("0.00", '#,##0.00 "EUR"', "0%", "d. mmm yy"), strict=True):
        cell.number_format = code
    out = io.BytesIO()
    made.save(out)

    assert shop.convert(out.getvalue(), "xlsx", "csv").file.read_text() == "1.23456,1234.567,12.3456%,05/01/2024\n"


def test_digits_that_a_protected_sheet_loses_in_a_csv_are_counted(shop: Workshop) -> None:
    made = openpyxl.Workbook()
    made.active.append([9007199254740992])
    made.active.protection.set_password("locked")
    made.active.protection.enable()
    out = io.BytesIO()
    made.save(out)

    result = shop.convert(out.getvalue(), "xlsx", "csv")

    assert result.file.read_text() == "9.00719925474099E+015\n"
    assert result.warnings == ["rounded"]
