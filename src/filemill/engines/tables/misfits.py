"""Notes of the rows that a plan meets and a run could not use: of each step the first one, worded as the run would."""

from threading import Lock

import polars as pl

from filemill.engines.tables import trouble

_FILE = 0
"""The place of damage to the file itself, before the first step."""


class Misfits:
    """Takes rows. Without `is_told` they are only taken: a run that collects them would go on."""

    def __init__(self, *, is_told: bool) -> None:
        self._is_told = is_told
        self._lock = Lock()
        self._first: dict[int | None, tuple[int, str]] = {}

    def take(self, rows: pl.DataFrame, step: int | None) -> None:
        """Takes rows with the columns of `bad_rows.COLUMNS`, in any order of calls."""
        if not self._is_told:
            return
        row = rows.sort("row", nulls_last=True).row(0, named=True)
        place = _FILE if row["column"] is None else step
        number = row["row"] if row["row"] is not None else 0
        with self._lock:
            if place not in self._first or number < self._first[place][0]:
                self._first[place] = (number, _sentence(row))

    def sentences(self, output: int) -> dict[int, str]:
        """One for each step by its number; what the output cannot use stands under `output`."""
        return {output if place is None else place: sentence for place, (_, sentence) in self._first.items()}


def _sentence(row: dict[str, object]) -> str:
    file, number, column, value, reason = (row[name] for name in ("file", "row", "column", "value", "reason"))
    if column is None:
        return f"{file}, row {number}: {reason}"
    if number is None:
        return trouble.bad_result(str(column), value, str(reason)).message
    return trouble.bad_value(str(file), int(str(number)), str(column), value, str(reason)).message
