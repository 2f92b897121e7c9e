"""The written form of expressions: the grammar, numbers, names, the check of a call, and the text of an error."""

import re
from collections.abc import Callable
from decimal import Decimal

import lark

from filemill.pipelines import spelling
from filemill.pipelines.functions import DIRECTIVES, FUNCTIONS, MOST_PADDED, MOST_PLACES, MOST_SCALE, UNITS

GRAMMAR = r"""
?start: either
?either: both | both (_OR both)+
?both: negation | negation (_AND negation)+
?negation: comparison | _NOT negation -> negate
?comparison: sum | sum COMPARES sum
?sum: product | product ((PLUS | MINUS) product)+ -> chain
?product: signed | signed (FACTOR signed)+ -> chain
?signed: atom | MINUS signed -> minus
?atom: NUMBER -> number
    | TEXT -> text
    | QUOTED -> quoted
    | NAME -> bare
    | NAME "(" (either ("," either)*)? ")" -> call
    | "(" either ")"

_OR.2: /or\b/i
_AND.2: /and\b/i
_NOT.2: /not\b/i
COMPARES: "<=" | ">=" | "<>" | "!=" | "==" | "=" | "<" | ">"
PLUS: "+"
MINUS: "-"
FACTOR: "*" | "/" | "%"
NUMBER: /([0-9]+(\.[0-9]+)?|\.[0-9]+)([eE][+-]?[0-9]+)?/
NAME: /[^\W\d]\w*/
TEXT: /'([^']|'')*'/
QUOTED: /`([^`]|``)*`/
%ignore /\s+/
"""

_RESERVED = ("and", "or", "not", "true", "false", "null")
_MOST_DIGITS = 38

_VALUES = {"NUMBER", "TEXT", "QUOTED", "NAME", "LPAR", "MINUS", "_NOT"}
_OPERATORS = {"PLUS", "MINUS", "FACTOR", "COMPARES", "_AND", "_OR"}
_OTHERS = {"LPAR": "(", "RPAR": ")", "COMMA": ","}

_PATTERN = re.compile(f"(?:[^%]|%[{DIRECTIVES}])*")


class NoSuchFunction(ValueError):
    """A function that is not in the table."""


def number_of(text: str) -> int | Decimal | float:
    """A written number -> its value, exact unless the text has an exponent. Raises ValueError for too many digits."""
    if "e" in text.lower():
        value = float(text)
        if value in (float("inf"), 0.0) and re.match(r"[.0]*[1-9]", text):
            raise ValueError(f"{text} is no number that a float can carry")
        return value
    digits = text.replace(".", "").lstrip("0")
    behind = len(text.partition(".")[2])
    if len(digits) > _MOST_DIGITS or behind > MOST_SCALE:
        raise ValueError(f"a number has at most {_MOST_DIGITS} digits, and at most {MOST_SCALE} behind the point")
    return Decimal(text) if "." in text else int(text)


def negative(value: float | Decimal) -> int | float | Decimal:
    """The number with a minus sign; zero stays zero. The minus of Decimal itself would round to 28 digits."""
    if not value:
        return value
    return value.copy_negate() if isinstance(value, Decimal) else -value


def show_number(value: float | Decimal) -> str:
    """The value -> a text that reads as the same number of the same type."""
    if isinstance(value, float):
        shown = repr(value)
        return shown if "e" in shown else f"{shown}e0"
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def quote_name(name: str) -> str:
    """A column's name as an expression takes the name: bare where the parser can read it, else in back-quotes."""
    if re.fullmatch(r"[^\W\d]\w*", name) and name.lower() not in _RESERVED:
        return name
    return "`" + name.replace("`", "``") + "`"


def check_call(name: str, written: tuple[object, ...]) -> None:
    """Refuses a call that `FUNCTIONS` does not allow. `written` holds the constant arguments, None for all others.

    Raises NoSuchFunction, ValueError.
    """
    if name not in FUNCTIONS:
        hint = spelling.hint(name, FUNCTIONS)
        raise NoSuchFunction(f"there is no function {name[:40]!r}{hint}; there are {', '.join(FUNCTIONS)}")
    function = FUNCTIONS[name]
    if len(written) < function.least or (function.most is not None and len(written) > function.most):
        raise ValueError(f"{name} takes {name}({function.signature}), and here are {len(written)} arguments")
    for at, kind in function.fixed.items():
        fits, what = LITERALS[kind]
        if at < len(written) and not fits(written[at]):
            raise ValueError(f"argument {at + 1} of {name} must be written out: {what}")


def unit_of(written: str) -> str:
    """`'days'` -> `day`."""
    return written.lower().removesuffix("s")


def _is_whole(most: int) -> Callable[[object], bool]:
    return lambda value: type(value) is int and 0 <= value <= most


LITERALS: dict[str, tuple[Callable[[object], bool], str]] = {
    "unit": (
        lambda value: isinstance(value, str) and unit_of(value) in UNITS,
        f"one of {', '.join(map(repr, UNITS))}",
    ),
    "pattern": (
        lambda value: isinstance(value, str) and bool(_PATTERN.fullmatch(value)),
        f"a text in which % stands before one of {' '.join(DIRECTIVES)}",
    ),
    "places": (_is_whole(MOST_PLACES), f"a whole number from 0 to {MOST_PLACES}"),
    "scale": (_is_whole(MOST_SCALE), f"a whole number from 0 to {MOST_SCALE}"),
    "length": (_is_whole(MOST_PADDED), f"a whole number from 0 to {MOST_PADDED}"),
    "character": (lambda value: isinstance(value, str) and len(value) == 1, "a text of one character"),
    "encoding": (lambda value: value in ("base64", "hex"), "'base64' or 'hex'"),
    "zone": (lambda value: value == "UTC", "'UTC'"),
}
"""Kind of constant argument -> a check of the value, and the words for the allowed values."""


def explain(error: lark.UnexpectedInput, text: str) -> str:
    """The position, the text there, and the text expected there, as the words of an error."""
    if isinstance(error, lark.UnexpectedCharacters):
        at = error.pos_in_stream or 0
        hint = _HINTS.get(text[at])
        return f"character {at + 1}: {hint or f'{text[at]!r} means nothing here; `back-quote` a name that has it'}"
    assert isinstance(error, lark.UnexpectedToken)
    at = len(text) if error.token.type == "$END" else error.token.start_pos or 0
    found = repr(text[at : at + 20].partition("\n")[0]) if at < len(text) else "the end"
    return f"character {at + 1}: found {found}, expected {_in_words(set(error.accepts or error.expected))}"


_HINTS = {
    '"': "text stands in 'single quotes', a column's name in `back-quotes`",
    "'": "this text has no closing quote",
    "`": "this name has no closing back-quote",
    "|": "write or, and concat(a, b) to join text",
    "&": "write and",
    "!": "write not, or != for unequal",
}


def _in_words(allowed: set[str]) -> str:
    words = []
    if "NUMBER" in allowed:
        words.append("a value")
    if allowed & _OPERATORS - _VALUES:
        words.append("an operator")
    words += [f"'{sign}'" for name, sign in _OTHERS.items() if name in allowed and not (sign == "(" and words)]
    if "$END" in allowed:
        words.append("the end")
    return " or ".join(words) or "a value"
