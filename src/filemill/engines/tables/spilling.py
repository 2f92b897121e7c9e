"""Lets Polars put on disk what its sorts and groups have gathered beyond a part of a job's memory.

It writes below the folder for temporary files, which is the job's own, and takes away what it has written. What it may
gather before is a quarter of the job's memory: the rest is for the pieces on their way, and for what must stay.
"""

import os
import tempfile

import polars as pl

from filemill.errors import JobFailed
from filemill.pipelines import fullness
from filemill.pipelines.run import Run

_PART = 4
_TOO_MUCH = "out-of-core disk budget"


def allow(run: Run) -> None:
    """Sets the limits of one run. Polars is told by the environment, and reads it again."""
    told = {
        "POLARS_OOC_MEMORY_BUDGET_MB": str(max(run.memory_mb // _PART, 1)),
        "POLARS_OOC_DISK_BUDGET_MB": str(max(run.disk_mb, 1)),
        "POLARS_OOC_SPILL_DIR": tempfile.gettempdir(),
    }
    if any(os.environ.get(name) != value for name, value in told.items()):
        os.environ.update(told)
        pl.Config.reload_env_vars()


def of_polars(error: BaseException, run: Run) -> JobFailed | None:
    """What an error of Polars says of the disk, if anything; whoever watches puts the step in front."""
    text = str(error).lower()
    if _TOO_MUCH in text:
        return JobFailed(
            "too_much_memory",
            f"needs more than {run.memory_mb} MB of memory and {run.disk_mb} MB of disk, and no job may have more.",
        )
    return fullness.failure() if fullness.is_behind(error) else None
