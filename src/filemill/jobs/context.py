"""The context of a process for the rules of jobs: the settings, the store, and the API's listener."""

import msgspec

from filemill.errors import Unavailable
from filemill.jobs.listener import Listener
from filemill.settings import Settings
from filemill.storage.s3 import Store


class Context(msgspec.Struct, frozen=True):
    """The context, opened once per process. Only the API has a listener."""

    settings: Settings
    store: Store
    listener: Listener | None = None


_open: list[Context] = []


def open(context: Context) -> None:  # noqa: A001 -- context.open
    """Sets the context of this process."""
    _open[:] = [context]


def close() -> None:
    """Unsets the context of this process."""
    _open.clear()


def get() -> Context:
    """The context of this process. Raises Unavailable before `open`."""
    if not _open:
        raise Unavailable
    return _open[0]
