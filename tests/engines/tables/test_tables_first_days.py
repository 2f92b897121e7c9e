"""Days at the beginning of a workbook's calendar: the first from 1904, and 29 February 1900, which only Excel has."""

import io
from datetime import date, datetime

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from filemill.engines.tables.readers import day_formats
from filemill.pipelines.run import Warned
from tests.engines.tables.packages import Part, numbers, package, texts
from tests.engines.tables.workshop import Result, Workshop


def read(shop: Workshop, *serials: float, style: int, old_dates: bool) -> Result:
    """The numbers of one column below a text that is none of its kind, as csv."""
    rows = texts(1, "at") + "".join(numbers(at, one, style=style) for at, one in enumerate(serials, 2))
    return shop.run("t.xlsx", package(Part("Data", rows), old_dates=old_dates), to="csv")


def saved(*cells: object) -> bytes:
    """One column of a workbook that counts from 1904, as openpyxl writes it."""
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    for cell in ("at", *cells):
        book.active.append([cell])
    sink = io.BytesIO()
    book.save(sink)
    return sink.getvalue()


@pytest.mark.parametrize("days", [[date(1904, 1, 1)], [date(1904, 1, 1), date(2024, 2, 29)]], ids=["alone", "beside"])
def test_the_first_day_from_1904_is_a_day(shop: Workshop, days: list[date]) -> None:
    result = shop.run("t.xlsx", saved(*days), to="parquet")
    assert result.types == {"at": "date"}
    assert [row[0] for row in result.rows] == days


def test_a_moment_of_the_first_day_from_1904_is_a_moment(shop: Workshop) -> None:
    moments = [datetime(1904, 1, 1, 12), datetime(1904, 1, 1), datetime(2024, 2, 29, 6, 30)]  # noqa: DTZ001
    result = shop.run("t.xlsx", saved(*moments), to="parquet")
    assert [row[0] for row in result.rows] == moments


def test_times_stay_times_in_a_workbook_that_counts_from_1904(shop: Workshop) -> None:
    assert read(shop, 0, 0.5, style=2, old_dates=True).rows == [("00:00:00",), ("12:00:00",)]


def test_the_first_day_beside_a_text_and_a_number_is_told_from_them(shop: Workshop) -> None:
    # given a text of the number 0 among the shared ones, the number 0, and the day 0
    rows = texts(1, "at") + '<row r="2"><c r="A2" t="s" s="1"><v>0</v></c></row>'
    rows += numbers(3, 0) + numbers(4, 0, style=1)
    result = shop.run("t.xlsx", package(Part("Data", rows), old_dates=True, shared=["none"]), to="csv")
    assert result.rows == [("none",), ("0",), ("1904-01-01",)]


@pytest.mark.parametrize("style", [1, 2], ids=["day", "time"])
def test_29_february_1900_is_text_and_told(shop: Workshop, style: int) -> None:
    result = read(shop, 59, 60, 60.25, 61, style=style, old_dates=False)
    assert result.rows == [("1900-02-28",), ("1900-02-29",), ("1900-02-29T06:00:00",), ("1900-03-01",)]
    told = [one.message for one in result.said if isinstance(one, Warned)]
    assert "t.xlsx: 2 cells hold 29 February 1900, a day that no calendar has, which is read as text." in told


def test_28_february_1900_alone_is_a_day(shop: Workshop) -> None:
    result = read(shop, 59, 59.5, style=1, old_dates=False)
    assert result.types == {"at": "datetime"}
    assert not any("29 February" in one.message for one in result.said if isinstance(one, Warned))


@pytest.mark.parametrize(
    ("code", "is_day"),
    [
        *[("yyyy-mm-dd", True), ("mmm", True), ("[$-409]d/m", True), ("[Red]mm/dd/yy h:mm;@", True), ("YYYY", True)],
        *[
            ("hh:mm:ss", False),
            ("[h]:mm", False),
            ("[mm]", False),
            ("mm:ss.0", False),
            ('h"day"', False),
            (r"h\d", False),
        ],
        *[("0.00", False), ("General", False), ("h:mm AM/PM", False)],
    ],
)
def test_a_format_of_days_is_known_by_its_letters(code: str, is_day: bool) -> None:
    assert day_formats.shows_a_day(code) is is_day
