"""Whichever way a text is cut into cells, quickly or carefully, they are those that a strict reader finds in it."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from filemill.engines.tables.readers import outline, records
from filemill.engines.tables.readers.dialect import Dialect

DIALECTS = [Dialect(","), Dialect("\t"), Dialect(";"), Dialect("|", "'"), Dialect(",", "'"), Dialect("~")]


@st.composite
def texts(draw: st.DrawFn) -> tuple[str, Dialect]:
    """Lines of mostly two cells, of which many are odd where quotes are concerned, and how they are written."""
    dialect = draw(st.sampled_from(DIALECTS))
    sign, quote = dialect.separator, dialect.quote
    odd = st.sampled_from(["x", "é", " ", "0", sign, quote, quote * 2, "\n", "\r\n", quote + sign, sign + quote])
    loose = st.lists(odd, max_size=6).map("".join)
    inside = st.lists(st.sampled_from(["x", " ", sign, quote * 2, "\n", "\r\n"]), max_size=4).map("".join)
    cell = st.one_of(st.sampled_from(["", "x", "12"]), inside.map(lambda text: quote + text + quote))
    row = st.lists(cell, min_size=2, max_size=2).map(sign.join)
    lines = draw(st.lists(st.one_of(row, row, row, st.just(""), loose), max_size=12))
    ends = draw(st.sampled_from(["\n", "\r\n"]))
    return "".join(line + ends for line in lines), dialect


def read_strictly(text: str, dialect: Dialect) -> list[list[str]] | None:
    """The rows that are not blank; None where the text is damaged."""
    source = io.StringIO(text, newline="\n")
    try:
        reader = csv.reader(source, delimiter=dialect.separator, quotechar=dialect.quote, strict=True)
        return [row for row in reader if row]
    except csv.Error:
        return None


@given(texts())
def test_cells_are_those_of_a_strict_reader(given_text: tuple[str, Dialect]) -> None:
    # given
    text, dialect = given_text
    rows = read_strictly(text, dialect)
    # when
    found = records.parse(text.encode(), dialect, 2, [0, 1], last=True)
    # then
    if rows is None or any(len(row) != 2 for row in rows):
        assert found.fault
    else:
        assert found.fault is None
        assert [[cell or "" for cell in row] for row in found.cells.rows()] == rows


@given(texts())
def test_rows_are_not_trusted_to_be_even_where_they_are_not(given_text: tuple[str, Dialect]) -> None:
    # given
    text, dialect = given_text
    # when
    outlined = outline.of(text.encode(), dialect)
    # then
    if outlined and outlined.has_rows_of(2):
        rows = read_strictly(text, dialect)
        assert rows is not None
        assert len(rows) == outlined.lines
        assert {len(row) for row in rows} <= {2}
