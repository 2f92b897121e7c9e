"""Says why a value is none of its column's, and which step before would take it: the ends of sentences."""

import json
import math
import re
from collections.abc import Callable
from decimal import Decimal

from filemill.engines.tables import commas, floats, schema
from filemill.engines.tables.schema import Type

Reason = Callable[[str], str]
"""From a value, as it stood, to the end of the sentence that begins with the value."""

_WHOLE = re.compile(r"-?[0-9]{1,38}")
_DECIMAL = re.compile(rf"-?[0-9]{{1,28}}(?:\.[0-9]{{1,{schema.PLACES}}})?")
_LONGEST_WHOLE = 10**38

_CALLED: dict[type, str] = {
    str: "a text",
    bool: "a boolean",
    int: "a number",
    Decimal: "a number",
    list: "a list",
    dict: "an object",
}


def of_text(kind: Type, needs: str, *, swapped: bool) -> Reason:
    """Of a cell of text; `needs` is who needs it typed, `swapped` whether numbers have a decimal comma."""

    def reason(text: str) -> str:
        target = _cast_of(commas.number_of(text) if swapped else text, kind)
        return f"is no value of the column's type, {kind.name}, which {needs} needs; {_cast_to(target)}"

    return reason


def of_json(kind: Type, needs: str) -> Reason:
    """Of a value under a key of JSON, given as JSON."""

    def reason(raw: str) -> str:
        # Python converts no text of some thousand digits; the first hundred tell enough.
        value = json.loads(raw, parse_float=floats.number_of, parse_int=lambda digits: int(digits[:100]))
        if isinstance(value, Decimal) and math.isinf(float(value)):
            return f"is a number beyond what a float holds, and {needs} needs it; {_way_out(kind)}"
        if isinstance(value, int | Decimal) and _is_long(value, kind):
            more = (
                "a float gives back" if kind == schema.FLOAT or isinstance(value, Decimal) else "any number here holds"
            )
            is_for_decimal = kind in (schema.FLOAT, schema.TEXT) and _DECIMAL.fullmatch(raw)
            target = "decimal" if is_for_decimal else "text"
            return f"has more digits than {more}, and {needs} needs it; {_way_out(kind, target)}"
        called = _CALLED[type(value)]
        if isinstance(value, list | dict) or kind.name in ("list", "struct"):
            return (
                f"is {called} that does not go together with the column's other values, and {needs} needs it as"
                f" {kind.name}; {_way_out(kind)}"
            )
        return f"is {called} and no value of the column's type, {kind.name}, which {needs} needs; {_way_out(kind)}"

    return reason


def _is_long(value: int | Decimal, kind: Type) -> bool:
    """Whether a number has digits that its column's type has no room for."""
    if isinstance(value, Decimal):
        return not floats.gives_back(float(value), value)
    return abs(value) >= _LONGEST_WHOLE or (kind == schema.FLOAT and not isinstance(value, bool))


def _way_out(kind: Type, target: str = "text") -> str:
    if kind.name in ("list", "struct"):
        return "leave the column out before (drop)."
    return _cast_to(target)


def _cast_of(text: str, kind: Type) -> str:
    if kind == schema.INT and _WHOLE.fullmatch(text) and not text.startswith(("0", "-0")):
        return "decimal"
    return "float" if kind == schema.INT and schema.is_number(text) else "text"


def _cast_to(target: str) -> str:
    return f"cast the column to {target} before."
