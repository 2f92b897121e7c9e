"""Sets of places in a text, one bit for each place, so that 64 of them are worked on at a time.

By means of such operations of series alone that are no query: each query, however small, costs a millisecond.
"""

import polars as pl
import pyarrow as pa

from filemill.engines.tables.readers.counting import in_place

_WORD = 64
_TOP = 1 << (_WORD - 1)
_ALL = (1 << _WORD) - 1
_NONE = pl.Series([False]).new_from_index(0, _WORD)


class Places:
    """Some of so many places."""

    def __init__(self, words: pl.Series) -> None:
        self._words = words

    @classmethod
    def where(cls, bits: pl.Series) -> "Places":
        """The places where a series of booleans is true; the series is lengthened to whole words."""
        if len(bits) % _WORD:
            bits.append(_NONE[: -len(bits) % _WORD])
        return cls(in_place(pa.uint64(), len(bits) // _WORD, _buffer(bits)))

    def bits(self, size: int) -> pl.Series:
        """The first so many places as a series of booleans."""
        return in_place(pa.bool_(), size, _buffer(self._words))

    def __or__(self, other: "Places") -> "Places":
        return Places(self._words | other._words)

    def __and__(self, other: "Places") -> "Places":
        return Places(self._words & other._words)

    def __sub__(self, other: "Places") -> "Places":
        return Places(self._words & ~other._words)

    def __bool__(self) -> bool:
        return bool((self._words != 0).any())

    def behind(self, *, begin: bool = False) -> "Places":
        """The place behind each of these; the first place of all, too, with `begin`."""
        carried = _tops(self._words) << 1 | begin
        return Places(self._words * 2 | self._spread(carried))

    def odd(self) -> "Places":
        """Every place up to which, with itself, an odd number of these stands."""
        words = self._words
        for step in (1, 2, 4, 8, 16, 32):
            words = words ^ (words * (1 << step))
        # Now the last place of a word tells whether the word holds an odd number; the same again, from word to word.
        tops = _tops(words)
        step = 1
        while step < len(words):
            tops ^= tops << step
            step *= 2
        return Places(words ^ (self._spread(tops << 1) * _ALL))

    def _spread(self, bits: int) -> pl.Series:
        """The bits of a number as words, as many as these."""
        count = len(self._words)
        packed = (bits & ((1 << count) - 1)).to_bytes(-(-count // 8), "little")
        return in_place(pa.bool_(), count, pa.py_buffer(packed)).cast(pl.UInt64)


def _tops(words: pl.Series) -> int:
    """The last place of each word, as the bits of a number."""
    return int.from_bytes(_buffer(words >= _TOP), "little")


def _buffer(series: pl.Series) -> pa.Buffer:
    """Where its bits or words lie."""
    array = series.to_arrow()
    assert not array.offset, "what was just made lies at the begin of its memory"
    return array.buffers()[1]
