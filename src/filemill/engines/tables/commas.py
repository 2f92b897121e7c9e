"""Numbers that are written with a comma: in their columns comma and point change places as they are read, and back.

So `1,5` is 1.5 to every step, and a text file that is made of it has every cell as it stood. A point stands between
thousands there: `1.234` is read as `1,234`, of which the commas are taken out where the number is needed.
"""

import polars as pl

from filemill.engines.tables import schema
from filemill.engines.tables.schema import Type

_CHANGE = str.maketrans(",.", ".,")
_GROUPS = r"[1-9][0-9]{0,2}(?:\.[0-9]{3})+"
_NUMBER = rf"^-?(?:[0-9]*,?[0-9]+|{_GROUPS}(?:,[0-9]+)?)$"
_NO_THOUSANDS = r",(?:[0-9]{1,2}|[0-9]{4,})$|\.[0-9]{3},[0-9]+$"
_IN_GROUPS = rf"^-?(?:0|[1-9][0-9]{{0,2}}|{_GROUPS})$"
_GROUPED = r"^-?[1-9][0-9]{0,2}(?:,[0-9]{3})+(?:\.[0-9]+)?$"


def swapped(text: pl.Expr) -> pl.Expr:
    """Text in which comma and point have changed places."""
    return text.str.replace_many([",", "."], [".", ","])


def ungrouped(text: pl.Expr) -> pl.Expr:
    """Such text without the commas between thousands; a comma elsewhere stays, so that the text is no number."""
    return text.map_batches(_ungroup, return_dtype=pl.String(), is_elementwise=True)


def number_of(text: str) -> str:
    """One number as it stands in a file, as it would be written with a point."""
    return str(_ungroup(pl.Series([text.translate(_CHANGE)]))[0])


def kinds_of(sample: pl.DataFrame) -> dict[str, Type]:
    """The columns of which the first rows, read so, are numbers, with their types."""
    found = schema.guess(sample.select(ungrouped(swapped(pl.all()))))
    return {name: kind for name, kind in found.items() if kind and kind not in (schema.TEXT, schema.BOOL)}


def are_used(sample: pl.DataFrame, kinds: dict[str, Type | None]) -> bool:
    """Whether numbers seem to be written so: a column has some that can be nothing else, and none has a point that
    cannot stand between thousands.
    """
    if any(kind == schema.FLOAT and not _are_in_groups(sample[name]) for name, kind in kinds.items()):
        return False
    return any(kind == schema.TEXT and _holds_some(sample[name]) for name, kind in kinds.items())


def in_doubt(sample: pl.DataFrame, kinds: dict[str, Type | None]) -> list[str]:
    """The columns of fractions whose points may stand between thousands, one and all."""
    return [name for name, kind in kinds.items() if kind == schema.FLOAT and _are_in_groups(sample[name])]


def _are_in_groups(values: pl.Series) -> bool:
    values = values.filter(values != "")
    # One look at the first value spares the pattern for most columns.
    return bool(values.head(1).str.contains(_IN_GROUPS).all() and values.str.contains(_IN_GROUPS).all())


def _holds_some(values: pl.Series) -> bool:
    values = values.filter(values != "")
    if values.is_empty() or not values.head(1).str.contains(_NUMBER).all():
        return False
    return bool(values.str.contains(_NUMBER).all() and values.str.contains(_NO_THOUSANDS).any())


def _ungroup(text: pl.Series) -> pl.Series:
    grouped = text.str.contains(_GROUPED).arg_true()
    if grouped.is_empty():
        return text
    return text.scatter(grouped, text.gather(grouped).str.replace_all(",", "", literal=True))
