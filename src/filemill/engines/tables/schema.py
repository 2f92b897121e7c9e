"""The types of columns under our own names, and how a column of text is typed without losing anything.

A text column takes its type from its first 10,000 rows. It is a number or a boolean only where every value there
survives the typing: leading zeros, a plus sign, exponents that may be a code (`1E5`), fractions of which a float does
not give the digits back, dates and markers such as `NA` all leave it text. An empty cell is null and fits every type.
"""

import re

import msgspec
import polars as pl

from filemill.engines.tables import floats

SAMPLE_ROWS = 10_000
"""So many rows decide on the types of a text column."""

_INTEGER = r"^(?:0|-?[1-9][0-9]*)$"
_WHOLE = "(?:0|[1-9][0-9]*)"
_NUMBER = rf"^-?(?:{_WHOLE}(?:e[+-][0-9]+|E[+-][0-9]{{2,}})?|{_WHOLE}?\.[0-9]+(?:[eE][+-]?[0-9]+)?)$"
"""Floats as Python, C, Java and JavaScript write them: of a number without a point the exponent has a sign."""

_FRACTION = ".eE"
_FIRST = 10

_NEGATIVE = ("-1", "-:")
"""Between these is the text of every negative integer: a colon follows upon 9."""

_PLAIN_NUMBER = r"^(?:0|-?[1-9][0-9]{0,7}|-?(?:0|[1-9][0-9]{0,7})\.[0-9]{1,7})$"
"""At most 15 digits and no exponent: a float gives them back."""

MOST_DECIMAL_DIGITS = 38

PLACES = 10
"""Digits behind the point of a decimal that is made from text or a float, where nothing else is said."""

_CELLS = 1_000_000
"""So many values are looked at together when types are guessed."""


class Type(msgspec.Struct, frozen=True):
    """A column's type: our name for it, and Polars' own.

    `offset`: the minutes that the text of moments is ahead of UTC, where a file gives its zone so.
    """

    name: str
    dtype: pl.DataType
    offset: int = 0


INT = Type("int", pl.Int64())
BIG_INT = Type("decimal", pl.Decimal(MOST_DECIMAL_DIGITS, 0))
FLOAT = Type("float", pl.Float64())
BOOL = Type("bool", pl.Boolean())
TEXT = Type("text", pl.String())
BYTES = Type("binary", pl.Binary())

_NAMES: dict[type[pl.DataType], str] = {
    pl.Decimal: "decimal",
    pl.String: "text",
    pl.Categorical: "text",
    pl.Enum: "text",
    pl.Boolean: "bool",
    pl.Date: "date",
    pl.Datetime: "datetime",
    pl.Time: "time",
    pl.Duration: "duration",
    pl.Binary: "binary",
    pl.List: "list",
    pl.Array: "list",
    pl.Struct: "struct",
    pl.Map: "map",
    pl.Null: "null",
}


def type_of(dtype: pl.DataType) -> Type:
    """The type of a column that is typed already."""
    if dtype.is_integer():
        return Type("int", dtype)
    if dtype.is_float():
        return Type("float", dtype)
    return Type(_NAMES.get(dtype.base_type(), "unknown"), dtype)


def scale_of(kind: Type) -> int:
    """Digits behind the point; 0 for whole numbers."""
    return kind.dtype.scale if isinstance(kind.dtype, pl.Decimal) else 0


def guess(sample: pl.DataFrame) -> dict[str, Type | None]:
    """The types of columns of text by their first rows; None for those that hold no value at all."""
    found = {column.name: _without_patterns(column) for column in sample}
    left = [name for name, kind in found.items() if kind == FLOAT]
    for kind in (INT, BIG_INT, FLOAT):
        odd = _with_misfit(sample, left, kind)
        if kind == FLOAT:  # Whole numbers that no type holds, or that lose a sign, are none.
            odd |= {name for name in left if not _has_fraction(sample[name])}
        found |= {name: TEXT if name in odd else kind for name in left}
        left = [name for name in left if name in odd]
    return found


def _has_fraction(numbers: pl.Series) -> bool:
    """Whether one of them has a point or an exponent; mostly one of the first has, which needs no query."""
    if any(set(_FRACTION).intersection(number or "") for number in numbers.head(_FIRST)):
        return True
    return bool(numbers.str.contains(f"[{_FRACTION}]").any())


def _with_misfit(sample: pl.DataFrame, names: list[str], kind: Type) -> set[str]:
    """Those of the columns in which a value does not survive being typed so.

    They are laid end to end: patterns cost a column of its own a millisecond, however short it is.
    """
    odd: set[str] = set()
    at_once = max(_CELLS // max(sample.height, 1), 1)
    for start in range(0, len(names), at_once):
        part = names[start : start + at_once]
        text = pl.concat([sample[name].alias("") for name in part], rechunk=True).to_frame("text")
        own = pl.col("text")
        bad = text.select(misfit(own, typed(own, kind), kind)).to_series()
        odd |= {part[number] for number in (bad.arg_true() // sample.height).unique()}
    return odd


def _without_patterns(values: pl.Series) -> Type | None:
    """A first guess: casting is quick, and only what can be cast at all, said to be `FLOAT`, is worth the patterns."""
    values = values.filter(values != "")
    if values.is_empty():
        return None
    if values.cast(pl.Float64, strict=False).null_count():
        return BOOL if ((values == "true") | (values == "false")).all() else TEXT
    return FLOAT


def is_number(text: str) -> bool:
    """Whether a text is a number by our grammar, whatever type would hold it."""
    return re.fullmatch(_NUMBER, text) is not None


def fits(value: str, kind: Type) -> bool:
    """Whether one value survives being typed."""
    text = pl.lit(value)
    return not pl.select(misfit(text, typed(text, kind), kind)).item()


def typed(text: pl.Expr, kind: Type) -> pl.Expr:
    """Text -> the value it stands for. Gives null for an empty cell, and for what is not of that type."""
    if kind == TEXT:
        return text.map_batches(_empty_is_null, return_dtype=pl.String(), is_elementwise=True)
    if kind == BOOL:
        return pl.when(text == "true").then(True).when(text == "false").then(False)
    return text.cast(kind.dtype, strict=False)


def misfit(text: pl.Expr, value: pl.Expr, kind: Type) -> pl.Expr:
    """Whether `value`, typed from `text`, is not what stood there; never null.

    What is cheap is asked of all rows, and what is not of the few that are left in doubt: doing it all for each row
    would cost more than reading it.
    """
    if kind == TEXT:
        return pl.lit(False)
    bad = value.is_null()
    if kind in (INT, BIG_INT):
        bad = bad | text.map_batches(_begins_oddly, return_dtype=pl.Boolean(), is_elementwise=True)
        if kind == BIG_INT:
            bad = bad | ~text.str.contains(_INTEGER)
    elif kind == FLOAT:
        bad = bad | text.map_batches(_is_no_safe_number, return_dtype=pl.Boolean(), is_elementwise=True)
    return ((text != "") & bad).fill_null(False)


def _empty_is_null(text: pl.Series) -> pl.Series:
    """Text as it is, unless an empty cell stood in quotes: `when` and `then` would copy all of it."""
    empty = text == ""
    return text.set(empty, None) if empty.any() else text


def _begins_oddly(text: pl.Series) -> pl.Series:
    """Whether an integer is written in another way than we would write it: `007`, `+5`, `-0`.

    Text is compared as text, a tenth of the cost of a pattern: what begins with a digit from 1 to 9 has lost nothing.
    No query is made for it, which would cost more than the comparing. An empty cell is odd here, and told apart before.
    """
    odd = text < "1"
    if odd.any():
        least, beyond = _NEGATIVE
        odd = odd & (text != "0") & ~((text >= least) & (text < beyond))
    return odd


def _is_no_safe_number(text: pl.Series) -> pl.Series:
    """Whether text is no number by our grammar, or one that a float does not carry. Most are short and plain."""
    doubtful = ~text.str.contains(_PLAIN_NUMBER)
    if not doubtful.any():
        return doubtful
    doubted = text.filter(doubtful)
    bad = (doubted != "") & ~(floats.give_back(doubted) & doubted.str.contains(_NUMBER))
    if not bad.any():
        return pl.Series([False]).new_from_index(0, text.len())
    return doubtful.scatter(doubtful.arg_true(), bad)
