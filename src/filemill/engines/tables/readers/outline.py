"""What the bytes of a delimited text tell by themselves of its rows, and whether a parser may be trusted with it.

Polars' parser says nothing where a quote inside a cell misleads it, nor where a row has too few cells or, if not all of
them are asked for, too many.
"""

import msgspec
import polars as pl

from filemill.engines.tables.readers import counting
from filemill.engines.tables.readers.dialect import Dialect
from filemill.engines.tables.readers.places import Places

_DIGITS = ord("0")
"""The bytes below are few in most texts, and all but some separators are among them."""


class Signs(msgspec.Struct, frozen=True):
    """The bytes of a text that may mean something, and some others, in their order: an eighth of all, mostly.

    `found` is where they stand in `view`, the text.
    """

    view: pl.Series
    found: pl.Series
    bytes: pl.Series

    def where(self, byte: int) -> Places:
        """Which of them are this byte."""
        return Places.where(self.bytes == byte)

    def touching(self) -> Places:
        """Those right before which another one stands, or nothing."""
        rest = self.found[:-1].filter(self.found[1:])
        return Places.where(pl.Series([True]).append(rest) if self.found[0] else rest)


class Outline(msgspec.Struct, frozen=True):
    """The separators and line feeds outside of quotes: those as they follow each other, these by their places."""

    signs: Signs
    separator: bytes
    row_signs: bytes
    ends: Places

    @property
    def lines(self) -> int:
        """How many lines end outside of quotes."""
        return self.row_signs.count(b"\n")

    def has_rows_of(self, width: int) -> bool:
        """Whether each line is a row of so many cells; a blank one is none."""
        row = self.separator * (width - 1) + b"\n"
        is_even = self.row_signs == row * (len(self.row_signs) // width)
        return is_even and not (width == 1 and self._blanks().any())

    def without_blanks(self) -> bytes:
        """The text without its blank lines."""
        view = self.signs.view
        places = view.to_frame().with_row_index("at")["at"]
        blanks = places.filter(self.signs.found).filter(self._blanks())
        return _bytes(view.filter(pl.Series([True]).new_from_index(0, len(view)).scatter(blanks, False)))

    def _blanks(self) -> pl.Series:
        """Which of the signs are blank lines, their carriage returns with them."""
        touching, size = self.signs.touching(), len(self.signs.bytes)
        begins = self.ends.behind(begin=True) & touching
        returns = begins & self.signs.where(counting.RETURN)
        returned = (returns.behind() & touching & self.ends).bits(size)
        return (begins & self.ends).bits(size) | returned | returned.shift(-1, fill_value=False)


def of(part: bytes, dialect: Dialect) -> Outline | None:
    """The outline of whole records that end in a line feed; None where a sign stands where it misleads Polars' parser.

    That is a quote elsewhere than around a cell, or doubled inside of one; a carriage return before a separator, which
    is dropped; and a zero byte.
    """
    if not part.endswith(b"\n"):
        return None
    quote, separator = dialect.quote.encode()[0], dialect.separator.encode()[0]
    signs = _signs(part, quote, separator)
    ends, quotes = signs.where(counting.LINE_FEED), signs.where(quote)
    breaks = ends | signs.where(separator)
    returns = signs.where(counting.RETURN) if b"\r" in part else None
    if quotes or returns:
        touching, inside = signs.touching(), quotes.odd()
        closed, edges = (quotes - inside).behind(), breaks | quotes
        ends, breaks = ends - inside, breaks - inside
        if returns:
            # A closing quote may have a return behind it that ends the line.
            ending = closed & touching & returns
            if ending.behind() - (ends & touching) or returns.behind() & touching & (breaks - ends):
                return None
            edges |= ending
        # Of two quotes in a row each may stand where it does for the other's sake.
        if closed - (edges & touching) or (quotes & inside) - (edges.behind(begin=True) & touching):
            return None
    size = len(signs.bytes)
    if not ends.bits(size)[-1] or signs.bytes.min() == counting.ZERO:
        return None
    return Outline(signs, dialect.separator.encode(), _bytes(signs.bytes.filter(breaks.bits(size))), ends)


def _signs(part: bytes, quote: int, separator: int) -> Signs:
    """All that may mean something. With a few others beside, it takes one look at the text, or two."""
    view = counting.view(part)
    meaning = (counting.RETURN, quote, separator)
    found = view <= max(byte for byte in meaning if byte < _DIGITS)
    for byte in meaning:
        if byte >= _DIGITS:
            found = found | (view == byte)
    return Signs(view, found, view.filter(found))


def _bytes(view: pl.Series) -> bytes:
    """The bytes that were filtered out of a view; they may lie in the middle of what it shows."""
    array = view.to_arrow()
    return bytes(array.buffers()[1].slice(array.offset, len(array)))
