"""Finds marks such as `nan` and `NA` that make text of a column of numbers, so that the column's type is not lost in
silence.
"""

from collections.abc import Iterator

import polars as pl

from filemill.engines.tables import schema
from filemill.engines.tables.schema import Type

_NO_NUMBERS = ("nan", "inf", "infinity", "1.#inf", "1.#ind", "1.#qnan")
_NO_VALUES = ("na", "n/a", "#n/a", "null", "none", "nil", "\\n", "-", "--", ".", "?")
_MARKS = frozenset(sign + mark for mark in _NO_NUMBERS for sign in ("", "-", "+")).union(_NO_VALUES)
"""What programs write for a number that is none, and for no value, in small letters."""


def found(sample: pl.DataFrame, kinds: dict[str, Type | None]) -> Iterator[tuple[str, str, str]]:
    """Of each column of text that has nothing but numbers beside marks: its name, the numbers' type, and the marks."""
    for name, kind in kinds.items():
        if kind != schema.TEXT:
            continue
        # One look at the first value spares most columns the rest, which takes some queries.
        first = next(filter(None, sample[name]))
        if first.lower() not in _MARKS and not schema.is_number(first):
            continue
        values = sample[name].filter(sample[name] != "")
        marked = values.str.to_lowercase().is_in(_MARKS)
        if not marked.any() or marked.all():
            continue
        numbers = schema.guess(values.filter(~marked).to_frame("numbers"))["numbers"]
        if numbers and numbers not in (schema.TEXT, schema.BOOL):
            marks = values.filter(marked).unique(maintain_order=True).head(3)
            yield name, numbers.name, ", ".join(map(repr, marks))
