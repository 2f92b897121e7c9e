"""The functions on dates and datetimes. Nothing leaves the years 1 to 9999, which every format can carry."""

from datetime import date

import polars as pl

from filemill.engines.tables import schema
from filemill.engines.tables.schema import Type
from filemill.engines.tables.values import converting, operands
from filemill.engines.tables.values.bench import Bench
from filemill.engines.tables.values.operands import DATE, DATETIME, NULL, Operand
from filemill.pipelines import syntax

_FIELDS = ("year", "month", "day", "weekday")
_TIMES = ("hour", "minute", "second")

NAMES = (*_FIELDS, *_TIMES, "date_add", "date_diff", "format_date", "truncate")

_SECONDS = {"week": 604_800, "day": 86_400, "hour": 3_600, "minute": 60, "second": 1}
_DAYS = {"week": 7, "day": 1}
_MONTHS = {"year": 12, "month": 1}
_POLARS = {"year": "1y", "month": "1mo", "week": "1w", "day": "1d", "hour": "1h", "minute": "1m", "second": "1s"}

_MICROS = 1_000_000
_MOST_ADDED = 10**12
"""More of any unit leads out of the years there are."""
_MOST_MONTHS = 120_000

_FIRST, _LAST = date(1, 1, 1), date(9999, 12, 31)


def call(bench: Bench, name: str, arguments: list[Operand], whole: str) -> Operand:
    """One of these functions. Raises JobFailed where an argument has another type than it needs."""
    if name == "date_diff":
        return _difference(bench, arguments, whole)
    given = _moment(bench, arguments[0], whole, with_time=name in _TIMES)
    if name in NAMES[:7]:
        return _field(bench, name, given, whole)
    said = arguments[-1].constant
    assert isinstance(said, str)
    if name == "format_date":
        value = given.value if given.type.name == "datetime" else given.value.cast(DATETIME.dtype)
        return Operand(bench.keep(value.dt.strftime(said)), schema.TEXT, whole)
    unit = _unit(bench, said, given.type, whole)
    if name == "truncate":
        zone = getattr(given.type.dtype, "time_zone", None)
        if zone not in (None, "UTC"):
            raise bench.refuse(f"{given} in the zone {zone}, and truncate takes those without a zone or in UTC.")
        return Operand(bench.keep(given.value.dt.truncate(_POLARS[unit])), given.type, whole)
    added = operands.must_be(bench, arguments[1], schema.INT, whole)
    return _sum(bench, given, added, unit, whole)


def _field(bench: Bench, name: str, given: Operand, whole: str) -> Operand:
    value: pl.Expr = getattr(given.value.dt, name)()
    return Operand(bench.keep(value.cast(pl.Int64)), schema.INT, whole)


def _moment(bench: Bench, operand: Operand, whole: str, *, with_time: bool = False) -> Operand:
    """A date or datetime; text that is written out is taken as one. Raises JobFailed."""
    wanted = DATETIME if with_time else DATE
    if operand.type == NULL:
        return Operand(pl.lit(None, dtype=wanted.dtype), wanted, operand.shown)
    if isinstance(operand.constant, str):
        kind = DATE if converting.is_date(operand.constant) and not with_time else DATETIME
        return Operand(operands.take_as(bench, operand, kind), kind, operand.shown)
    if operand.type.name != "datetime" and (with_time or operand.type.name != "date"):
        raise bench.refuse(
            f"{operand}, and a {wanted.name} is needed in {operands.shorten(whole)}."
            f" Write {wanted.name}({operands.shorten(operand.shown)})."
        )
    return operand


def _unit(bench: Bench, said: str, kind: Type, whole: str) -> str:
    unit = syntax.unit_of(said)
    if kind.name == "date" and unit in _TIMES:
        raise bench.refuse(f"a date has no {unit}s, in {operands.shorten(whole)}. Write datetime(...).")
    return unit


def _sum(bench: Bench, given: Operand, added: pl.Expr, unit: str, whole: str) -> Operand:
    own = given.value
    value: pl.Expr
    few: pl.Expr
    if unit in _MONTHS:
        value = _months_later(own, given.type, added, _MONTHS[unit])
    elif given.type.name == "date":
        few = pl.when(added.abs() < _MOST_ADDED).then(added)
        days = own.cast(pl.Int32).cast(pl.Int64) + few * _DAYS[unit]
        value = _within(days, date(1970, 1, 1).toordinal(), 1).cast(pl.Int32).cast(pl.Date)
    else:
        few = pl.when(added.abs() < _MOST_ADDED).then(added).cast(pl.Int128)
        micros = own.cast(pl.Int64).cast(pl.Int128) + few * (_SECONDS[unit] * _MICROS)
        value = _within(micros, date(1970, 1, 1).toordinal(), 86_400 * _MICROS).cast(pl.Int64).cast(given.type.dtype)
    made = bench.keep(value)
    told = pl.concat_str(own.cast(pl.String), pl.lit(" and "), added.cast(pl.String), pl.lit(f" {unit}s"))
    bad = made.is_null() & own.is_not_null() & added.is_not_null()
    bench.doubt(bad, told, f"leaves the years 1 to 9999, in step {bench.step}: {operands.shorten(whole)}.")
    return Operand(made, given.type, whole)


def _within(ticks: pl.Expr, start: int, ticks_a_day: int) -> pl.Expr:
    """Ticks since 1970 (day `start`), null outside the years 1 to 9999."""
    first = (_FIRST.toordinal() - start) * ticks_a_day
    last = (_LAST.toordinal() + 1 - start) * ticks_a_day - 1
    return pl.when((ticks >= first) & (ticks <= last)).then(ticks)


def _months_later(own: pl.Expr, kind: Type, added: pl.Expr, months: int) -> pl.Expr:
    few = pl.when(added.abs() <= _MOST_MONTHS // months).then(added * months)
    later = _without_zone(own, kind).dt.offset_by(pl.concat_str(few.cast(pl.String), pl.lit("mo")))
    later = pl.when(later.dt.year().is_between(1, 9999)).then(later)
    return later.cast(pl.Int64).cast(kind.dtype) if kind.name == "datetime" else later


def _without_zone(own: pl.Expr, kind: Type) -> pl.Expr:
    """A moment in UTC, in which months are counted."""
    return own.cast(pl.Int64).cast(DATETIME.dtype) if kind.name == "datetime" else own


def _difference(bench: Bench, arguments: list[Operand], whole: str) -> Operand:
    start, end, said = arguments[0], arguments[1], arguments[2].constant
    assert isinstance(said, str)
    start, end = _moment(bench, start, whole), _moment(bench, end, whole)
    kind = operands.common(bench, [start, end], whole)
    unit = _unit(bench, said, kind, whole)
    ours, theirs = (operands.take_as(bench, one, kind) for one in (start, end))
    if unit in _MONTHS:
        months = bench.keep(_months_between(_without_zone(ours, kind), _without_zone(theirs, kind), kind))
        return Operand(bench.keep(_whole_parts(months, _MONTHS[unit])), schema.INT, whole)
    ticks = pl.Int32 if kind.name == "date" else pl.Int64
    size = _DAYS[unit] if kind.name == "date" else _SECONDS[unit] * _MICROS
    apart = bench.keep(theirs.cast(ticks).cast(pl.Int64) - ours.cast(ticks).cast(pl.Int64))
    return Operand(bench.keep(_whole_parts(apart, size)), schema.INT, whole)


def _months_between(ours: pl.Expr, theirs: pl.Expr, kind: Type) -> pl.Expr:
    months = (theirs.dt.year().cast(pl.Int64) - ours.dt.year().cast(pl.Int64)) * 12
    months = months + theirs.dt.month().cast(pl.Int64) - ours.dt.month().cast(pl.Int64)
    ours, theirs = _in_month(ours, kind), _in_month(theirs, kind)
    return (
        pl.when((months > 0) & (theirs < ours))
        .then(months - 1)
        .when((months < 0) & (theirs > ours))
        .then(months + 1)
        .otherwise(months)
    )


def _in_month(moment: pl.Expr, kind: Type) -> pl.Expr:
    """How far the month has gone."""
    day = moment.dt.day().cast(pl.Int64)
    if kind.name == "date":
        return day
    return day * (86_400 * _MICROS) + moment.cast(pl.Int64) % (86_400 * _MICROS)


def _whole_parts(ticks: pl.Expr, size: int) -> pl.Expr:
    """Division that cuts towards zero."""
    return pl.when(ticks < 0).then(-((-ticks) // size)).otherwise(ticks // size)
