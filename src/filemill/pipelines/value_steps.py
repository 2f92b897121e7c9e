"""The steps that make, change and leave out values of columns: `drop`, `add_column`, `cast`, `fill_null`."""

import contextlib
from typing import Literal

import msgspec

from filemill.errors import BadRequest, Impossible
from filemill.pipelines import expressions
from filemill.pipelines.expressions import CannotRead, UnknownFunction
from filemill.pipelines.table_steps import refuse_twice

MOST_EXPRESSION_PARTS = 2_000
"""Most columns, constants, operators and functions in all expressions of a pipeline. A plan of more takes seconds."""

MOST_EXPRESSION_WORDS = 4 * MOST_EXPRESSION_PARTS
"""Most words and signs in all of them, counted before any is read."""

Scalar = str | int | float | bool | None
TypeName = Literal["int", "float", "decimal", "text", "bool", "date", "datetime"]


class Drop(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Drops the named columns.

    Example: `{"columns": ["password"]}`
    """

    columns: tuple[str, ...]


class AddColumn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Adds a column of computed values, or replaces the column of the same name in its place.

    The expression has columns by name (in back-quotes where the name is not a plain word), numbers, 'text', true,
    false, null, `+ - * / %`, comparisons, and, or, not, and functions such as `if(condition, a, b)`.

    Example: `{"name": "total", "expression": "if(qty >= 10, qty * price * 0.9, qty * price)"}`
    """

    name: str
    expression: str


class Cast(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Gives columns another type: int, float, decimal, text, bool, date or datetime.

    A value that the new type cannot hold fails the job: 1.5 as an int, or `2024-02-30` as a date. The error names the
    row.

    Example: `{"columns": {"born": "date", "price": "decimal"}}`
    """

    columns: dict[str, TypeName]


class FillNull(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Replaces the nulls of columns by a value. The value takes the column's type.

    Example: `{"columns": ["discount"], "value": 0}`
    """

    columns: tuple[str, ...]
    value: Scalar


ValueStep = Drop | AddColumn | Cast | FillNull


def check(where: str, step: ValueStep, longest: int) -> None:
    """Refuses a step that is well formed but impossible; `where` names the step, `longest` bounds an expression.

    Raises Impossible; BadRequest for a function that does not exist.
    """
    if isinstance(step, AddColumn):
        if not step.name:
            raise Impossible(f"{where}: name is empty.")
        _check_expression(where, step.expression, longest)
        return
    if not step.columns:
        raise Impossible(f"{where}: columns names no column.")
    refuse_twice(where, "columns", tuple(step.columns))
    if isinstance(step, FillNull) and step.value is None:
        raise Impossible(f"{where}: value must not be null.")


def check_words(adding: tuple[AddColumn, ...]) -> None:
    """Refuses a pipeline whose expressions are too much to read, before one of them is read. Raises Impossible."""
    words = 0
    for step in adding:
        with contextlib.suppress(CannotRead):  # the step's own check tells
            words += expressions.count_words(step.expression)
        if words > MOST_EXPRESSION_WORDS:
            raise Impossible(
                f"processing_steps: the expressions have more than the {MOST_EXPRESSION_WORDS:,} words and signs"
                " allowed in all."
            )


def check_all(adding: tuple[AddColumn, ...]) -> None:
    """Refuses a pipeline whose expressions have more than `MOST_EXPRESSION_PARTS` parts together. Raises Impossible."""
    parts = sum(expressions.count(expressions.parse(step.expression)) for step in adding)
    if parts > MOST_EXPRESSION_PARTS:
        raise Impossible(
            f"processing_steps: the expressions have {parts:,} parts in all, and {MOST_EXPRESSION_PARTS:,} are allowed."
        )


def _check_expression(where: str, expression: str, longest: int) -> None:
    if len(expression) > longest:
        raise Impossible(f"{where}: expression, it has {len(expression):,} characters, and {longest:,} are allowed.")
    try:
        expressions.parse(expression)
    except UnknownFunction as error:
        raise BadRequest(f"{where}: expression, {error}.") from error
    except CannotRead as error:
        raise Impossible(f"{where}: expression, {error}.") from error
