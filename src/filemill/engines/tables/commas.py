"""Numbers that are written with a comma: in their columns comma and point change places as they are read, and back.

So `1,5` is 1.5 to every step, `1.234` is no number (it might be a thousand and some), and a text file that is made of
it has every cell as it stood.
"""

import polars as pl

from filemill.engines.tables import schema
from filemill.engines.tables.schema import Type

_CHANGE = str.maketrans(",.", ".,")
_NUMBER = r"^-?[0-9]*,?[0-9]+$"
_NO_THOUSANDS = r",(?:[0-9]{1,2}|[0-9]{4,})$"


def swapped(text: pl.Expr) -> pl.Expr:
    """Text in which comma and point have changed places."""
    return text.str.replace_many([",", "."], [".", ","])


def swapped_value(text: str) -> str:
    """The same of one value."""
    return text.translate(_CHANGE)


def kinds_of(sample: pl.DataFrame) -> dict[str, Type]:
    """The columns of which the first rows, read so, are numbers, with their types."""
    found = schema.guess(sample.select(swapped(pl.all())))
    return {name: kind for name, kind in found.items() if kind and kind not in (schema.TEXT, schema.BOOL)}


def are_used(sample: pl.DataFrame, kinds: dict[str, Type | None]) -> bool:
    """Whether numbers seem to be written so: a column has some that can be nothing else, and none has a point."""
    if schema.FLOAT in kinds.values():
        return False
    return any(kind == schema.TEXT and _holds_some(sample[name]) for name, kind in kinds.items())


def _holds_some(values: pl.Series) -> bool:
    values = values.filter(values != "")
    # One look at the first value spares the patterns for most columns.
    if values.is_empty() or not values.head(1).str.contains(_NUMBER).all():
        return False
    return values.str.contains(_NUMBER).all() and values.str.contains(_NO_THOUSANDS).any()
