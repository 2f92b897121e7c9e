"""Sets of places in a text, one bit for each place, so that 64 of them are worked on at a time."""

import polars as pl
import pyarrow as pa

_WORD = 64
_TOP = 1 << (_WORD - 1)
_ALL = (1 << _WORD) - 1


class Places:
    """Some of the first `size` places."""

    def __init__(self, words: pl.Series, size: int) -> None:
        self._words = words
        self._size = size

    @classmethod
    def where(cls, bits: pl.Series) -> "Places":
        """The places where this series of booleans is true; it is lengthened."""
        size = len(bits)
        return cls(_words(bits.extend_constant(False, -size % _WORD) if size % _WORD else bits), size)

    def bits(self) -> pl.Series:
        """The same as a series of booleans."""
        return _bits(self._words, self._size)

    def __or__(self, other: "Places") -> "Places":
        return Places(self._words | other._words, self._size)

    def __and__(self, other: "Places") -> "Places":
        return Places(self._words & other._words, self._size)

    def __sub__(self, other: "Places") -> "Places":
        return Places(self._words & ~other._words, self._size)

    def __bool__(self) -> bool:
        return bool(self.bits().any())

    def moved(self, by: int, *, begin: bool = False) -> "Places":
        """The places so many further on, or before these if `by` is negative; `begin` says if what comes in is one."""
        bits = _bits(self._words, len(self._words) * _WORD)
        return Places(_words(bits.shift(by, fill_value=begin)), self._size)

    def odd(self) -> "Places":
        """Every place up to which, with itself, an odd number of these stands."""
        words = self._words
        for step in (1, 2, 4, 8, 16, 32):
            words = words ^ (words * (1 << step))
        before = (words >= _TOP).shift(1, fill_value=False).cast(pl.UInt64).cum_sum() & 1
        return Places(words ^ (before * _ALL), self._size)


def _words(bits: pl.Series) -> pl.Series:
    """The same bits, a multiple of 64, as words; without a copy."""
    return pl.Series(pa.Array.from_buffers(pa.uint64(), len(bits) // _WORD, [None, bits.to_arrow().buffers()[1]]))


def _bits(words: pl.Series, size: int) -> pl.Series:
    """The first so many bits of words; without a copy."""
    return pl.Series(pa.Array.from_buffers(pa.bool_(), size, [None, words.to_arrow().buffers()[1]]))
