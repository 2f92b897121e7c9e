"""What a header of a csv or tsv tells beside the names: that it is none, or may be a row."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence

import polars as pl

from filemill.engines.tables import commas, schema, trouble
from filemill.engines.tables.readers import dialect
from filemill.engines.tables.readers.dialect import Dialect
from filemill.engines.tables.schema import Type
from filemill.pipelines.run import InputFile

_VALUE = r"^(?:[+-]?[0-9][0-9.,]*|[0-9]{1,4}[-/.][0-9]{1,2}[-/.][0-9]{1,4}(?:[T ].*)?)$"
"""Codes of digits and dates, which stay text and are values all the same."""

_MOST_NAMED = 10


def check(header: list[str], file: InputFile, written: Dialect) -> None:
    """Refuses what names no columns. Raises JobFailed."""
    # Excel's own note of the separator: as a header it would make rows of the names, and text of all columns.
    if header == ["sep=", ""] or (len(header) == 1 and len(header[0]) == 5 and header[0].startswith("sep=")):
        raise trouble.bad_file(
            file, "The first line, 'sep=', is a note for Excel and names no columns; please take it out."
        )
    if len(header) == 1 and not written.given:
        separated = dialect.NAMES.items()
        wrong = [name for sign, name in separated if sign in header[0] and sign != written.separator]
        if wrong:
            raise trouble.bad_file(
                file,
                f"The columns seem to be separated by {wrong[0]}, but not in every row; a .{file.format} file"
                f" has {dialect.NAMES[written.separator]}, unless input_options name another delimiter.",
            )


def nameless_and_empty(header: Sequence[str], first: Iterable[pl.DataFrame]) -> list[int]:
    """The places of columns that have neither a name nor a value in the first rows."""
    nameless = [at for at, name in enumerate(header) if not name]
    return [at for at in nameless if not any(_have_values(frame, at).any() for frame in first)] if nameless else []


def told_as_left_out(left_out: Sequence[int]) -> str:
    """A sentence about the columns that are left out, without its end."""
    places = ", ".join(str(at + 1) for at in left_out[:_MOST_NAMED])
    more = f" and {len(left_out) - _MOST_NAMED:,} more" if len(left_out) > _MOST_NAMED else ""
    what = (
        "column {} has neither a name nor a value and is"
        if len(left_out) == 1
        else "columns {} have neither names nor values and are"
    )
    return f"{what.format(places + more)} left out"


def strays(cells: pl.DataFrame, left_out: Sequence[int]) -> Iterator[tuple[int, str]]:
    """The rows, from 0, that have a value in a column that was left out, and what is wrong with each."""
    found: dict[int, int] = {}
    for at in left_out:
        for row in _have_values(cells, at).arg_true():
            found.setdefault(row, at)
    for row in sorted(found):
        what = (
            f"Column {found[row] + 1} has no name, nor a value in the first rows, but one here: give the column a name."
        )
        yield row, what


def text_of(row: Sequence[str | None], written: Dialect) -> str:
    """A row as a record of such a file."""
    made = io.StringIO()
    csv.writer(made, delimiter=written.separator, quotechar=written.quote, lineterminator="").writerow(row)
    return made.getvalue()


def _have_values(cells: pl.DataFrame, at: int) -> pl.Series:
    return (cells[str(at)] != "").fill_null(False)


def may_be_a_row(header: Sequence[str], kinds: dict[str, Type | None], sample: pl.DataFrame, swapped: set[str]) -> bool:
    """Whether each cell of the header would be a value of its column, and one at least is more than a text."""
    is_more = False
    for cell, (at, kind) in zip(header, kinds.items(), strict=True):
        if not cell or kind is None:
            continue
        if kind == schema.TEXT:
            is_more = is_more or _is_like(cell, sample[at])
        elif not _fits(commas.number_of(cell) if at in swapped else cell, kind):
            return False
        else:
            is_more = True
    return is_more


def _fits(cell: str, kind: Type) -> bool:
    # Most names are neither, which is told without a query.
    return (cell in ("true", "false") or schema.is_number(cell)) and schema.fits(cell, kind)


def _is_like(cell: str, values: pl.Series) -> bool:
    return re.match(_VALUE, cell) is not None and bool(values.filter(values != "").str.contains(_VALUE).all())
