"""The context of a process for the rules of jobs: the settings, the store, and the API's listener."""

import msgspec

from filemill.errors import Unavailable
from filemill.jobs.listener import Listener
from filemill.settings import Settings
from filemill.storage.disk import Disks
from filemill.storage.s3 import Store


class Context(msgspec.Struct, frozen=True):
    """The context, opened once per process. Only the API has a listener, and knows the disks that files go to."""

    settings: Settings
    store: Store
    listener: Listener | None = None
    disks: Disks | None = None

    def want_room(self) -> None:
        """Raises NoRoom while too little of a disk is free to take anything in."""
        if self.disks is not None:
            self.disks.want_room()


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
