"""The first look at a file: is it what its name says, does it hide a bomb, is it locked? Before any program reads it.

Each kind of file has its own checks in a file of its own; all of them read little and take milliseconds.
"""

from collections.abc import Callable
from pathlib import Path

from filemill.engines.documents import archives, compound_files, pdfium, pictures, texts, trouble
from filemill.engines.documents.task import Task

_HEAD = 4096
_RTF = b"{\\rtf"

_CHECKS: tuple[tuple[frozenset[str], Callable[[Path, Task], object]], ...] = (
    (frozenset(compound_files.MAIN_STREAMS), compound_files.check),
    (frozenset(pictures.FORMATS), pictures.check),
    (frozenset({"pdf"}), pdfium.check),
    (frozenset({"txt", "md", "html", "csv", "svg"}), texts.check),
)


def inspect(source: Path, task: Task) -> int:
    """Refuses what no program should see -> the bytes of the pictures inside it, unpacked. Raises JobFailed."""
    with source.open("rb") as file:
        head = file.read(_HEAD)
    if not head:
        raise trouble.bad_file(task.file, "The file is empty.")
    kind = task.file.format
    if kind in archives.KINDS:
        if head.startswith(compound_files.SIGNATURE):
            raise compound_files.instead_of_archive(source, task)
        return archives.check(source, task)
    if kind == "rtf" and not head.startswith(_RTF):
        raise trouble.not_a(task.file)
    for kinds, check in _CHECKS:
        if kind in kinds:
            check(source, task)
    return 0
