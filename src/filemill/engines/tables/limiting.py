"""The step `limit`: keeps the first rows."""

import msgspec

from filemill.engines.tables.table import Table
from filemill.jobs.steps import Limit


def apply(step: Limit, source: Table) -> Table:
    """The table's first `n` rows."""
    height = None if source.height is None else min(step.n, source.height)
    return msgspec.structs.replace(source, frame=source.frame.head(step.n), height=height)
