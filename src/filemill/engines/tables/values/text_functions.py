"""The functions on text: characters are counted, not bytes, and from 1; null in, null out."""

from collections.abc import Callable

import polars as pl

from filemill.engines.tables import schema
from filemill.engines.tables.values import operands
from filemill.engines.tables.values.bench import Bench
from filemill.engines.tables.values.operands import Operand

_WHOLE_NUMBERS = {"substring": (1, 2), "left": (1,), "right": (1,), "pad_left": (1,), "pad_right": (1,)}

NAMES = (
    "upper", "lower", "trim", "length", "substring", "left", "right", "concat", "replace", "contains", "starts_with",
    "ends_with", "pad_left", "pad_right",
)  # fmt: skip

_GIVES = {"length": schema.INT, **dict.fromkeys(("contains", "starts_with", "ends_with"), schema.BOOL)}


def call(bench: Bench, name: str, arguments: list[Operand], whole: str) -> Operand:
    """One of these functions. Raises JobFailed where an argument has another type than it needs."""
    numbers = _WHOLE_NUMBERS.get(name, ())
    values = [
        operands.must_be(bench, argument, schema.INT if at in numbers else schema.TEXT, whole)
        for at, argument in enumerate(arguments)
    ]
    value = _padded(name, values[0], arguments) if name.startswith("pad_") else _PLAIN[name](*values)
    # Polars would give something for a null among the others.
    missing = pl.any_horizontal([one.is_null() for one in values])
    return Operand(bench.keep(pl.when(~missing).then(value)), _GIVES.get(name, schema.TEXT), whole)


def _replaced(text: pl.Expr, part: pl.Expr, other: pl.Expr) -> pl.Expr:
    """Taken apart and joined: a part that differs from row to row cannot be replaced otherwise."""
    return pl.when(part == "").then(text).otherwise(text.str.split(part).list.join(other))


def _substring(text: pl.Expr, start: pl.Expr, length: pl.Expr | None = None) -> pl.Expr:
    if length is None:
        return pl.when(start >= 1).then(text.str.slice(start - 1))
    return pl.when((start >= 1) & (length >= 0)).then(text.str.slice(start - 1, pl.max_horizontal(length, 0)))


_PLAIN: dict[str, Callable[..., pl.Expr]] = {
    "upper": lambda text: text.str.to_uppercase(),
    "lower": lambda text: text.str.to_lowercase(),
    "trim": lambda text: text.str.strip_chars(),
    "length": lambda text: text.str.len_chars().cast(pl.Int64),
    "substring": _substring,
    "left": lambda text, n: _substring(text, pl.lit(1, dtype=pl.Int64), n),
    "right": lambda text, n: pl.when(n >= 0).then(text.str.tail(pl.max_horizontal(n, 0))),
    "concat": pl.concat_str,
    "replace": _replaced,
    "contains": lambda text, part: text.str.contains(part, literal=True),
    "starts_with": lambda text, part: text.str.starts_with(part),
    "ends_with": lambda text, part: text.str.ends_with(part),
}


def _padded(name: str, text: pl.Expr, arguments: list[Operand]) -> pl.Expr:
    length, character = arguments[1].constant, arguments[2].constant
    assert isinstance(length, int)
    assert isinstance(character, str)
    return text.str.pad_start(length, character) if name == "pad_left" else text.str.pad_end(length, character)
