"""The small language of `add_column`: `if(qty >= 3, price * 0.9, price)` -> a tree of frozen structs, and back.

A tree is plain data; the engine computes its values. Words and brackets of a text are counted before it is read, and
reading never recurses: a hostile text is refused and costs nothing more. `functions.py` lists the arguments of every
function.
"""

import functools
import re
from decimal import Decimal
from typing import Any

import lark
import msgspec

from filemill.pipelines import syntax
from filemill.pipelines.functions import FUNCTIONS

MOST_CHARACTERS = 10_000
"""How long an expression may be, where no setting says otherwise."""
DEEPEST = 60
"""How deep values and brackets may be nested. `a + b + c` is `(a + b) + c`, so a sum is nested too; `and` and `or` are
not."""
MOST_PARTS = 500
"""How many columns, constants, operators and functions an expression may have."""
MOST_WORDS = 4 * MOST_PARTS
"""How many words, signs and quoted texts are read: each costs time, also one that makes no part, as a bracket."""

_WORD = re.compile(r"'(?:[^']|'')*'|`(?:[^`]|``)*`|\w+|\S")


class CannotRead(ValueError):
    """The text is not an expression. The message is a sentence without its subject; the caller puts the field first."""


class UnknownFunction(CannotRead):
    """The expression calls a function that does not exist."""


class Column(msgspec.Struct, frozen=True, tag=True):
    """The value of a column."""

    name: str


class Number(msgspec.Struct, frozen=True, tag=True):
    """A number as written: whole, a Decimal with a fraction, or a float where the text has an exponent."""

    value: int | Decimal | float


class Text(msgspec.Struct, frozen=True, tag=True):
    """A text."""

    value: str


class Truth(msgspec.Struct, frozen=True, tag=True):
    """true or false."""

    value: bool


class Null(msgspec.Struct, frozen=True, tag=True):
    """null."""


class Operation(msgspec.Struct, frozen=True, tag=True):
    """`+ - * / %`, a comparison `= != < <= > >=`, `and`, `or`: at least two operands; `not` and a minus sign: one."""

    operator: str
    operands: tuple["Expression", ...]


class Call(msgspec.Struct, frozen=True, tag=True):
    """A function of `FUNCTIONS`, with as many arguments as the function takes."""

    function: str
    arguments: tuple["Expression", ...]


Expression = Column | Number | Text | Truth | Null | Operation | Call


def parts_of(expression: Expression) -> tuple[Expression, ...]:
    """The operands or arguments of an expression, one level down."""
    match expression:
        case Operation(_, parts) | Call(_, parts):
            return parts
    return ()


@functools.lru_cache(maxsize=256)
def parse(text: str) -> Expression:
    """Text -> the tree. Raises CannotRead, which tells the position (counted from 1) and the text expected there."""
    count_words(text)
    try:
        tree: Any = _parser().parse(text)
    except lark.UnexpectedInput as error:
        raise CannotRead(syntax.explain(error, text)) from None
    expression: Expression = tree
    _measure(expression)
    return expression


def count_words(text: str) -> int:
    """The number of words, signs and quoted texts in a text that nobody has read. Raises CannotRead for too many."""
    found = depth = 0
    for word in _WORD.finditer(text):
        found += 1
        depth += (word[0] == "(") - (word[0] == ")")
        if found > MOST_WORDS:
            raise CannotRead(f"it has more than {MOST_WORDS:,} words and signs")
        if depth > DEEPEST:
            raise CannotRead(f"it is nested deeper than {DEEPEST}")
    return found


def count(expression: Expression) -> int:
    """The number of columns, constants, operators and functions in an expression."""
    waiting, found = [expression], 0
    while waiting:
        found += 1
        waiting += parts_of(waiting.pop())
    return found


def show(expression: Expression) -> str:
    """The tree -> a text that parses to the same tree."""
    return _show(expression, 0)


def _measure(tree: Expression) -> None:
    if count(tree) > MOST_PARTS:
        raise CannotRead(f"it has more than {MOST_PARTS} columns, constants, operators and functions")
    level: tuple[Expression, ...] = (tree,)
    for _ in range(DEEPEST):
        level = tuple(part for one in level for part in parts_of(one))
        if not level:
            return
    raise CannotRead(f"it is nested deeper than {DEEPEST}")


@functools.cache
def _parser() -> lark.Lark:
    # The transformer builds our tree during the parse: a walk over lark's own tree would recurse.
    return lark.Lark(syntax.GRAMMAR, parser="lalr", lexer="basic", transformer=_Builder())


@lark.v_args(inline=True)
class _Builder(lark.Transformer[lark.Token, Expression]):
    """Turns each rule of the grammar into a node of the tree."""

    def number(self, token: lark.Token) -> Number:
        try:
            return Number(syntax.number_of(token))
        except ValueError as error:
            raise CannotRead(f"character {_place(token)}: {error}") from None

    def text(self, token: lark.Token) -> Text:
        return Text(token[1:-1].replace("''", "'"))

    def quoted(self, token: lark.Token) -> Column:
        return Column(token[1:-1].replace("``", "`"))

    def bare(self, token: lark.Token) -> Expression:
        match token.lower():
            case "null":
                return Null()
            case "true" | "false" as word:
                return Truth(word == "true")
        return Column(str(token))

    def call(self, name: lark.Token, *arguments: Expression) -> Call:
        try:
            syntax.check_call(name.lower(), tuple(_written(one) for one in arguments))
        except syntax.NoSuchFunction as error:
            raise UnknownFunction(f"character {_place(name)}: {error}") from None
        except ValueError as error:
            raise CannotRead(f"character {_place(name)}: {error}") from None
        return Call(name.lower(), arguments)

    def minus(self, _sign: lark.Token, inner: Expression) -> Expression:
        if isinstance(inner, Number):
            return Number(syntax.negative(inner.value))
        return Operation("-", (inner,))

    def negate(self, inner: Expression) -> Operation:
        return Operation("not", (inner,))

    def comparison(self, left: Expression, operator: lark.Token, right: Expression) -> Operation:
        return Operation({"==": "=", "<>": "!="}.get(operator, str(operator)), (left, right))

    def chain(self, first: Expression, *rest: Any) -> Expression:
        for operator, right in zip(rest[::2], rest[1::2], strict=True):
            first = Operation(str(operator), (first, right))
        return first

    def both(self, *parts: Expression) -> Operation:
        return Operation("and", parts)

    def either(self, *parts: Expression) -> Operation:
        return Operation("or", parts)


def _place(token: lark.Token) -> int:
    return (token.start_pos or 0) + 1


def _written(argument: Expression) -> int | Decimal | float | str | None:
    """The value of an argument that is a constant number or text; None for any other argument."""
    return argument.value if isinstance(argument, Number | Text) else None


_BINDS = {"or": 1, "and": 2, "not": 3, "=": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "+": 5, "-": 5}
_SIGN, _ATOM = 7, 8


def _show(expression: Expression, at_least: int) -> str:
    """Recursion is safe here: a tree has at most `DEEPEST` levels."""
    match expression:
        case Column(name):
            shown, binds = syntax.quote_name(name), _ATOM
        case Number(value):
            shown, binds = syntax.show_number(value), _ATOM
        case Text(value):
            shown, binds = "'" + value.replace("'", "''") + "'", _ATOM
        case Truth(value):
            shown, binds = "true" if value else "false", _ATOM
        case Null():
            shown, binds = "null", _ATOM
        case Call(function, arguments):
            shown, binds = f"{function}({', '.join(_show(one, 0) for one in arguments)})", _ATOM
        case Operation("not", (inner,)):
            shown, binds = f"not {_show(inner, 3)}", 3
        case Operation("-", (inner,)):
            shown, binds = f"-{_show(inner, _ATOM)}", _SIGN
        case Operation(operator, (first, *rest)):
            binds = _BINDS.get(operator, 6)
            # A comparison in a comparison, or `and` in `and`, needs brackets. A sum or product on the left does not.
            own = binds if operator in "+-*/%" else binds + 1
            shown = f" {operator} ".join([_show(first, own), *(_show(one, binds + 1) for one in rest)])
    return shown if binds >= at_least else f"({shown})"


assert set(syntax.LITERALS) >= {kind for function in FUNCTIONS.values() for kind in function.fixed.values()}
