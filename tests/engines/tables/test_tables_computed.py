"""Random expressions on random tables: the engine gives what the book gives, and fails at the row where it fails."""

import io
from datetime import date
from decimal import Decimal
from typing import Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemill.pipelines import expressions
from filemill.pipelines.expressions import Call, Column, Expression, Null, Number, Operation, Text, Truth
from tests.engines.tables import by_the_book
from tests.engines.tables.by_the_book import Book, Misfit, Row
from tests.engines.tables.workshop import Workshop, add, select

EDGES = [2**63 - 1, -(2**63), 2**53, 2**53 + 1, -(2**31), 0, 1, -1]
CENTS = st.integers(-(10**6), 10**6) | st.sampled_from([10**17, 1 - 10**38, 10**38 - 1])
TEXTS = st.sampled_from(["", "a", "ab", "Zoë", "a'b", "x\ny", "10", "-3"])
DAYS = st.dates() | st.sampled_from([date.min, date.max, date(2024, 2, 29)])
BOOK = Book(
    {
        "i": ("int", 0),
        "f": ("float", 0),
        "d": ("decimal", 2),
        "t": ("text", 0),
        "b": ("bool", 0),
        "day": ("date", 0),
    }
)
TYPES = {
    "i": pl.Int64(),
    "f": pl.Float64(),
    "d": pl.Decimal(38, 2),
    "t": pl.String(),
    "b": pl.Boolean(),
    "day": pl.Date(),
}
ROWS = st.fixed_dictionaries(
    {
        "i": st.none() | st.integers(-100, 100) | st.sampled_from(EDGES),
        "f": st.none() | st.floats(-100, 100) | st.sampled_from([0.0, 1e308, -1e300, 5e-324, 0.1, 2.5]),
        "d": st.none() | CENTS.map(lambda cents: Decimal(cents).scaleb(-2, by_the_book.BIG)),
        "t": st.none() | TEXTS,
        "b": st.none() | st.booleans(),
        "day": st.none() | DAYS,
    }
)

Trees = st.SearchStrategy[Expression]


def call(name: str, *arguments: Trees) -> Trees:
    return st.builds(Call, st.just(name), st.tuples(*arguments))


def operation(operators: str, *operands: Trees) -> Trees:
    return st.builds(Operation, st.sampled_from(operators.split()), st.tuples(*operands))


def chosen(inner: Trees, conditions: Trees) -> Trees:
    return call("if", conditions, inner, inner | st.just(Null())) | call("coalesce", inner, inner)


def column(name: str) -> Trees:
    return st.just(Column(name))


def exact(depth: int) -> Trees:
    """Ints and decimals."""
    leaves = (
        column("i")
        | column("d")
        | st.builds(Number, st.integers(-10, 10) | st.sampled_from(EDGES))
        | st.builds(Number, st.integers(-999, 999).map(lambda n: Decimal(n).scaleb(-1)))
    )
    if not depth:
        return leaves
    inner = exact(depth - 1)
    return (
        leaves
        | operation("+ - %", inner, inner)
        # Not deeper: places behind the point would add up to more than there may be.
        | operation("*", leaves, leaves)
        | operation("-", inner.filter(lambda one: not isinstance(one, Number)))
        | call("abs", inner)
        | call("min", inner, inner)
        | call("max", inner, inner)
        | call("round", inner)
        | call("floor", inner)
        | call("ceil", inner)
        | call("int", inner)
        | call("length", texts(depth - 1))
        | call("year", days(depth - 1))
        | call("weekday", days(depth - 1))
        | chosen(inner, conditions(depth - 1))
    )


def floats(depth: int) -> Trees:
    leaves = column("f") | st.builds(Number, st.floats(-10, 10).map(lambda value: value or 0.0))
    if not depth:
        return leaves
    inner = floats(depth - 1)
    return (
        leaves
        | operation("+ - * / %", inner, inner)
        | operation("+ - * / %", inner, exact(depth - 1))
        | operation("/", exact(depth - 1), exact(depth - 1))
        | call("sqrt", inner)
        | call("float", inner)
        | call("abs", inner)
        | chosen(inner, conditions(depth - 1))
    )


def texts(depth: int) -> Trees:
    leaves = column("t") | st.builds(Text, TEXTS)
    if not depth:
        return leaves
    inner = texts(depth - 1)
    small = st.builds(Number, st.integers(-2, 4)) | column("i")
    return (
        leaves
        | call("upper", inner)
        | call("concat", inner, inner, inner)
        | call("replace", inner, inner, inner)
        | call("substring", inner, small, small)
        | call("right", inner, small)
        | call("text", column("i"))
        | call("text", column("day"))
        | chosen(inner, conditions(depth - 1))
    )


def days(depth: int) -> Trees:
    if not depth:
        return column("day")
    inner = days(depth - 1)
    moved = call("date_add", inner, st.builds(Number, st.integers(-1000, 1000)) | column("i"), st.just(Text("days")))
    return inner | moved | call("max", inner, inner) | chosen(inner, conditions(depth - 1))


def conditions(depth: int) -> Trees:
    leaves = column("b") | st.builds(Truth, st.booleans())
    if not depth:
        return leaves
    inner = conditions(depth - 1)
    compared = [
        operation("= != < <= > >=", of(depth - 1), of(depth - 1)) for of in (exact, floats, texts, days, conditions)
    ]
    return (
        leaves
        | st.one_of(compared)
        | operation("= <", floats(depth - 1), exact(depth - 1))
        | st.builds(Operation, st.sampled_from(["and", "or"]), st.lists(inner, min_size=2, max_size=3).map(tuple))
        | operation("not", inner)
        | call("is_null", exact(depth - 1) | texts(depth - 1))
        | call("contains", texts(depth - 1), texts(depth - 1))
    )


def file_of(rows: list[Row]) -> bytes:
    file = io.BytesIO()
    pl.DataFrame(
        {name: pl.Series([row[name] for row in rows], dtype=kind) for name, kind in TYPES.items()}
    ).write_parquet(file)
    return file.getvalue()


def expected(tree: Expression, rows: list[Row]) -> tuple[list[Any], int | None]:
    """The values by the book, and the row that must fail, if any."""
    values = []
    for number, row in enumerate(rows, 1):
        try:
            values.append(BOOK.value_of(tree, row))
        except Misfit:
            return values, number
    return values, None


@given(
    tree=exact(3) | floats(2) | texts(2) | days(2) | conditions(3),
    rows=st.lists(ROWS, min_size=1, max_size=12),
)
def test_any_expression_on_any_table(shop: Workshop, tree: Expression, rows: list[Row]) -> None:
    # given a table and an expression as text
    text, file = expressions.show(tree), file_of(rows)
    # when it is computed row by row in plain Python, then the engine has the same values, or stops at the same row
    values, failing = expected(tree, rows)
    if failing:
        assert shop.fails("t.parquet", file, add("x", text)).message.startswith(f"t.parquet, row {failing}, ")
    else:
        result = shop.run("t.parquet", file, add("x", text), select("x"))
        assert list(map(repr, (row[0] for row in result.rows))) == list(map(repr, map(as_written(tree), values)))


def as_written(tree: Expression) -> Any:
    """Decimals with the places that their type has."""
    name, places = BOOK.kind_of(tree)
    one = Decimal(1).scaleb(-places)
    if name != "decimal":
        return lambda value: value
    return lambda value: None if value is None else abs_zero(by_the_book.BIG.quantize(value, one))


def abs_zero(value: Decimal) -> Decimal:
    return value or abs(value)


@pytest.mark.parametrize("divisor", ["5", "5.0", "c"])
def test_a_quotient_is_rounded_once_also_where_all_rows_are_divided_by_the_same(shop: Workshop, divisor: str) -> None:
    # given
    values = [number + 0.5 for number in range(200)]
    file = f"f\n{chr(10).join(map(str, values))}\n".encode()
    # when
    result = shop.run("t.csv", file, add("c", "2.5 * 2"), add("x", f"f / {divisor}"), select("x"))
    # then
    assert [float(row[0]) for row in result.rows] == [value / 5 for value in values]
