"""Which engine works in which lane, and the settings its libraries read when they are imported."""

import importlib
import os

from filemill.pipelines.run import Engine

ENGINES = {
    "tables": "filemill.engines.tables.engine:Tables",
    "documents": "filemill.engines.documents.engine:Documents",
}
"""Lane -> engine. Imported by name, so that only the child of that lane loads it."""

ENVIRONMENT: dict[str, dict[str, str]] = {
    "tables": {
        # A job's memory limit counts what is reserved, used or not: Arrow's own allocator reserves a gigabyte at its
        # first request, Polars' keeps what it has given back.
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "_RJEM_MALLOC_CONF": "retain:false",
    },
}
"""Lane -> what is set in the environment before the engine is imported."""


def load(lane: str) -> Engine:
    """The engine of a lane, loaded."""
    os.environ.update(ENVIRONMENT.get(lane, {}))
    module, _, name = ENGINES[lane].partition(":")
    engine: Engine = getattr(importlib.import_module(module), name)()
    return engine
