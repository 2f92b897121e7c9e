"""What a benchmark is told and gives back, and how figures are printed."""

import os
import platform
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
import psutil

CACHE = Path("~/.cache/filemill/benchmarks")


class Options(msgspec.Struct, frozen=True):
    """What can be chosen: where large files are kept, their size in GB, the object store, and less of everything."""

    data: Path = CACHE
    gigabytes: float = 1.6
    store: Literal["minio", "seaweedfs"] | None = None
    is_brief: bool = False


class Figure(msgspec.Struct, frozen=True):
    """One line of the table at the end: what was measured, what came out, what was aimed at."""

    what: str
    value: str
    aim: str = ""


def machine() -> str:
    """The machine in a few words."""
    memory = round(psutil.virtual_memory().total / 2**30)
    try:
        system = platform.freedesktop_os_release()["PRETTY_NAME"]
    except OSError:
        system = platform.system()
    return f"{os.cpu_count()} cores, {memory} GiB, {system}, Python {platform.python_version()}"


def say(*sentences: str) -> None:
    """Prints at once, also into a pipe."""
    for sentence in sentences:
        print(sentence, flush=True)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints a table that is Markdown too."""
    widths = [max(len(row[at]) for row in (head, *rows)) for at in range(len(head))]
    for row in (head, ["-" * width for width in widths], *rows):
        say("| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |")
