"""Weighs the folder of a child at work: bytes on disk, files, depth, with bounds on what a look itself may take."""

import contextlib
import os
from pathlib import Path
from typing import NamedTuple

MOST_FILES = 50_000
"""Most files and folders of a child. An engine makes the most of a document of 20,000 parts, a file for each."""

DEEPEST = 64
"""Most folders in one another. LibreOffice's profile has ten."""

_LISTED = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Weight(NamedTuple):
    """What a folder holds: MiB on disk, the number of files and folders, the depth of the deepest folder.

    A look ends where it has seen more than `MOST_FILES` or `DEEPEST`. The numbers then tell what it has seen.
    `is_shut`: whether a folder let nobody look into it, so that nobody knows what it holds.
    """

    mb: int
    files: int
    depth: int
    is_shut: bool = False


def weigh(folder: Path) -> Weight:
    """Weighs a folder. A file that vanishes meanwhile counts as nothing; no link is followed."""
    blocks = files = deepest = 0
    is_shut = False
    way: list[tuple[int, list[str]]] = []  # the open folders down to the one at hand, each with its unseen folders
    try:
        name, within = str(folder), None
        while True:
            try:
                place = os.open(name, _LISTED, dir_fd=within)
                way.append((place, []))
                more_blocks, more_files = _list(*way[-1], MOST_FILES - files)
                blocks, files, deepest = blocks + more_blocks, files + more_files, max(deepest, len(way) - 1)
            except PermissionError:
                is_shut = True
            except OSError:  # it has vanished
                pass
            while way and not way[-1][1]:
                os.close(way.pop()[0])
            if not way or files > MOST_FILES or deepest > DEEPEST:
                return Weight(blocks * 512 >> 20, files, deepest, is_shut)
            within, unseen = way[-1]
            name = unseen.pop()
    finally:
        for place, _ in way:
            os.close(place)


def _list(place: int, folders: list[str], most: int) -> tuple[int, int]:
    """The blocks and the number of a folder's entries, up to one beyond `most`; `folders` gets the names of folders."""
    blocks = count = 0
    with os.scandir(place) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):
                blocks += entry.stat(follow_symlinks=False).st_blocks
                count += 1
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.name)
            if count > most:
                break
    return blocks, count
