"""Whether the quotes of a delimited text all stand around cells; one inside a cell misleads a parser, silently."""

import polars as pl

from filemill.engines.tables.readers import counting
from filemill.engines.tables.readers.dialect import Dialect


def are_around_cells(part: bytes, dialect: Dialect) -> bool:
    """Whether no quote of these whole records stands elsewhere than around a cell, or doubled inside of one."""
    return _has_plain_quotes(part, dialect) or not _has_stray_quote(part, dialect)


def _has_plain_quotes(part: bytes, dialect: Dialect) -> bool:
    """Whether a count already proves that no quote is a stray one.

    It does where each quote either has the begin of a cell before it or the end of one behind it, none both, and these
    are as many as those: a stray quote never stands at the begin of a cell.
    """
    view = counting.view(part)
    quotes, ends = (
        view == dialect.quote.encode()[0],
        (view == dialect.separator.encode()[0]) | (view == counting.LINE_FEED),
    )
    before = ends.shift(1, fill_value=True) & quotes
    behind = (ends | (view == counting.RETURN)).shift(-1, fill_value=True) & quotes
    opening, closing = int(before.sum()), int(behind.sum())
    return opening == closing and opening + closing == int(quotes.sum()) and not (before & behind).any()


def _has_stray_quote(part: bytes, dialect: Dialect) -> bool:
    """Whether a quote stands elsewhere than around a cell, or doubled inside of one.

    Of quotes in a row, the first one opens a cell if an even number of quotes stands before it, and the last one closes
    one if an even number does after it.
    """
    view = counting.view(part)
    at = (view == dialect.quote.encode()[0]).arg_true().cast(pl.Int64)
    if len(at) % 2:
        return True
    is_even = pl.int_range(len(at), eager=True) % 2 == 0
    is_first = (at.diff() != 1).fill_null(True)
    opening = at.filter(is_first & is_even)
    closing = at.filter(is_first.shift(-1, fill_value=True) & ~is_even)
    separator = dialect.separator.encode()[0]
    before = view.gather(opening.filter(opening > 0) - 1)
    after = view.gather(closing + 1)  # a part ends in a line feed
    return not (
        before.is_in([separator, counting.LINE_FEED]).all()
        and after.is_in([separator, counting.LINE_FEED, counting.RETURN]).all()
    )
