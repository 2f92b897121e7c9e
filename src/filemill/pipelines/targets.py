"""Checks that the format of a `convert_format` exists, and that the format takes the given options."""

from collections.abc import Mapping
from typing import Protocol

from filemill.errors import Impossible
from filemill.pipelines import spelling
from filemill.pipelines.formats import COMPRESSIONS, Format

MOST_ROWS_IN_A_GROUP = 10_000_000
"""Most rows of a row group. The writer holds the columns of a row group in memory."""


class Target(Protocol):
    """The fields of `steps.ConvertFormat`."""

    @property
    def to_format(self) -> str:
        """The format's name."""
        ...

    @property
    def delimiter(self) -> str | None:
        """The character between two cells."""
        ...

    @property
    def compression(self) -> str | None:
        """The compression inside the format."""
        ...

    @property
    def row_group_size(self) -> int | None:
        """Rows of a row group."""
        ...


def check(where: str, step: Target, formats: Mapping[str, Format]) -> None:
    """Refuses a format that is not in `formats` or only read, an option the format lacks, or an impossible value.

    Raises Impossible.
    """
    target = formats.get(step.to_format)
    if target is None or not target.is_written:
        why = "is not one of" if target is None else "can only be read; a table can be written as one of"
        written = [name for name, one in formats.items() if one.is_written]
        hint = "" if target else spelling.hint(step.to_format, written)
        raise Impossible(f"{where}: to_format {step.to_format[:40]!r}{hint} {why} {', '.join(written)}.")
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
    """Whether a text can separate cells."""
    return len(sign) == 1 and sign.isascii() and sign not in '\0\r\n"'
