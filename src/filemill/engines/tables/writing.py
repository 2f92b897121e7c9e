"""Sends the last table off: typed where the format is, as text where it is not, and nothing altered on the way."""

from collections.abc import Callable

import msgspec
import polars as pl

from filemill.engines.tables import schema, store
from filemill.engines.tables.schema import Type
from filemill.engines.tables.table import MARK, ROW, Column, Table
from filemill.errors import JobFailed
from filemill.jobs.formats import FORMATS, Format
from filemill.jobs.run import OutputFile, StoreAccess

_TYPED = ("parquet", "ndjson")
_NESTED = ("list", "struct", "binary", "duration", "unknown")


class Misfit(Exception):  # noqa: N818
    """A marked row, or a value that does not take its column's type, has arrived at the end."""
