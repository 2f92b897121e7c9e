"""Folders that are not wanted any more: removed at once, or told in the log, moved aside, and tried again."""

import contextlib
import os
from pathlib import Path

from filemill import logs
from filemill.sandbox import trees

ASIDE = "left-"
"""How the name of a folder begins that could not be removed."""


def remove(folder: Path, *, seconds: float = trees.MOST_SECONDS) -> bool:
    """Removes a folder -> whether the folder is gone. One that stays has its name changed, and `again` tries again."""
    try:
        trees.remove(folder, seconds=seconds)
    except OSError as error:
        logs.warn("filemill.sandbox.leftovers", "a folder cannot be removed; it is tried again", cause=error)
        if not folder.name.startswith(ASIDE):
            with contextlib.suppress(OSError):
                os.rename(folder, folder.with_name(f"{ASIDE}{folder.name}"))
        return False
    return True


def again(parent: Path) -> None:
    """Tries again to remove the folders of `parent` that could not be removed."""
    with contextlib.suppress(OSError):
        for left in parent.iterdir():
            if left.name.startswith(ASIDE):
                remove(left)
