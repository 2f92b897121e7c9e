"""Parquet in and out, and what text formats make of its types."""

import io
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.engines.tables.workshop import Workshop, comparison, keep, keep_if, limit, rename, select

TYPED = {
    "i": pa.array([1, None, -3], pa.int8()),
    "u": pa.array([2**64 - 1, 0, None], pa.uint64()),
    "f": pa.array([0.1, 1e21, None]),
    "g": pa.array([0.1, 1e-9, None], pa.float32()),
    "m": pa.array([Decimal("1.50"), Decimal("-0.01"), None], pa.decimal128(20, 2)),
    "b": pa.array([True, False, None]),
    "t": pa.array(["x", "", None]),
    "d": pa.array([date(2020, 1, 2), date(1969, 12, 31), None]),
    "s": pa.array([datetime(2020, 1, 2, 3, 4, 5, 600), datetime(1969, 1, 1), None], pa.timestamp("us")),  # noqa: DTZ001
    "z": pa.array([datetime(2020, 1, 2, tzinfo=UTC), None, None], pa.timestamp("ms", "UTC")),
    "c": pa.array([time(1, 2, 3), None, None]),
}


def parquet(**columns: Any) -> bytes:
    sink = io.BytesIO()
    pq.write_table(pa.table(columns or TYPED), sink)
    return sink.getvalue()


def test_parquet_of_parquet_is_the_same(shop: Workshop) -> None:
    result = shop.run("t.parquet", parquet())
    assert pq.read_table(io.BytesIO(result.data)).to_pylist() == pa.table(TYPED).to_pylist()
    assert result.types == {
        "i": "int", "u": "int", "f": "float", "g": "float", "m": "decimal", "b": "bool", "t": "text",
        "d": "date", "s": "datetime", "z": "datetime", "c": "time",
    }  # fmt: skip


def test_what_csv_makes_of_types(shop: Workshop) -> None:
    # numbers with an exponent keep a decimal point, so that they are numbers when they are read again
    assert shop.run("t.parquet", parquet(), to="csv").text == (
        "i,u,f,g,m,b,t,d,s,z,c\n"
        "1,18446744073709551615,0.1,0.1,1.50,true,x,2020-01-02,2020-01-02T03:04:05.000600,"
        "2020-01-02T00:00:00.000+00:00,01:02:03\n"
        ',0,1.0e+21,1.0e-9,-0.01,false,"",1969-12-31,1969-01-01T00:00:00.000000,,\n'
        "-3,,,,,,,,,,\n"
    )


def test_what_ndjson_makes_of_types(shop: Workshop) -> None:
    first = shop.run("t.parquet", parquet(), limit(1), to="ndjson").records[0]
    assert first == {
        "i": 1, "u": 2**64 - 1, "f": 0.1, "g": 0.1, "m": 1.5, "b": True, "t": "x", "d": "2020-01-02",
        "s": "2020-01-02T03:04:05.000600", "z": "2020-01-02T00:00:00.000+00:00", "c": "01:02:03",
    }  # fmt: skip


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_what_json_has_no_number_for_is_named(shop: Workshop, number: float) -> None:
    data = parquet(n=pa.array([1, 2, 3]), x=pa.array([1.0, None, number]))
    failure = shop.fails("t.parquet", data, rename({"x": "y"}), to="ndjson")
    assert "row 3, column 'y'" in failure.message
    assert shop.run("t.parquet", data, select("n"), to="ndjson").rows == [(1,), (2,), (3,)]
    assert shop.run("t.parquet", data, keep("n", "lt", 3), to="ndjson").rows == [(1, 1.0), (2, None)]


def test_a_decimal_too_long_for_json_is_named(shop: Workshop) -> None:
    values = [Decimal("9999999999999.99"), Decimal("12345678901234567.89")]
    data = parquet(x=pa.array(values, pa.decimal128(38, 2)))
    assert shop.run("t.parquet", data, limit(1), to="ndjson").rows == [(9999999999999.99,)]
    assert "row 2, column 'x': '12345678901234567.89'" in shop.fails("t.parquet", data, to="ndjson").message
    assert shop.run("t.parquet", data, to="csv").text == "x\n9999999999999.99\n12345678901234567.89\n"


@pytest.mark.parametrize(
    ("column", "operator", "value", "left"),
    [
        ("i", "lt", "0", [3]),
        ("i", "gt", 300, []),
        ("i", "lt", 300, [1, 3]),
        ("u", "eq", 2**64 - 1, [1]),
        ("u", "ge", -1, [1, 2]),
        ("f", "eq", 0.1, [1]),
        ("m", "eq", 1.5, [1]),
        ("m", "eq", "1.5", [1]),
        ("m", "lt", 1.49999, [2]),
        ("m", "in", [1.5, 7], [1]),
        ("b", "eq", False, [2]),
        ("t", "contains", "x", [1]),
        ("t", "eq", "", [2]),
        ("t", "is_null", None, [3]),
        ("d", "eq", "2020-01-02", [1]),
        ("d", "between", ["1960-01-01", "1970-01-01"], [2]),
        ("s", "ge", "2020-01-02T03:04:05.0006", [1]),
        ("s", "lt", "2020-01-02", [2]),
        ("z", "eq", "2020-01-02T01:00:00+01:00", [1]),
        ("z", "lt", "2020-01-02T00:00:00.000001Z", [1]),
        ("z", "eq", "2020-01-02T00:00:00.000001Z", []),
        ("z", "in", ["2020-01-02T00:00:00.000001Z", "2020-01-02T00:00:00Z"], [1]),
        ("s", "in", ["1969-01-01"], [2]),
        ("m", "gt", 1e30, []),
        ("m", "lt", 1e300, [1, 2]),
        ("d", "in", ["2020-01-02"], [1]),
    ],
)
def test_filter_values_take_the_columns_type(
    shop: Workshop, column: str, operator: str, value: Any, left: list[int]
) -> None:
    data = parquet(**TYPED, row=pa.array([1, 2, 3]))
    result = shop.run("t.parquet", data, keep(column, operator, *([] if value is None else [value])), select("row"))
    assert [int(row[0]) for row in result.rows] == left


@pytest.mark.parametrize(
    ("column", "operator", "value"),
    [("d", "gt", "yesterday"), ("d", "gt", 5), ("s", "gt", "2020-01-02T00:00+01:00"), ("z", "gt", "2020-01-02"),
     ("m", "gt", "1,5"), ("i", "contains", "1"), ("t", "gt", 5), ("c", "gt", "01:00")],
)  # fmt: skip
def test_a_value_of_another_type_is_refused(shop: Workshop, column: str, operator: str, value: Any) -> None:
    failure = shop.fails("t.parquet", parquet(), keep(column, operator, value))
    assert failure.code == "bad_value"
    assert "step 1" in failure.message
    assert repr(column) in failure.message


def test_a_number_beside_text_names_its_first_value(shop: Workshop) -> None:
    assert "row 1 holds 'x'" in shop.fails("t.parquet", parquet(), keep("t", "gt", 5)).message


def test_nan_is_no_number_that_compares(shop: Workshop) -> None:
    data = parquet(n=pa.array([1, 2]), x=pa.array([float("nan"), 5.0]))
    for operator, left in (("gt", [(2,)]), ("ge", [(2,)]), ("lt", []), ("eq", [])):
        assert shop.run("t.parquet", data, keep("x", operator, 1), select("n")).rows == left
    assert shop.run("t.parquet", data, keep_if({"not": comparison("x", "gt", 1)}), select("n")).rows == [(1,)]


def test_nested_columns_stay_in_parquet(shop: Workshop) -> None:
    values = {"l": pa.array([[1, None], None]), "o": pa.array([{"x": 1}, None])}
    assert shop.run("t.parquet", parquet(**values)).records == pa.table(values).to_pylist()
    assert "'l'" in shop.fails("t.parquet", parquet(**values), to="csv").message
    assert "'o'" in shop.fails("t.parquet", parquet(**values), select("o"), to="tsv").message


def test_a_duration_without_a_value_is_empty_in_text(shop: Workshop) -> None:
    data = parquet(x=pa.array([None, 90], pa.duration("s")))
    assert shop.run("t.parquet", data, to="csv").text == 'x\n""\n0:01:30\n'
    assert shop.run("t.parquet", data, to="ndjson").text == '{"x":null}\n{"x":"0:01:30"}\n'


def test_no_rows(shop: Workshop) -> None:
    data = parquet(a=pa.array([], pa.int64()), b=pa.array([], pa.string()))
    assert shop.run("t.parquet", data, keep("a", "gt", 1), to="csv").text == "a,b\n"
    assert shop.run("t.parquet", data, to="ndjson").text == ""


def test_a_large_file_comes_from_the_store_piece_by_piece(shop: Workshop) -> None:
    # given a file above the size that is fetched at once
    n = 1_500_000
    data = parquet(n=pa.array(range(n)), s=pa.array([f"{i * 7919 % n:08}" for i in range(n)]))
    assert len(data) > 8 << 20
    # when it is filtered, then rows and order are right, and all rows are counted
    result = shop.run("t.parquet", data, keep("n", "ge", n - 3))
    assert [row["n"] for row in result.records] == [n - 3, n - 2, n - 1]
    assert result.done.rows_in == n
    # and without a filter progress counts real rows
    said = shop.run("t.parquet", data, limit(1_000_000), to="csv").said
    assert (said[-1].done, said[-1].total, said[-1].unit) == (1_000_000, 1_000_000, "rows")


@pytest.mark.parametrize(
    "data",
    [b"", b"PAR1", b"PAR1" * 10, parquet()[:-8], parquet()[:-1], b"a,b\n1,2\n" * 3, b"PAR1" + parquet()[:500]],
    ids=["empty", "short", "no footer", "cut", "cut by one", "csv", "mixed"],
)
def test_what_is_no_parquet_is_refused(shop: Workshop, data: bytes) -> None:
    failure = shop.fails("t.parquet", data, to="csv")
    assert (failure.code, failure.at_fault) == ("bad_file", "caller")
    assert "t.parquet" in failure.message


def test_two_columns_of_one_name_are_told_so(shop: Workshop) -> None:
    out = io.BytesIO()
    pq.write_table(pa.table([pa.array([1]), pa.array([2])], names=["a", "a"]), out)

    assert shop.fails("t.parquet", out.getvalue()).message == "t.parquet: Two of its columns have the same name."
