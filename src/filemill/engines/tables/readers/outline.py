"""What the bytes of a delimited text tell by themselves of its rows, and whether a parser may be trusted with it.

Polars' parser says nothing where a quote inside a cell misleads it, nor where a row has too few cells or, if not all of
them are asked for, too many.
"""

import msgspec
import polars as pl

from filemill.engines.tables.readers import counting
from filemill.engines.tables.readers.dialect import Dialect
from filemill.engines.tables.readers.places import Places


class Outline(msgspec.Struct, frozen=True):
    """The bytes of a text, the places of its line feeds outside of quotes, and these and the separators in a row."""

    view: pl.Series
    ends: pl.Series
    signs: pl.Series

    @property
    def lines(self) -> int:
        """How many lines end outside of quotes."""
        return int(self.ends.sum())

    def has_rows_of(self, width: int) -> bool:
        """Whether each line is a row of so many cells; a blank one is none."""
        if len(self.signs) != width * self.lines or (width == 1 and self._blanks().any()):
            return False
        return bool((self.signs.gather_every(width, width - 1) == counting.LINE_FEED).all())

    def without_blanks(self) -> bytes:
        """The text without its blank lines."""
        return bytes(self.view.filter(~self._blanks()).to_arrow().buffers()[1])

    def _blanks(self) -> pl.Series:
        """Where blank lines stand, their carriage returns with them."""
        begins = self.ends.shift(1, fill_value=True)
        behind = self.ends & (begins & (self.view == counting.RETURN)).shift(1, fill_value=False)
        return (begins & self.ends) | behind | behind.shift(-1, fill_value=False)


def of(part: bytes, dialect: Dialect) -> Outline | None:
    """The outline of whole records that end in a line feed; None where a sign stands where it misleads Polars' parser.

    That is a quote elsewhere than around a cell, or doubled inside of one; and a carriage return before a separator,
    which is dropped.
    """
    view = counting.view(part)
    ends = Places.where(view == counting.LINE_FEED)
    separators = Places.where(view == dialect.separator.encode()[0])
    quotes = Places.where(view == dialect.quote.encode()[0])
    returns = Places.where(view == counting.RETURN) if b"\r" in part else None
    signs = ends | separators
    dropped = returns & separators.moved(-1) if returns else None
    if quotes:
        inside = quotes.odd()
        # Of two quotes in a row each may stand where it does for the other's sake.
        before = signs | quotes
        behind = before | (returns & ends.moved(-1)) if returns else before
        opening, closing = inside & before.moved(1, begin=True), behind.moved(-1) - inside
        if quotes - (opening | closing):
            return None
        ends, signs = ends - inside, signs - inside
        dropped = dropped - inside if dropped else None
    at_end = ends.bits()
    return None if dropped or not at_end[-1] else Outline(view, at_end, view.filter(signs.bits()))
