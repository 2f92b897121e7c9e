"""The names of an archive's entries: how long and how deep they may be, whichever engine reads the archive.

An entry may become a file of its name while a program works on the archive. Folders in one another without a bound
make paths that no program can open, or remove.
"""

from collections.abc import Iterable

from filemill.pipelines import file_names

LONGEST = file_names.LONGEST
"""Bytes of a whole name, in UTF-8: what most file systems take for a single part of it."""

DEEPEST = 32
"""Parts of a name: an entry of 32 parts lies in 31 folders."""


def trouble(names: Iterable[str]) -> str | None:
    """One sentence on the first name that is too long or too deep; None where all are fine."""
    for name in names:
        length, depth = len(name.encode(errors="replace")), sum(map(bool, name.replace("\\", "/").split("/")))
        if length > LONGEST:
            return f"A part of it has a name of {length:,} bytes; {LONGEST} are allowed. Save it with shorter names."
        if depth > DEEPEST:
            return f"A part of it lies {depth:,} levels deep; {DEEPEST} are allowed. Save it with fewer folders."
    return None
