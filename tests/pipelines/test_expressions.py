"""Expressions are read and written: what parses, what is refused and how that is told, and that no text does harm."""

import time
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from filemill.errors import BadRequest, Impossible
from filemill.pipelines import expressions, steps
from filemill.pipelines.expressions import (
    Call,
    CannotRead,
    Column,
    Expression,
    Null,
    Number,
    Operation,
    Text,
    Truth,
    UnknownFunction,
)
from filemill.pipelines.table_steps import Aggregate, Aggregation

A, B = Column("a"), Column("b")


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("qty * price", Operation("*", (Column("qty"), Column("price")))),
        ("1 + 2 * 3", Operation("+", (Number(1), Operation("*", (Number(2), Number(3)))))),
        ("a - b - 1", Operation("-", (Operation("-", (A, B)), Number(1)))),
        ("-a", Operation("-", (A,))),
        ("2 - -3", Operation("-", (Number(2), Number(-3)))),
        ("`unit ``price``` = 'it''s'", Operation("=", (Column("unit `price`"), Text("it's")))),
        ("``", Column("")),
        ("a == 1 AND b <> 2", Operation("and", (Operation("=", (A, Number(1))), Operation("!=", (B, Number(2)))))),
        ("not a or b", Operation("or", (Operation("not", (A,)), B))),
        ("not a = b", Operation("not", (Operation("=", (A, B)),))),
        ("TRUE or Null", Operation("or", (Truth(True), Null()))),
        ("IF(a, 1, .5)", Call("if", (A, Number(1), Number(Decimal("0.5"))))),
        ("1.50", Number(Decimal("1.50"))),
        ("1e3", Number(1000.0)),
        ("-9223372036854775808", Number(-(2**63))),
        ("größe + 数", Operation("+", (Column("größe"), Column("数")))),
        ("date_add(a, 1, 'days')", Call("date_add", (A, Number(1), Text("days")))),
    ],
)
def test_what_is_read(text: str, tree: Expression) -> None:
    assert expressions.parse(text) == tree


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "character 1: found the end, expected a value"),
        ("1 +", "character 4: found the end, expected a value"),
        ("a b", "character 3: found 'b', expected an operator or the end"),
        ("a < b < c", "character 7: found '< c', expected an operator or the end"),
        ("(a", "character 3: found the end, expected ')'"),
        ("round(1.5", "character 10: found the end, expected ')' or ','"),
        ("'it", "character 1: this text has no closing quote"),
        ("1 + `a", "character 5: this name has no closing back-quote"),
        ('"a"', "character 1: text stands in 'single quotes', a column's name in `back-quotes`"),
        ("a.b", "character 2: '.' means nothing here; `back-quote` a name that has it"),
        ("upper(a, b)", "character 1: upper takes upper(text), and here are 2 arguments"),
        ("if(a, b)", "character 1: if takes if(condition, a, b), and here are 2 arguments"),
        ("round(a, b)", "argument 2 of round must be written out: a whole number from 0 to 15"),
        ("date_add(a, 1, 'eon')", "argument 3 of date_add must be written out: one of 'year', 'month'"),
        ("format_date(a, '%Q')", "argument 2 of format_date must be written out: a text in which % stands before"),
        ("pad_left(a, 9999999999, '0')", "argument 2 of pad_left must be written out: a whole number from 0 to 10000"),
        ("1e999", "1e999 is no number that a float can carry"),
        ("9" * 39, "a number has at most 38 digits"),
    ],
)
def test_what_is_refused(text: str, told: str) -> None:
    with pytest.raises(CannotRead) as refusal:
        expressions.parse(text)

    assert told in str(refusal.value)
    assert not isinstance(refusal.value, UnknownFunction)


def test_an_unknown_function_is_told_with_the_nearest() -> None:
    with pytest.raises(
        UnknownFunction, match=r"character 5: there is no function 'uper' \(did you mean upper\?\); there are .*upper"
    ):
        expressions.parse("1 + uper(a)")


@pytest.mark.parametrize(
    "text",
    [
        "(" * 100_000,
        "x " * 500_000,
        "(" * 4_000,
        "-" * 3_999 + "x",
        "- " * 70 + "x",
        "not " * 900 + "x",
        "1+" * 1_900 + "1",
        "if(a,b," * 400 + "c" + ")" * 400,
        "abs(" * 70 + "x" + ")" * 70,
        "'" * 3_999,
        "\x00",
        "__import__('os').system('true')",
    ],
    ids=lambda text: f"{text[:8]!r} of {len(text)}",
)
def test_hostile_text_is_refused_at_once(text: str) -> None:
    began = time.monotonic()

    with pytest.raises(CannotRead):
        expressions.parse(text)

    assert time.monotonic() - began < 2


def test_brackets_are_counted_before_anything_is_read() -> None:
    # given brackets that change nothing, as programs write them
    deepest = expressions.DEEPEST
    assert expressions.parse("(" * deepest + "a" + ")" * deepest) == A

    # then one more, which took seconds in every step of a job, is refused by a count
    began = time.process_time()
    for name in "abcdefghij" * 10:
        with pytest.raises(CannotRead, match="it is nested deeper than 60"):
            expressions.parse("(" * 1_900 + name + ")" * 1_900)
    assert time.process_time() - began < 0.2


def test_words_and_signs_are_counted_before_anything_is_read() -> None:
    with pytest.raises(CannotRead, match="it has more than 2,000 words and signs"):
        expressions.parse("(a) + " * 501 + "b")


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=60) | st.text("ab1.'`(),+-*/%<>=! eEndortif\n", max_size=60))
def test_garbage_is_read_or_refused_and_nothing_else(text: str) -> None:
    try:
        tree = expressions.parse(text)
    except CannotRead:
        return
    assert expressions.parse(expressions.show(tree)) == tree


def _nested(inner: st.SearchStrategy[Expression]) -> st.SearchStrategy[Expression]:
    many = st.lists(inner, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        st.builds(Operation, st.sampled_from(["+", "-", "*", "/", "%", "=", "<", ">="]), st.tuples(inner, inner)),
        st.builds(Operation, st.sampled_from(["and", "or"]), many),
        st.builds(Operation, st.just("not"), st.tuples(inner)),
        st.builds(Operation, st.just("-"), st.tuples(inner.filter(lambda one: not isinstance(one, Number)))),
        st.builds(Call, st.sampled_from(["concat", "coalesce", "min"]), many),
        st.builds(Call, st.just("if"), st.tuples(inner, inner, inner)),
    )


TREES = st.recursive(
    st.one_of(
        st.builds(Column, st.text(st.characters(codec="utf-8"), max_size=6) | st.sampled_from(["null", "And", "x"])),
        st.builds(Text, st.text(st.characters(codec="utf-8"), max_size=6)),
        st.builds(Number, st.integers(-(10**38) + 1, 10**38 - 1)),
        st.builds(Number, st.decimals(-(10**9), 10**9, places=3).map(lambda value: value or Decimal("0.000"))),
        st.builds(Number, st.floats(allow_nan=False, allow_infinity=False).map(lambda value: value or 0.0)),
        st.builds(Truth, st.booleans()),
        st.just(Null()),
    ),
    _nested,
    max_leaves=12,
)


@settings(max_examples=300, deadline=None)
@given(TREES)
def test_what_is_written_is_read_as_the_same(tree: Expression) -> None:
    assert expressions.parse(expressions.show(tree)) == tree


# --- in a step --------------------------------------------------------------------------------------------------------


def adding(expression: str) -> bytes:
    return steps.msgspec.json.encode([{"type": "add_column", "params": {"name": "x", "expression": expression}}])


def test_a_job_names_the_step_and_the_place() -> None:
    with pytest.raises(Impossible, match=r"^step 1 \(add_column\): expression, character 3: found 'b'"):
        steps.check(steps.decode(adding("a b")))
    with pytest.raises(BadRequest, match=r"^step 1 \(add_column\): expression, .* no function 'foo'"):
        steps.check(steps.decode(adding("foo(a)")))


def test_all_expressions_of_a_job_are_bounded() -> None:
    expression = "+".join(["a"] * 50)
    step = steps.decode(adding(expression))

    steps.check(step * 20)
    with pytest.raises(Impossible, match="parts in all"):
        steps.check(step * 21)


def test_so_are_their_words_before_one_is_read() -> None:
    # given brackets, which are no parts, in every step
    step = steps.decode(adding("(a) + " * 30 + "a"))

    began = time.process_time()
    with pytest.raises(Impossible, match="more than the 8,000 words and signs allowed in all"):
        steps.check(step * 100)
    assert time.process_time() - began < 0.2


def test_the_characters_of_an_expression_are_bounded() -> None:
    steps.check(steps.decode(adding("a" * 10_000)))
    with pytest.raises(
        Impossible, match=r"^step 1 \(add_column\): expression, it has 10,001 characters, and 10,000 are"
    ):
        steps.check(steps.decode(adding("a" * 10_001)))
    with pytest.raises(Impossible, match="it has 11 characters, and 10 are allowed"):
        steps.check(steps.decode(adding("a" * 11)), longest=10)


def test_one_group_for_each_name_takes_no_longer_than_its_length() -> None:
    # given 13,000 groups and 2,000 aggregations: as many pairs as take a second
    groups = tuple(f"g{n}" for n in range(13_000))
    counts = tuple(Aggregation("count", f"c{n}") for n in range(2_000))

    began = time.process_time()
    steps.check((Aggregate(groups, counts),))
    assert time.process_time() - began < 0.2


@pytest.mark.parametrize(
    ("kind", "params", "told"),
    [
        ("add_column", {"name": "", "expression": "1"}, "name is empty"),
        ("cast", {"columns": {}}, "columns names no column"),
        ("drop", {"columns": []}, "columns names no column"),
        ("drop", {"columns": ["a", "a"]}, "name 'a' twice"),
        ("fill_null", {"columns": [], "value": 1}, "columns names no column"),
        ("fill_null", {"columns": ["a"], "value": None}, "value must not be null"),
    ],
)
def test_impossible_values(kind: str, params: dict[str, object], told: str) -> None:
    pipeline = steps.decode(steps.msgspec.json.encode([{"type": kind, "params": params}]))

    with pytest.raises(Impossible, match=told):
        steps.check(pipeline)


def test_a_type_there_is_not_is_a_wrong_shape() -> None:
    with pytest.raises(BadRequest):
        steps.decode('[{"type": "cast", "params": {"columns": {"a": "complex"}}}]')
