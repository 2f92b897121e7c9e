"""Moments that Parquet files of Hive, Impala and old Sparks hold as INT96: a day and its nanoseconds.

Polars reads them in nanoseconds, which reach from 1677 to 2262, and takes all beyond for the last of these. The dates
by which such files say "never" (9999-12-31) lie there. So the column is looked through before: where it has one, it is
read in microseconds, and a value that is finer is odd.
"""

from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import polars as pl

from filemill.engines.tables import table
from filemill.engines.tables.values import nested

Scan = Callable[[dict[str, pl.DataType] | None], pl.LazyFrame]

WHY = "has no place beside dates outside of 1677 to 2262, which leave no room for nanoseconds"
"""What is said of values that cannot be held."""

_LEAST, _MOST = -(2**63) // 1_000, (2**63 - 1) // 1_000
"""Microseconds of which nanoseconds have room in 64 bits."""


class Held(msgspec.Struct, frozen=True):
    """The file as it is to be read. `odd` names the columns that tell as JSON what their column could not hold."""

    frame: pl.LazyFrame
    dtypes: dict[str, pl.DataType]
    odd: dict[str, str]


def held(scan: Scan, dtypes: dict[str, pl.DataType], names: list[str], most: int | None) -> Held:
    """The file in types that hold its columns `names` of INT96. No more than `most` rows are looked at beforehand."""
    fine = {name: dtypes[name] for name in names if nested.retyped(dtypes[name], _coarser) != dtypes[name]}
    if not fine:
        return Held(scan(None), dtypes, {})
    in_maps = [name for name, dtype in fine.items() if _has_maps(dtype)]
    coarse = {name: nested.retyped(dtype, _coarser) for name, dtype in fine.items() if name not in in_maps}
    beyond = _some(scan({**dtypes, **coarse}), {**dtypes, **coarse}, coarse, _is_beyond, most)
    in_micros = {name: coarse[name] if name in beyond else dtype for name, dtype in dtypes.items()}
    finer = _some(scan(None), dtypes, beyond, _is_finer, most)
    lost = _some(scan(None), dtypes, in_maps, _is_last, most)
    odd = {name: table.fresh() for name in (*finer, *lost)}
    return Held(_with_odd(scan(in_micros if beyond else None), scan(None), dtypes, odd), in_micros, odd)


def _with_odd(
    frame: pl.LazyFrame, fine: pl.LazyFrame, dtypes: dict[str, pl.DataType], odd: dict[str, str]
) -> pl.LazyFrame:
    """The file less the values that its types do not hold: these stand as JSON in the columns `odd`."""
    if not odd:
        return frame
    places = {name: number for number, name in enumerate(dtypes)}
    told = fine.select(_told(pl.nth(places[name]), dtypes[name]).alias(at) for name, at in odd.items())
    kept = [pl.when(pl.col(at).is_null()).then(pl.nth(places[name])).alias(name) for name, at in odd.items()]
    return pl.concat([frame, told], how="horizontal").with_columns(kept)


def _coarser(dtype: Any) -> Any:
    is_fine = isinstance(dtype, pl.Datetime) and dtype.time_unit == "ns"
    return pl.Datetime("us", dtype.time_zone) if is_fine else dtype


def _has_maps(dtype: Any) -> bool:
    """Whether there is a map, of which Polars reads the values in no other type."""
    match dtype:
        case pl.Map():
            return True
        case pl.List() | pl.Array():
            return _has_maps(dtype.inner)
        case pl.Struct():
            return any(_has_maps(field.dtype) for field in dtype.fields)
    return False


def _some(
    frame: pl.LazyFrame, dtypes: dict[str, pl.DataType], names: Iterable[str], ask: nested.Ask, most: int | None
) -> list[str]:
    """Those of the columns in which the answer is yes of some value; `dtypes` of all columns of the frame."""
    # By their place: a name such as `*` or `^a$` is more than a name to Polars.
    asked = {
        name: nested.has_any(pl.nth(number), dtypes[name], ask) for number, name in enumerate(dtypes) if name in names
    }
    if not asked:
        return []
    answers = [answer.any().alias(str(number)) for number, answer in enumerate(asked.values()) if answer is not None]
    found = (frame if most is None else frame.head(most)).select(answers).collect(engine="streaming").row(0)
    return [name for name, answer in zip(asked, found, strict=True) if answer]


def _is_beyond(own: pl.Expr, dtype: pl.DataType) -> pl.Expr | None:
    if not isinstance(dtype, pl.Datetime):
        return None
    return ~own.to_physical().is_between(_LEAST, _MOST)


def _is_finer(own: pl.Expr, dtype: pl.DataType) -> pl.Expr | None:
    """Whether a moment in nanoseconds is one, and no whole number of microseconds."""
    if dtype != pl.Datetime("ns"):
        return None
    ticks = own.to_physical()
    return ticks.is_between(-(2**63) + 1, 2**63 - 2) & (ticks % 1_000 != 0)


def _is_last(own: pl.Expr, dtype: pl.DataType) -> pl.Expr | None:
    """Whether a moment is the last in nanoseconds, for which Polars takes all that it cannot hold."""
    return own.to_physical().is_in([-(2**63), 2**63 - 1]) if dtype == pl.Datetime("ns") else None


def _told(own: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """What cannot be held, as JSON; null where there is nothing such."""
    if _has_maps(dtype):
        lost, text = nested.has_any(own, dtype, _is_last), pl.lit("a moment beyond the years 1677 to 2262")
    elif nested.is_nested(dtype):
        lost, text = nested.has_any(own, dtype, _is_finer), pl.lit("a moment finer than microseconds")
    else:
        lost, text = nested.has_any(own, dtype, _is_finer), own.dt.to_string("iso:strict")
    assert lost is not None
    return pl.when(lost).then(pl.format('"{}"', text))
