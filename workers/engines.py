"""The engine of each lane, and the environment that the engine's libraries read at their import."""

import importlib
import os

from filemill.pipelines.run import Engine

ENGINES = {
    "tables": "filemill.engines.tables.engine:Tables",
    "documents": "filemill.engines.documents.engine:Documents",
}
"""Lane -> engine. `load` imports the engine by name, so only a child of the lane loads the engine."""

ENVIRONMENT: dict[str, dict[str, str]] = {
    "tables": {
        # A job's memory limit counts reserved memory, used or not: Arrow's own allocator reserves a gigabyte at its
        # first request, and the allocator of Polars keeps freed memory.
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "_RJEM_MALLOC_CONF": "retain:false",
    },
}
"""Lane -> the variables that `load` sets before the import of the engine."""


def load(lane: str) -> Engine:
    """Imports and makes the engine of a lane."""
    os.environ.update(ENVIRONMENT.get(lane, {}))
    module, _, name = ENGINES[lane].partition(":")
    engine: Engine = getattr(importlib.import_module(module), name)()
    return engine
