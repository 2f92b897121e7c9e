"""The step `sample`: keeps rows chosen by chance, the same ones in every run with the same seed.

Chance is a number for each row, made of its place and the seed by the splitmix64 of Steele, Lea and Flood: it depends
neither on how the rows were cut into batches nor on the version of any library.
"""

from fractions import Fraction

import msgspec
import polars as pl
from msgspec import UNSET

from filemill.engines.tables import barrier, table
from filemill.engines.tables.inputs import Inputs
from filemill.engines.tables.steps import limiting
from filemill.engines.tables.table import MARK, Table
from filemill.pipelines.run import Phase
from filemill.pipelines.table_steps import Sample

_GAMMA = 0x9E3779B97F4A7C15
_MIX = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB))
_LAST_SHIFT = 31
_ALL = 1 << 64


def apply(step: Sample, source: Table, number: int, given: Inputs) -> Table:
    """The rows that were chosen, in their order."""
    place, chance = table.fresh(), table.fresh()
    if not isinstance(step.n, int):
        assert not isinstance(step.fraction, type(UNSET))
        below = int(Fraction(step.fraction) * _ALL)
        if below >= _ALL:
            return source
        frame = source.frame.with_row_index(place).with_columns(_chance(place, step.seed).alias(chance))
        keep = pl.col(chance) < pl.lit(below, dtype=pl.UInt64)
        frame = frame.filter(keep | pl.col(MARK) if source.marks else keep)
        return msgspec.structs.replace(source, frame=frame, height=None)
    if step.n > limiting.MOST_ROWS:
        return source
    source = barrier.before(source, Phase("sampling", number), given)
    frame = source.frame.with_row_index(place).with_columns(_chance(place, step.seed).alias(chance))
    height = None if source.height is None else min(step.n, source.height)
    return msgspec.structs.replace(source, frame=frame.bottom_k(step.n, by=chance).sort(place), height=height)


def _chance(place: str, seed: int) -> pl.Expr:
    """A number below 2^64 for each place, counted from 0. The arithmetic is that of 64 bits, which wraps."""
    value = (pl.col(place).cast(pl.UInt64) + 1) * _u64(_GAMMA) + _u64(seed)
    for shift, factor in _MIX:
        value = (value ^ (value // _u64(1 << shift))) * _u64(factor)
    return value ^ (value // _u64(1 << _LAST_SHIFT))


def _u64(number: int) -> pl.Expr:
    return pl.lit(number, dtype=pl.UInt64)
