"""The functions on numbers, and the least and greatest of several values."""

import polars as pl

from filemill.engines.tables import schema
from filemill.engines.tables.schema import Type, scale_of
from filemill.engines.tables.values import arithmetic, converting, operands, relating
from filemill.engines.tables.values.bench import Bench
from filemill.engines.tables.values.converting import opposite
from filemill.engines.tables.values.operands import NULL, Operand

NAMES = ("abs", "round", "floor", "ceil", "sqrt", "min", "max", "finite")


def call(bench: Bench, name: str, arguments: list[Operand], whole: str) -> Operand:
    """One of these functions. Raises JobFailed where an argument has another type than it needs."""
    if name in ("min", "max"):
        return _extreme(bench, name, arguments, whole)
    given = operands.number(bench, arguments[0], whole)
    if given.type == NULL:
        kind = {"floor": schema.INT, "ceil": schema.INT, "sqrt": schema.FLOAT}.get(name, NULL)
        return Operand(pl.lit(None, dtype=kind.dtype), kind, whole)
    if name == "sqrt":
        own = operands.as_float(bench, given)
        return _checked(bench, pl.when(own >= 0.0).then(own.sqrt()), own, schema.FLOAT, whole, but=own < 0.0)
    places = arguments[1].constant if len(arguments) > 1 else None
    match given.type.name:
        case "int":
            return _of_int(bench, name, given, whole)
        case "decimal":
            return _of_decimal(bench, name, given, places, whole)
    return _of_float(bench, name, given, places, whole)


def _of_int(bench: Bench, name: str, given: Operand, whole: str) -> Operand:
    own = given.value
    if name != "abs":
        return Operand(own, schema.INT, whole)
    return _checked(bench, own.cast(pl.Int128).abs().cast(pl.Int64, strict=False), own, schema.INT, whole)


def _of_decimal(bench: Bench, name: str, given: Operand, places: object, whole: str) -> Operand:
    own, scale = given.value, scale_of(given.type)
    digits = converting.unscaled(own)
    if name == "finite":
        return Operand(own, given.type, whole)
    if name == "abs":
        return Operand(bench.keep(converting.scaled(digits.abs(), scale)), given.type, whole)
    if isinstance(places, int) and places >= scale:
        return Operand(own, given.type, whole)
    left = places if isinstance(places, int) else 0
    factor = 10 ** (scale - left)
    one = pl.lit(factor, dtype=pl.Int128)
    match name:
        case "floor":
            cut = (digits - digits % one) // one
        case "ceil":
            cut = opposite((opposite(digits) - opposite(digits) % one) // one)
        case _:
            size = (digits.abs() + pl.lit(factor // 2, dtype=pl.Int128)) // one
            cut = pl.when(digits < 0).then(opposite(size)).otherwise(size)
    if isinstance(places, int):
        return Operand(bench.keep(converting.scaled(cut, left)), operands.decimal(left), whole)
    return _checked(bench, cut.cast(pl.Int64, strict=False), own, schema.INT, whole)


def _of_float(bench: Bench, name: str, given: Operand, places: object, whole: str) -> Operand:
    own = given.value
    if name == "finite":
        return Operand(bench.keep(arithmetic.clean(own)), schema.FLOAT, whole)
    if name == "abs":
        return _checked(bench, own.abs(), own, schema.FLOAT, whole)
    if isinstance(places, int):
        return _checked(bench, own.round(places, mode="half_away_from_zero"), own, schema.FLOAT, whole)
    value = {"floor": own.floor(), "ceil": own.ceil(), "round": own.round(0, mode="half_away_from_zero")}[name]
    return _checked(bench, value.cast(pl.Int64, strict=False), own, schema.INT, whole)


def _extreme(bench: Bench, name: str, arguments: list[Operand], whole: str) -> Operand:
    kind = relating.comparable(bench, arguments, whole)
    if kind == NULL:
        return Operand(pl.lit(None, dtype=pl.Null()), NULL, whole)
    values = [operands.take_as(bench, argument, kind) for argument in arguments]
    found = pl.min_horizontal(values) if name == "min" else pl.max_horizontal(values)
    known = pl.all_horizontal([value.is_not_null() for value in values])
    if kind.name != "float":
        return Operand(bench.keep(pl.when(known).then(found)), kind, whole)
    finite = pl.all_horizontal([value.is_finite().fill_null(True) for value in values])
    value = bench.keep(pl.when(known & finite).then(arithmetic.clean(found)))
    told = pl.concat_str([one.cast(pl.String) for one in values], separator=", ")
    arithmetic.too_far(bench, known & ~finite, told, kind.name, whole)
    return Operand(value, kind, whole)


def _checked(
    bench: Bench, value: pl.Expr, own: pl.Expr, kind: Type, whole: str, *, but: pl.Expr | None = None
) -> Operand:
    """A value that is missing where `own` was there went too far, `but` where that is meant."""
    made = bench.keep(arithmetic.clean(value) if kind.name == "float" else value)
    bad = made.is_null() & own.is_not_null()
    arithmetic.too_far(bench, bad if but is None else bad & ~but, own.cast(pl.String), kind.name, whole)
    return Operand(made, kind, whole)
