"""What the rules of jobs need at hand in a process: the settings, the store, and the listener where somebody waits."""

import msgspec

from filemill.errors import Unavailable
from filemill.jobs.listener import Listener
from filemill.settings import Settings
from filemill.storage.s3 import Store


class Context(msgspec.Struct, frozen=True):
    """Opened once per process. Only the API has a listener."""

    settings: Settings
    store: Store
    listener: Listener | None = None


_open: list[Context] = []


def open(context: Context) -> None:  # noqa: A001 -- context.open
    """Puts the context at hand."""
    _open[:] = [context]


def close() -> None:
    """Takes it away again."""
    _open.clear()


def get() -> Context:
    """The context of this process. Raises Unavailable before it is open."""
    if not _open:
        raise Unavailable
    return _open[0]
