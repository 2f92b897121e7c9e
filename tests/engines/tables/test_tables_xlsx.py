"""Workbooks as others write them, what becomes of cells, and what a sheet has no room for."""

import io
import zipfile
from datetime import date, datetime, time

import msgspec
import pyarrow as pa
import pytest
import xlsxwriter

from filemill.engines.tables.readers import inflate
from filemill.engines.tables.writers import gathering, sheet_room
from filemill.errors import JobFailed
from filemill.pipelines import steps
from filemill.pipelines.run import Progress
from tests.engines.tables.others import workbook
from tests.engines.tables.workshop import Workshop, keep, parquet_of


def test_cells_keep_their_types(shop: Workshop) -> None:
    data = workbook(
        ["code", "n", "f", "d", "s", "b", "t", "mixed", None],
        ["007", 1, 1.5, date(2020, 1, 2), datetime(2020, 1, 2, 3, 4), True, time(1, 2, 3), 1],  # noqa: DTZ001
        [" x ", 2, 2, date(2020, 1, 3), datetime(2020, 1, 2), False, None, "x"],  # noqa: DTZ001
        [None] * 8,
        ["=1+1", 3, None, None, None, None, None, True],
    )
    result = shop.run("t.xlsx", data, to="parquet")
    assert result.rows[0] == (
        "007", 1, 1.5, date(2020, 1, 2), datetime(2020, 1, 2, 3, 4), True, time(1, 2, 3), "1",  # noqa: DTZ001
    )  # fmt: skip
    assert result.rows[1][-1] == "x"
    assert result.rows[2] == (None,) * 8
    assert result.types == {
        "code": "text", "n": "int", "f": "float", "d": "date", "s": "datetime", "b": "bool", "t": "time",
        "mixed": "text",
    }  # fmt: skip


def test_numbers_and_texts_are_written_as_they_are(shop: Workshop) -> None:
    columns = {
        "f": pa.array([0.1 + 0.2, 1e300, -0.5]),
        "i": pa.array([2**53, 2**53 + 1, -(2**53)]),
        "t": pa.array(["=1+1", "http://x.org", "_x0041_\x01\r\n"]),
    }
    result = shop.run("t.parquet", parquet_of(columns), to="xlsx")
    assert result.rows[0] == (0.1 + 0.2, 2**53, "=1+1")
    again = shop.run("t.xlsx", result.data, to="parquet")
    assert again.rows == [
        (0.1 + 0.2, "9007199254740992", "=1+1"),
        (1e300, "9007199254740993", "http://x.org"),
        (-0.5, "-9007199254740992", "_x0041_\x01\r\n"),
    ]


def test_what_a_sheet_has_no_room_for_is_refused(shop: Workshop) -> None:
    wide = ",".join(f"c{n}" for n in range(16_385))
    assert "16,385 columns" in shop.fails("t.csv", f"{wide}\n", to="xlsx").message
    failure = shop.fails("t.csv", "n,t\n1,x\n2," + "y" * 32_768 + "\n", to="xlsx")
    assert failure.code == "bad_value"
    assert "row 2, column 't'" in failure.message
    assert "32,767" in failure.message
    smileys = "\U0001f600" * 16_384
    assert "row 1" in shop.fails("t.csv", f"n,t\n1,{smileys}\n", to="xlsx").message


def test_too_many_rows_are_refused_before_work_starts(shop: Workshop) -> None:
    data = parquet_of({"n": pa.array(range(1_048_576))})
    failure = shop.fails("t.parquet", data, to="xlsx")
    assert "1,048,575 rows" in failure.message


def test_the_first_row_too_many_fails_the_job_before_a_sheet_is_begun(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a table of which nobody knows before how many rows it has, and a book that must not be begun
    monkeypatch.setattr(sheet_room, "MOST_ROWS", 25_000)
    monkeypatch.setattr(xlsxwriter.Workbook, "add_worksheet", lambda *_: pytest.fail("it was begun"))
    read = 0

    def watch(line: object) -> None:
        nonlocal read
        read = line.done if isinstance(line, Progress) else read

    data = "n\n" + "1234567\n" * 20_000_000
    run, _ = shop.prepare("t.csv", data, to="xlsx")
    # when it has more than a sheet holds
    with pytest.raises(JobFailed, match="24,999 rows") as failed:
        shop.engine.run(run, steps.decode(bytes(run.steps)), watch)
    # then most of it was never read
    assert failed.value.code == "bad_value"
    assert 0 < read < len(data) // 2


@pytest.mark.parametrize(
    ("row", "is_begun"),
    [("abcdefgh" * 400, False), ("&" * 600, True)],
    ids=["its texts", "its texts as XML"],
)
def test_a_sheet_takes_no_more_disk_than_it_may(
    shop: Workshop, monkeypatch: pytest.MonkeyPatch, row: str, is_begun: bool
) -> None:
    # given texts that are longer than the room, and some that are only once they are written as XML
    run, _ = shop.prepare("t.csv", "n\n" + f"{row}\n" * 1_000, to="xlsx")
    if not is_begun:
        monkeypatch.setattr(xlsxwriter.Workbook, "add_worksheet", lambda *_: pytest.fail("it was begun"))
    monkeypatch.setattr(xlsxwriter.Workbook, "close", lambda _: pytest.fail("it was packed"))
    with pytest.raises(JobFailed, match="more than the 1 MB that one may have before it is packed") as failed:
        shop.engine.run(msgspec.structs.replace(run, disk_mb=2), steps.decode(bytes(run.steps)), lambda _: None)
    assert (failed.value.code, failed.value.at_fault) == ("too_large", "caller")


def test_rows_that_wait_on_disk_arrive_in_their_order(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    # given so little memory for rows that they go to disk many times
    monkeypatch.setattr(gathering, "HELD_BYTES", 1 << 16)
    rows = [(n, n / 8, f"text {n}", n % 3 == 0, None if n % 5 else date(2020, 1, 1)) for n in range(30_000)]
    data = parquet_of(dict(zip("abcde", map(list, zip(*rows, strict=True)), strict=True)))
    # when they are written
    result = shop.run("t.parquet", data, keep("a", "ge", 1), to="xlsx")
    # then they are all there
    again = shop.run("t.xlsx", result.data, to="parquet")
    assert again.rows == rows[1:]


def test_only_the_first_sheet_is_read_and_errors_are_told(shop: Workshop) -> None:
    sink = io.BytesIO()
    with xlsxwriter.Workbook(sink) as book:
        first, _ = book.add_worksheet("first"), book.add_worksheet("second")
        first.write_row(0, 0, ["a", "b"])
        first.write_row(1, 0, [1, 2])
        first.write_formula(2, 0, "=1/0", None, "#DIV/0!")
    result = shop.run("t.xlsx", sink.getvalue(), to="csv")
    assert result.text == "a,b\n1,2\n,\n"
    told = [line.message for line in result.said if hasattr(line, "message")]
    assert any("'first'" in one for one in told)
    assert any("#DIV/0!" in one for one in told)


def test_a_formula_that_was_never_computed_is_told(shop: Workshop) -> None:
    result = shop.run("t.xlsx", workbook(["a", "b"], [1, "=A2+1"], [2, "=A3+1"]), to="csv")
    assert result.text == "a,b\n1,\n2,\n"
    assert any("2 cells hold a formula" in line.message for line in result.said if hasattr(line, "message"))


def test_a_bomb_is_no_workbook(shop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inflate, "FREE_BYTES", 1 << 20)
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<x/>")
        packed.writestr("xl/workbook.xml", b"\0" * (32 << 20))
    assert "200 times" in shop.fails("t.xlsx", sink.getvalue(), to="csv").message
