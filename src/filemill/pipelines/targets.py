"""Whether there is the format that `convert_format` names, and whether it takes the options given."""

from collections.abc import Mapping
from typing import Protocol

from filemill.errors import Impossible
from filemill.pipelines.formats import COMPRESSIONS, Format

MOST_ROWS_IN_A_GROUP = 10_000_000
"""Rows of a row group: its columns are in memory while it is written."""


class Target(Protocol):
    """What `steps.ConvertFormat` says."""

    @property
    def to_format(self) -> str:
        """The format's name."""
        ...

    @property
    def delimiter(self) -> str | None:
        """What stands between two cells."""
        ...

    @property
    def compression(self) -> str | None:
        """How the format packs what is in it."""
        ...

    @property
    def row_group_size(self) -> int | None:
        """Rows that are written together."""
        ...


def check(where: str, step: Target, formats: Mapping[str, Format]) -> None:
    """Refuses a format that is none of `formats` or is not written, an option it has not, or a value that cannot be.

    Raises Impossible.
    """
    target = formats.get(step.to_format)
    if target is None or not target.is_written:
        why = "is not one of" if target is None else "can only be read; a table can be written as one of"
        written = ", ".join(name for name, one in formats.items() if one.is_written)
        raise Impossible(f"{where}: to_format {step.to_format[:40]!r} {why} {written}.")
    for option in ("delimiter", "compression", "row_group_size"):
        if getattr(step, option) is not None and option not in target.options:
            taken = f"takes {', '.join(target.options)}" if target.options else "takes no options"
            raise Impossible(f"{where}: {option} means nothing for {target.name}, which {taken}.")
    packings = COMPRESSIONS.get(target.base, ())
    if step.compression is not None and step.compression not in packings:
        raise Impossible(f"{where}: compression {step.compression[:40]!r} is not one of {', '.join(packings)}.")
    if step.row_group_size is not None and not 1 <= step.row_group_size <= MOST_ROWS_IN_A_GROUP:
        raise Impossible(f"{where}: row_group_size must be between 1 and {MOST_ROWS_IN_A_GROUP:,}.")
    if step.delimiter is not None and not is_delimiter(step.delimiter):
        raise Impossible(f"{where}: delimiter must be one ASCII character, no quote and no line end.")


def is_delimiter(sign: str) -> bool:
    """Whether cells can be separated by this."""
    return len(sign) == 1 and sign.isascii() and sign not in '\0\r\n"'
