"""Ranges of cells of a sheet, and which cells lie in them."""

import re
from collections.abc import Iterable

Range = tuple[int, int, int, int]
"""Left, top, right and bottom, counted from 0."""

_PLACE = re.compile(r"([A-Z]{1,3})(\d+)")


class Ranges:
    """Ranges by their columns: a cell is looked for among those of its own alone."""

    def __init__(self, ranges: Iterable[Range]) -> None:
        self._rows: dict[int, list[tuple[int, int]]] = {}
        for left, top, right, bottom in ranges:
            for column in range(left, right + 1):
                self._rows.setdefault(column, []).append((top, bottom))

    def hold(self, column: int, row: int) -> bool:
        """Whether a cell lies in one of them."""
        return any(top <= row <= bottom for top, bottom in self._rows.get(column, ()))


def column_of(place: str) -> int:
    """`AB12` -> 27. Raises ValueError."""
    found = _PLACE.fullmatch(place)
    if found is None:
        raise ValueError(place)
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - ord("A") + 1
    return column - 1
