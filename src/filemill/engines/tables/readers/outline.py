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
    """The separators and line feeds outside of quotes: those as they follow each other, these by their places."""

    view: pl.Series
    separator: bytes
    signs: bytes
    ends: Places

    @property
    def lines(self) -> int:
        """How many lines end outside of quotes."""
        return self.signs.count(b"\n")

    def has_rows_of(self, width: int) -> bool:
        """Whether each line is a row of so many cells; a blank one is none."""
        row = self.separator * (width - 1) + b"\n"
        return self.signs == row * (len(self.signs) // width) and not (width == 1 and self._blanks().any())

    def without_blanks(self) -> bytes:
        """The text without its blank lines."""
        return _bytes(self.view.filter(~self._blanks()))

    def _blanks(self) -> pl.Series:
        """Where blank lines stand, their carriage returns with them."""
        begins = self.ends.behind(begin=True)
        returns = begins & Places.where(self.view == counting.RETURN)
        returned = (returns.behind() & self.ends).bits(len(self.view))
        return (begins & self.ends).bits(len(self.view)) | returned | returned.shift(-1, fill_value=False)


def of(part: bytes, dialect: Dialect) -> Outline | None:
    """The outline of whole records that end in a line feed; None where a sign stands where it misleads Polars' parser.

    That is a quote elsewhere than around a cell, or doubled inside of one; and a carriage return before a separator,
    which is dropped.
    """
    view = counting.view(part)
    ends = Places.where(view == counting.LINE_FEED)
    quotes = Places.where(view == dialect.quote.encode()[0])
    returns = Places.where(view == counting.RETURN) if b"\r" in part else None
    signs = ends | Places.where(view == dialect.separator.encode()[0])
    if quotes:
        inside = quotes.odd()
        edges, closing = signs | quotes, quotes - inside
        if returns:
            # A closing quote may have a return behind it that ends the line.
            ending = closing.behind() & returns
            if ending.behind() - ends:
                return None
            edges |= ending
        # Of two quotes in a row each may stand where it does for the other's sake.
        if (quotes & inside) - edges.behind(begin=True) or closing.behind() - edges:
            return None
        ends, signs = ends - inside, signs - inside
    if returns and returns.behind() & (signs - ends):
        return None
    if not ends.bits(len(part))[-1]:
        return None
    return Outline(view, dialect.separator.encode(), _bytes(view.filter(signs.bits(len(part)))), ends)


def _bytes(view: pl.Series) -> bytes:
    """The bytes that were filtered out of a view; they may lie in the middle of what it shows."""
    array = view.to_arrow()
    return bytes(array.buffers()[1].slice(array.offset, len(array)))
