"""The types of columns under our own names, and how a column of text is typed without losing anything.

A text column takes its type from its first 10,000 rows. It is a number or a boolean only where every value there
survives the typing: leading zeros, a plus sign, exponents without a decimal point (`1E5`), fractions of more than 15
digits, dates and markers such as `NA` all leave it text. An empty cell is null and fits every type.
"""

import msgspec
import polars as pl

SAMPLE_ROWS = 10_000
"""So many rows decide on the types of a text column."""

_CELLS_AT_ONCE = 1_000_000

_INTEGER = r"^(?:0|-?[1-9][0-9]*)$"
_NUMBER = r"^(?:0|-?[1-9][0-9]*|-?(?:0|[1-9][0-9]*)?\.[0-9]+(?:[eE][+-]?[0-9]+)?)$"

_MOST_DIGITS = 15
"""A double carries any decimal number of so many significant digits and gives back the same."""

_MOST_DECIMAL_DIGITS = 38


class Type(msgspec.Struct, frozen=True):
    """A column's type: our name for it, and Polars' own."""

    name: str
    dtype: pl.DataType


INT = Type("int", pl.Int64())
BIG_INT = Type("decimal", pl.Decimal(_MOST_DECIMAL_DIGITS, 0))
FLOAT = Type("float", pl.Float64())
BOOL = Type("bool", pl.Boolean())
TEXT = Type("text", pl.String())

_BY_LIKING = (BOOL, INT, BIG_INT, FLOAT)

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
    pl.Null: "null",
}


def type_of(dtype: pl.DataType) -> Type:
    """The type of a column that is typed already."""
    if dtype.is_integer():
        return Type("int", dtype)
    if dtype.is_float():
        return Type("float", dtype)
    return Type(_NAMES.get(dtype.base_type(), "unknown"), dtype)


def guess(sample: pl.DataFrame) -> dict[str, Type | None]:
    """The types of text columns by their first rows; None where those hold no value at all."""
    types: dict[str, Type | None] = dict.fromkeys(sample.columns)
    at_once = max(_CELLS_AT_ONCE // max(sample.height, 1), 1)
    for start in range(0, sample.width, at_once):
        types.update(_guess_at_once(sample.select(sample.columns[start : start + at_once])))
    return types


def _guess_at_once(sample: pl.DataFrame) -> dict[str, Type]:
    # One long column instead of many short ones: an expression costs more than a value.
    text = pl.col("text")
    cells = sample.unpivot(variable_name="column", value_name="text").filter(text != "")
    misfits = cells.select(
        "column", *(misfit(text, typed(text, kind), kind).alias(str(n)) for n, kind in enumerate(_BY_LIKING))
    )
    rows = misfits.group_by("column").agg(pl.all().any()).iter_rows()
    return {
        name: next((kind for kind, bad in zip(_BY_LIKING, any_bad, strict=True) if not bad), TEXT)
        for name, *any_bad in rows
    }


def fits(value: str, kind: Type) -> bool:
    """Whether one value survives being typed."""
    text = pl.lit(value)
    return not pl.select(misfit(text, typed(text, kind), kind)).item()


def typed(text: pl.Expr, kind: Type) -> pl.Expr:
    """Text -> the value it stands for. Gives null for an empty cell, and for what is not of that type."""
    if kind == TEXT:
        return pl.when(text != "").then(text)
    if kind == BOOL:
        return pl.when(text == "true").then(True).when(text == "false").then(False)
    return text.cast(kind.dtype, strict=False)


def misfit(text: pl.Expr, value: pl.Expr, kind: Type) -> pl.Expr:
    """Whether `value`, typed from `text`, is not what stood there; never null.

    Text is compared as text first, since that costs a tenth of a pattern: what begins with a digit from 1 to 9 and
    became an integer has lost nothing.
    """
    if kind == TEXT:
        return pl.lit(False)
    bad = value.is_null()
    if kind in (INT, BIG_INT):
        bad = bad | _is_odd_start(text)
        if kind == BIG_INT:
            bad = bad | ~text.str.contains(_INTEGER)
    elif kind == FLOAT:
        nothing = pl.when(value == 0.0).then(text).str.contains("[1-9].*[eE]").fill_null(False)
        bad = bad | value.is_infinite() | nothing | ~text.str.contains(_NUMBER) | _has_too_many_digits(text)
    return ((text != "") & bad).fill_null(False)


def _is_odd_start(text: pl.Expr) -> pl.Expr:
    """Whether an integer is written in another way than we would write it: `007`, `+5`, `-0`."""
    return (text < "1") & (text != "0") & ~text.is_between(pl.lit("-1"), pl.lit("-:"), closed="left")


def _has_too_many_digits(text: pl.Expr) -> pl.Expr:
    # Patterns cost, nulls do not: only what is long enough to hold so many digits is looked at.
    digits = (
        pl.when(text.str.len_bytes() > _MOST_DIGITS)
        .then(text)
        .str.replace("[eE].*$", "")
        .str.replace(r"(\.[0-9]*?)0+$", "$1")
        .str.replace_all(r"[-.]", "")
        .str.strip_chars_start("0")
        .str.len_bytes()
    )
    return (digits > _MOST_DIGITS).fill_null(False)
