"""Typed columns as text, for formats that have no type of their own for them, and what their values must be."""

import polars as pl

from filemill.engines.tables.table import Check, Column
from filemill.engines.tables.values import converting, moments

TYPES = ("date", "datetime", "time", "duration", "binary")
"""What is text also in formats that have numbers and booleans."""


def value_of(name: str, column: Column, target: str) -> tuple[pl.Expr, Check | None]:
    """A column as text in a form that is read back as the same value, and the check that each value has one."""
    own, kind = pl.col(column.at), column.type
    text = converting.as_text(own, kind).alias(name)
    if kind.name == "binary":
        what = (
            f"is no text in UTF-8, and {target} carries no bytes; make text of them before with encode(..., 'base64')."
        )
        return text, Check(None, name, text.is_null() & own.is_not_null(), own, what)
    return text, within_the_calendar(name, column, target)


def within_the_calendar(name: str, column: Column, target: str) -> Check | None:
    """That days and moments have a date in the calendar; None for all other types."""
    own = pl.col(column.at)
    beyond = moments.is_beyond(own, column.type.dtype)
    what = f"lies beyond the calendar, so that {target} cannot carry it."
    return None if beyond is None else Check(None, name, beyond.fill_null(False), own, what)
