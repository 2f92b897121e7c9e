"""`add_column`, `cast`, `fill_null` and `drop` on real files: what stays, what becomes of misfits, what is refused."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from tests.engines.tables.workshop import Workshop, add, cast, drop, fill, keep, limit, rename, select

at = datetime.fromisoformat


def parquet(**columns: Any) -> bytes:
    file = io.BytesIO()
    pl.DataFrame(columns).write_parquet(file)
    return file.getvalue()


# --- add_column -------------------------------------------------------------------------------------------------------


def test_a_column_is_added_at_the_end_and_the_others_stay_as_they_stood(shop: Workshop) -> None:
    result = shop.run("t.csv", "qty,price,code\n2,1.50,007\n3,2.0,008\n", add("total", "qty * price"))

    assert result.text == "qty,price,code,total\n2,1.50,007,3.0\n3,2.0,008,6.0\n"
    assert result.types == {"qty": "int", "price": "float", "code": "text", "total": "float"}


def test_a_column_of_that_name_is_replaced_and_keeps_its_place(shop: Workshop) -> None:
    result = shop.run("t.csv", "a,b\n x ,1\n", add("a", "upper(trim(a))"), add("b", "b + 1"), add("b", "b * 10"))

    assert result.text == "a,b\nX,20\n"


def test_a_copy_is_the_text_as_it_stood(shop: Workshop) -> None:
    result = shop.run("t.csv", "a\n1.50\n2\n", add("b", "a"), add("c", "text(a)"), add("d", "a * 2"))

    assert result.text == "a,b,c,d\n1.50,1.50,1.50,3.0\n2,2,2,4.0\n"


def test_a_computed_column_is_filtered_renamed_and_computed_with(shop: Workshop) -> None:
    result = shop.run(
        "t.csv",
        "a\n1\n2\n3\n",
        add("twice", "a * 2"),
        keep("twice", "gt", 2),
        rename({"twice": "2a"}),
        add("more", "`2a` + 0.5"),
        select("more"),
    )

    assert result.text == "more\n4.5\n6.5\n"


def test_a_misfit_in_a_needed_column_names_its_row(shop: Workshop) -> None:
    rows = "".join(f"{n},y\n" for n in range(10_000))

    failure = shop.fails("t.csv", f"a,b\n{rows}x,y\n", add("c", "a + 1"))

    assert failure.code == "bad_value"
    assert failure.message == (
        "t.csv, row 10001, column 'a': 'x' is no value of the column's type, int, which step 1 needs; cast the"
        " column to text before."
    )


def test_a_misfit_behind_the_limit_or_left_out_before_does_no_harm(shop: Workshop) -> None:
    rows = "".join(f"{n},y\n" for n in range(10_000))
    table = f"a,b\n{rows}x,z\n"

    assert shop.run("t.csv", table, add("c", "a + 1"), limit(3)).rows[2] == ("2", "y", "3")
    assert shop.run("t.csv", table, keep("b", "eq", "y"), add("c", "a + 1")).done.made[0].rows == 10_000
    assert shop.run("t.csv", table, add("c", "a + 1"), limit(10_000)).done.made[0].rows == 10_000
    # A row that must fail passes every filter, as it does where a filter types its column.
    assert shop.fails("t.csv", table, add("c", "a + 1"), keep("b", "eq", "q")).code == "bad_value"


def test_a_column_that_is_computed_and_not_kept_still_fails(shop: Workshop) -> None:
    failure = shop.fails("t.csv", "a\n9223372036854775807\n", add("b", "a + 1"), drop("b"))

    assert failure.message == (
        "t.csv, row 1, column 'b': '9223372036854775807 + 1' goes beyond an int of 64 bits, in step 1: a + 1."
    )


def test_the_first_row_is_named_in_parquet_too(shop: Workshop) -> None:
    data = parquet(a=[1, 2**63 - 1, 2**63 - 2], u=[1, 2, 3])

    failure = shop.fails("t.parquet", data, add("b", "a * u"))

    assert failure.message == (
        "t.parquet, row 2, column 'b': '9223372036854775807 * 2' goes beyond an int of 64 bits, in step 1: a * u."
    )


def test_what_is_not_chosen_is_not_looked_at(shop: Workshop) -> None:
    table = "code,n\nx1,5\n12,0\n,3\n"

    result = shop.run(
        "t.csv",
        table,
        add("number", "if(starts_with(code, 'x') or is_null(code), null, int(code))"),
        add("safe", "not starts_with(code, 'x') and int(code) > 3"),
        add("first", "coalesce(n, int(code))"),
        select("number", "safe", "first"),
    )

    assert result.rows == [("", "false", "5"), ("12", "true", "0"), ("", "", "3")]
    assert shop.fails("t.csv", table, add("number", "int(code)")).message == (
        "t.csv, row 1, column 'number': 'x1' cannot become int without loss, in step 1: int(code)."
    )


def test_deep_expressions_cost_no_more_than_they_are_long(shop: Workshop) -> None:
    deep = "1 / (" * 40 + "a" + ")" * 40
    wide = " + ".join(["a"] * 55)

    result = shop.run("t.csv", "a\n1\n", add("deep", deep), add("wide", wide))

    assert result.rows == [("1", "1.0", "55")]


@pytest.mark.parametrize(
    ("expression", "told"),
    [
        ("name + 1", "name is text, and a number is needed in name + 1. Write int(...) or float(...)"),
        ("1 + name", "name is text, and a number is needed in 1 + name."),
        ("concat(name, qty)", "qty is int, and text is needed in concat(name, qty). Write text(qty)."),
        ("qty = '3'", "qty is int and '3' is text, in qty = '3': these do not go together."),
        ("if(qty, 1, 2)", "qty is int, and bool is needed in if(qty, 1, 2)."),
        ("if(qty > 1, name, 2)", "name is text and 2 is int, in if(qty > 1, name, 2): these do not go together."),
        ("not name", "name is text, and bool is needed in not name."),
        ("year(name)", "name is text, and a date is needed in year(name). Write date(name)."),
        ("qty + flag", "flag is bool, and a number is needed in qty + flag."),
        ("date(qty)", "qty is int, which cannot become date, in date(qty). It can become int, float"),
        ("date_add(date(name), 1, 'hour')", "a date has no hours"),
        ("decimal(qty, 30) * decimal(qty, 30)", "would have 60 digits behind the point"),
    ],
)
def test_types_that_do_not_go_together_are_told(shop: Workshop, expression: str, told: str) -> None:
    failure = shop.fails("t.csv", "name,qty,flag\nAnn,3,true\n", add("x", expression))

    assert failure.code == "bad_value"
    assert failure.message.startswith("step 1 (add_column): ")
    assert told in failure.message


def test_an_unknown_column_is_told_with_the_nearest(shop: Workshop) -> None:
    failure = shop.fails("t.csv", "price\n1\n", add("x", "prise * 2"))

    assert (failure.code, failure.message) == (
        "unknown_column",
        "step 1 (add_column): there is no column 'prise'. Did you mean 'price'?",
    )


def test_a_column_without_values_counts_as_what_is_needed(shop: Workshop) -> None:
    result = shop.run("t.csv", "e,n\n,1\n", add("a", "e + n"), add("b", "concat(e, 'x')"), add("c", "coalesce(e, n)"))

    assert result.types == {"e": "text", "n": "int", "a": "float", "b": "text", "c": "float"}
    assert result.rows == [("", "1", "", "", "1.0")]


def test_all_the_types_of_parquet(shop: Workshop) -> None:
    data = parquet(
        small=pl.Series([1, None], dtype=pl.Int8),
        big=pl.Series([2**63 - 1, None], dtype=pl.UInt64),
        half=pl.Series([0.5, None], dtype=pl.Float32),
        money=pl.Series([Decimal("1.25"), None], dtype=pl.Decimal(10, 2)),
        kind=pl.Series(["x", None], dtype=pl.Categorical),
        day=[date(2024, 2, 29), None],
        milli=pl.Series([at("2024-02-29T12:00"), None], dtype=pl.Datetime("ms")),
        nano=pl.Series([at("2024-02-29T12:00"), None], dtype=pl.Datetime("ns")),
        there=pl.Series([datetime(2024, 2, 29, 12, tzinfo=UTC), None]),
    )
    expressions = {
        "a": ("big - small", 2**63 - 2),
        "b": ("half * 2", 1.0),
        "c": ("money * money", Decimal("1.5625")),
        "d": ("upper(kind)", "X"),
        "e": ("date_add(day, 1, 'year')", date(2025, 2, 28)),
        "f": ("date_add(milli, 36, 'hours')", at("2024-03-02")),
        "g": ("date_diff(milli, nano, 'second')", 0),
        "h": ("hour(there)", 12),
        "i": ("there > '2024-01-01T00:00:00+00:00'", True),
        "j": ("if(day = '2024-02-29', day, null)", date(2024, 2, 29)),
    }

    added = [add(name, expression) for name, (expression, _) in expressions.items()]
    result = shop.run("t.parquet", data, *added, select(*expressions))

    assert result.records == [
        {name: value for name, (_, value) in expressions.items()},
        dict.fromkeys(expressions),
    ]


def test_nan_and_infinity_pass_and_are_not_computed_with(shop: Workshop) -> None:
    data = parquet(x=[float("nan"), float("inf"), 1.5])

    kept = shop.run("t.parquet", data, add("y", "finite(x)"), add("z", "x = x"), add("w", "x > 1"))

    assert str(kept.rows) == "[(nan, None, False, False), (inf, None, True, True), (1.5, 1.5, True, True)]"
    assert shop.fails("t.parquet", data, add("y", "x + 1")).message.startswith("t.parquet, row 1, column 'y': 'NaN + 1")


# --- cast -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cells", "kind", "values"),
    [
        ("007 +5 -0 12.0", "int", [7, 5, 0, 12]),
        ("1 2.50 1e3 0.30000000000000004 -.5", "float", [1.0, 2.5, 1000.0, 0.30000000000000004, -0.5]),
        ("1 2.50 0.125", "decimal", [Decimal("1.000"), Decimal("2.500"), Decimal("0.125")]),
        ("true False TRUE", "bool", [True, False, True]),
        ("2024-02-29 0001-01-01", "date", [date(2024, 2, 29), date(1, 1, 1)]),
        (
            "2024-02-29T13:45 2024-02-29T13:45:10.5 2024-02-29",
            "datetime",
            [at("2024-02-29T13:45"), at("2024-02-29T13:45:10.500"), at("2024-02-29")],
        ),
        (
            "2024-02-29T13:45Z 2024-02-29T13:45:10+02:00",
            "datetime",
            [datetime(2024, 2, 29, 13, 45, tzinfo=UTC), datetime(2024, 2, 29, 11, 45, 10, tzinfo=UTC)],
        ),
        ("1 x", "text", ["1", "x"]),
    ],
)
def test_text_becomes(shop: Workshop, cells: str, kind: str, values: list[Any]) -> None:
    table = "a,b\n" + "".join(f"{cell},y\n" for cell in cells.split()) + ",y\n"

    result = shop.run("t.csv", table, cast(a=kind), select("a"), to="parquet")

    assert [row[0] for row in result.rows] == [*values, None]
    assert result.types == {"a": kind}


@pytest.mark.parametrize(
    ("cell", "kind"),
    [
        ("2.5", "int"),
        ("9223372036854775808", "int"),
        ("1e3", "int"),
        (" 1", "int"),
        ("0.12345678901234567890", "float"),
        ("9007199254740993", "float"),
        ("nan", "float"),
        ("1e999", "float"),
        ("1e-999", "float"),
        ("1e3", "decimal"),
        ("9" * 39, "decimal"),
        ("yes", "bool"),
        ("1", "bool"),
        ("2024-02-30", "date"),
        ("2024-2-3", "date"),
        ("29.02.2024", "date"),
        ("2024-02-29T13:45", "date"),
        ("2024-02-29T25:00", "datetime"),
        ("2024-02-29T13:45:61", "datetime"),
        ("2024-02-29T13:45:10.1234567", "datetime"),
    ],
)
def test_text_that_would_lose_is_a_misfit(shop: Workshop, cell: str, kind: str) -> None:
    failure = shop.fails("t.csv", f"a,b\n,1\n{cell},2\n", cast(a=kind))

    assert failure.code == "bad_value"
    assert failure.message == f"t.csv, row 2, column 'a': {cell!r} cannot become {kind} without loss, in step 1."


def test_typed_values_become_others(shop: Workshop) -> None:
    data = parquet(
        i=[1, None],
        f=[2.0, None],
        d=pl.Series([Decimal("3.00"), None], dtype=pl.Decimal(10, 2)),
        b=[True, None],
        day=[date(2024, 2, 29), None],
        moment=[at("2024-02-29"), None],
    )

    first = shop.run("t.parquet", data, cast(i="bool", f="int", d="int", b="int", day="datetime", moment="date"))
    second = shop.run("t.parquet", data, cast(i="decimal", f="decimal", d="float", b="text", day="text", moment="text"))

    assert first.rows == [(True, 2, 3, 1, at("2024-02-29"), date(2024, 2, 29)), (None,) * 6]
    assert second.rows[0] == (Decimal(1), Decimal(2), 3.0, "true", "2024-02-29", "2024-02-29T00:00:00.000000")


@pytest.mark.parametrize(
    ("value", "kind"),
    [(2.5, "int"), (1e19, "int"), (float("nan"), "int"), (0.1 + 0.2, "decimal"), (2**53 + 1, "float"), (2, "bool")],
)
def test_typed_values_that_would_lose_are_misfits(shop: Workshop, value: Any, kind: str) -> None:
    failure = shop.fails("t.parquet", parquet(a=[None, value]), cast(a=kind))

    assert failure.message.startswith("t.parquet, row 2, column 'a': ")
    assert failure.message.endswith(f"cannot become {kind} without loss, in step 1.")


def test_there_is_not_a_way_to_every_type(shop: Workshop) -> None:
    failure = shop.fails("t.parquet", parquet(a=[1]), cast(a="date"))

    assert failure.message == (
        "step 1 (cast): column 'a' is int, which cannot become date. It can become int, float, decimal, text, bool."
    )


def test_a_cast_makes_a_column_of_text_a_number_for_later_steps(shop: Workshop) -> None:
    result = shop.run("t.csv", "a\n007\n008\n", cast(a="int"), keep("a", "gt", 7), add("b", "a + 1"))

    assert result.text == "a,b\n8,9\n"


def test_values_of_several_kinds_are_cast_by_their_text(shop: Workshop) -> None:
    lines = '{"a": 1}\n{"a": "2"}\n{"a": null}\n{"a": "x"}\n'

    assert shop.run("t.ndjson", lines, cast(a="text")).rows == [("1",), ("2",), (None,), ("x",)]
    assert shop.run("t.ndjson", lines, limit(3), cast(a="int")).rows == [(1,), (2,), (None,)]
    assert shop.fails("t.ndjson", lines, cast(a="int")).message.startswith("t.ndjson, row 4, column 'a': 'x' cannot")


# --- fill_null, drop --------------------------------------------------------------------------------------------------


def test_empty_cells_are_filled_and_the_others_stay_as_they_stood(shop: Workshop) -> None:
    result = shop.run("t.csv", "a,b,c\n1.50,,x\n,007,\n", fill(0, "a"), fill("none", "b", "c"))

    assert result.text == "a,b,c\n1.50,none,x\n0,007,none\n"
    assert result.types == {"a": "float", "b": "text", "c": "text"}


def test_typed_columns_are_filled_with_their_type(shop: Workshop) -> None:
    data = parquet(
        i=pl.Series([1, None], dtype=pl.Int16),
        d=pl.Series([Decimal("1.50"), None], dtype=pl.Decimal(10, 2)),
        t=["x", None],
        day=[date(2024, 2, 29), None],
    )

    result = shop.run("t.parquet", data, fill("7", "i"), fill(2.5, "d"), fill("", "t"), fill("2000-01-01", "day"))

    assert result.rows[1] == (7, Decimal("2.50"), "", date(2000, 1, 1))


@pytest.mark.parametrize(
    ("value", "told"),
    [("x", "'x'"), (1.5, "1.5"), (True, "true"), (40_000, "40000")],
)
def test_a_value_of_another_type_is_refused(shop: Workshop, value: Any, told: str) -> None:
    data = parquet(a=pl.Series([None], dtype=pl.Int16))

    failure = shop.fails("t.parquet", data, fill(value, "a"))

    assert failure.message == f"step 1 (fill_null): {told} is no value for column 'a', which is int."


def test_a_value_with_more_places_than_the_column_is_refused(shop: Workshop) -> None:
    data = parquet(a=pl.Series([None], dtype=pl.Decimal(10, 2)))

    assert shop.fails("t.parquet", data, fill("1.255", "a")).code == "bad_value"


def test_columns_are_dropped(shop: Workshop) -> None:
    assert shop.run("t.csv", "a,b,c\n1,2,3\n", drop("c", "a")).text == "b\n2\n"
    assert shop.fails("t.csv", "a,b\n1,2\n", drop("c")).code == "unknown_column"
    assert shop.fails("t.csv", "a\n1\n", drop("a")).message == "step 1 (drop): no column would be left."
