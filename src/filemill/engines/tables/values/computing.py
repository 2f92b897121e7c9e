"""An expression -> a new value in a table, by Polars; its types are known before the first row is read.

Never `eval`, never SQL: each part of the tree is one call below.
"""

from collections.abc import Callable

import msgspec
import polars as pl

from filemill.engines.tables import schema
from filemill.engines.tables.table import Column, Table
from filemill.engines.tables.values import (
    arithmetic,
    byte_functions,
    casting_values,
    column_values,
    date_functions,
    number_functions,
    operands,
    relating,
    text_functions,
)
from filemill.engines.tables.values.bench import Bench
from filemill.engines.tables.values.operands import NULL, Operand
from filemill.pipelines import expressions
from filemill.pipelines.expressions import Call, Expression, Null, Number, Operation, Text, Truth

Function = Callable[[Bench, str, list[Operand], str], Operand]

FUNCTIONS: dict[str, Function] = {
    **dict.fromkeys(text_functions.NAMES, text_functions.call),
    **dict.fromkeys(byte_functions.NAMES, byte_functions.call),
    **dict.fromkeys(date_functions.NAMES, date_functions.call),
    **dict.fromkeys(number_functions.NAMES, number_functions.call),
    **dict.fromkeys(casting_values.NAMES, casting_values.call),
}
"""What carries out which function; `if`, `coalesce` and `is_null` stand here, since they choose what is looked at."""


def made(source: Table, name: str, expression: Expression, step: int, step_name: str) -> Table:
    """The table with a column `name` of the expression's values. Raises JobFailed for unknown columns and types."""
    if isinstance(expression, expressions.Column):
        # A copy stays what it is: text of a file as it stood.
        column = source.values(expression.name, f"step {step} ({step_name})")
        return msgspec.structs.replace(source, columns={**source.columns, name: column})
    bench = Bench(source, step, step_name, name)
    worker = _Worker(bench)
    result = worker.value_of(expression)
    kind = schema.TEXT if result.type == NULL else result.type
    column = Column(bench.column_of(result.value.cast(kind.dtype) if result.type == NULL else result.value), kind)
    last = bench.finish()
    return msgspec.structs.replace(last, columns={**source.columns, name: column})


class _Worker:
    """Takes an expression's parts in turn; what an `if` does not choose only as far as it is chosen."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._read: dict[str, Operand] = {}

    def value_of(self, expression: Expression) -> Operand:
        """The value of one part, checks included."""
        match expression:
            case expressions.Column(name):
                return self._column(name)
            case Number(value) | Text(value) | Truth(value):
                return operands.of_constant(value, expressions.show(expression))
            case Null():
                return operands.of_constant(None, "null")
            case Operation():
                return self._operation(expression, expressions.show(expression))
            case Call():
                return self._call(expression, expressions.show(expression))

    def _column(self, name: str) -> Operand:
        shown = expressions.show(expressions.Column(name))
        if name not in self._read:
            self._read[name] = column_values.typed(self._bench, name, shown)
        else:
            column_values.check(self._bench, name)
        return self._read[name]

    def _operation(self, expression: Operation, whole: str) -> Operand:
        bench, operator, parts = self._bench, expression.operator, expression.operands
        if operator in ("and", "or"):
            return self._conditions(operator, parts, whole)
        values = [self.value_of(part) for part in parts]
        if operator == "not":
            inner = operands.must_be(bench, values[0], schema.BOOL, whole)
            return Operand(bench.keep(~inner), schema.BOOL, whole)
        if len(values) == 1:
            return arithmetic.negate(bench, values[0], whole)
        if operator in "+-*/%":
            return arithmetic.compute(bench, operator, values[0], values[1], whole)
        return relating.compare(bench, operator, values[0], values[1], whole)

    def _conditions(self, operator: str, parts: tuple[Expression, ...], whole: str) -> Operand:
        """From left to right: what stands behind the part that decides is not looked at."""
        bench = self._bench
        value = operands.must_be(bench, self.value_of(parts[0]), schema.BOOL, whole)
        for part in parts[1:]:
            is_open = bench.keep(value.fill_null(operator == "and") == (operator == "and"))
            with bench.only_where(is_open):
                other = operands.must_be(bench, self.value_of(part), schema.BOOL, whole)
            value = bench.keep(value & other if operator == "and" else value | other)
        return Operand(value, schema.BOOL, whole)

    def _call(self, call: Call, whole: str) -> Operand:
        match call.function:
            case "if":
                return self._choice(call.arguments, whole)
            case "coalesce":
                return self._first(call.arguments, whole)
            case "is_null":
                return self._is_null(call.arguments[0], whole)
            case "text" if isinstance(call.arguments[0], expressions.Column):
                return column_values.text(self._bench, call.arguments[0].name, whole)
        values = [self.value_of(argument) for argument in call.arguments]
        return FUNCTIONS[call.function](self._bench, call.function, values, whole)

    def _choice(self, arguments: tuple[Expression, ...], whole: str) -> Operand:
        bench = self._bench
        condition, chosen, other = arguments
        held = operands.must_be(bench, self.value_of(condition), schema.BOOL, whole)
        held = bench.keep(held.fill_null(False))
        with bench.only_where(held):
            first = self.value_of(chosen)
        with bench.only_where(~held):
            second = self.value_of(other)
        kind = operands.common(bench, [first, second], whole)
        with bench.only_where(held):
            ours = operands.take_as(bench, first, kind)
        with bench.only_where(~held):
            theirs = operands.take_as(bench, second, kind)
        return Operand(bench.keep(pl.when(held).then(ours).otherwise(theirs)), kind, whole)

    def _first(self, arguments: tuple[Expression, ...], whole: str) -> Operand:
        bench = self._bench
        missing = [pl.lit(True)]
        values = []
        for argument in arguments:
            with bench.only_where(missing[-1]):
                values.append(self.value_of(argument))
            missing.append(bench.keep(missing[-1] & values[-1].value.is_null()))
        kind = operands.common(bench, values, whole)
        taken = []
        for value, still in zip(values, missing, strict=False):
            with bench.only_where(still):
                taken.append(operands.take_as(bench, value, kind))
        return Operand(bench.keep(pl.coalesce(taken)), kind, whole)

    def _is_null(self, argument: Expression, whole: str) -> Operand:
        if isinstance(argument, expressions.Column):
            # Whether a cell is empty can be told without typing it, as a filter does.
            return Operand(column_values.is_null(self._bench, argument.name), schema.BOOL, whole)
        return Operand(self._bench.keep(self.value_of(argument).value.is_null()), schema.BOOL, whole)
