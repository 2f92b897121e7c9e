"""The step `limit`: keeps the first rows."""

import msgspec

from filemill.engines.tables.table import Table
from filemill.jobs.steps import Limit


def apply(step: Limit, source: Table) -> Table:
    """The table's first `n` rows."""
    return msgspec.structs.replace(source, frame=source.frame.head(step.n), whole=False)
