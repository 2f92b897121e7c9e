"""The step `limit`: keeps the first rows."""

import msgspec

from filemill.engines.tables.table import Table
from filemill.pipelines.steps import Limit

MOST_ROWS = 2**32 - 2
"""Polars counts rows in 32 bits, so no table has more."""


def apply(step: Limit, source: Table, _number: int) -> Table:
    """The table's first `n` rows."""
    if step.n > MOST_ROWS:
        return source
    height = None if source.height is None else min(step.n, source.height)
    return msgspec.structs.replace(source, frame=source.frame.head(step.n), height=height)
