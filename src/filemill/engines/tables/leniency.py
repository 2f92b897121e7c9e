"""Has Polars read types that it has no type for, where it would else panic or guess: the readers know what they are.

A zone that is not in its database stays a name, an interval becomes a struct. What each of them becomes is decided in
`readers/foreign.py`; no other room ever meets one.
"""

import os

import polars as pl

_TOLD = {
    "POLARS_IGNORE_TIMEZONE_PARSE_ERROR": "1",
    "POLARS_IMPORT_INTERVAL_AS_STRUCT": "1",
}


def allow() -> None:
    """Sets it for this process, once. Polars is told by the environment, and reads it again."""
    os.environ.update(_TOLD)
    pl.Config.reload_env_vars()
