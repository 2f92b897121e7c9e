"""The typed steps that look at more rows than one, and what of them is impossible; `jobs.steps` lists them.

Each is its own params, flat and frozen, as all steps are.
"""

import msgspec
from msgspec import UNSET, UnsetType

from filemill.errors import Impossible


class Distinct(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Keeps the first of the rows that have the same values in `columns`; without these, in all columns.

    Example: `{"columns": ["name", "city"]}`
    """

    columns: tuple[str, ...] | UnsetType = UNSET


class SortKey(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A column to sort by; from the least value to the greatest unless `descending`."""

    column: str
    descending: bool = False


class Sort(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Puts the rows in order by the first column, equal ones by the second, and so on; nulls come last either way.

    Rows that are equal in all of them keep their order.

    Example: `{"by": [{"column": "country"}, {"column": "age", "descending": true}]}`
    """

    by: tuple[SortKey, ...]


class Sample(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Keeps rows chosen by chance: each with the probability `fraction`, or `n` of them; the same ones for one `seed`.

    Example: `{"fraction": 0.1, "seed": 7}`
    """

    fraction: float | UnsetType = UNSET
    n: int | UnsetType = UNSET
    seed: int = 0


TableStep = Distinct | Sort | Sample


def check(where: str, step: TableStep) -> None:
    """Refuses what is well formed but impossible; `where` is the step. Raises Impossible."""
    match step:
        case Distinct(columns):
            if not isinstance(columns, UnsetType):
                check_columns(where, "columns", columns)
        case Sort(by):
            check_columns(where, "by", tuple(key.column for key in by))
        case Sample():
            _check_sample(where, step)


def check_columns(where: str, what: str, names: tuple[str, ...]) -> None:
    """Refuses an empty list of columns, and one that names a column twice. Raises Impossible."""
    if not names:
        raise Impossible(f"{where}: {what} names no column.")
    refuse_twice(where, what, names)


def refuse_twice(where: str, what: str, names: tuple[str, ...]) -> None:
    """Refuses a name that stands twice. Raises Impossible."""
    seen: set[str] = set()
    for name in names:
        if name in seen:
            raise Impossible(f"{where}: {what} name {name!r} twice.")
        seen.add(name)


def check_count(where: str, what: str, number: int) -> None:
    """Refuses a number that is negative, or longer than 63 bits. Raises Impossible."""
    if not 0 <= number < 2**63:
        raise Impossible(f"{where}: {what} must be a whole number of at least 0, not {number}.")


def _check_sample(where: str, step: Sample) -> None:
    if (step.fraction is UNSET) == (step.n is UNSET):
        raise Impossible(f"{where}: exactly one of fraction and n must be given.")
    if not isinstance(step.fraction, UnsetType) and not 0 <= step.fraction <= 1:
        raise Impossible(f"{where}: fraction must be from 0 to 1, not {step.fraction}.")
    if not isinstance(step.n, UnsetType):
        check_count(where, "n", step.n)
    check_count(where, "seed", step.seed)
