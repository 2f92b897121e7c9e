"""`+ - * / %` and the minus sign, so that nothing wraps, is cut or becomes infinite: what goes too far is a misfit.

Whole numbers are computed in 128 bits, where those of 64 cannot wrap, decimals by their digits. Division gives floats;
what has no value (by zero) is null.
"""

import math

import polars as pl

from filemill.engines.tables import schema
from filemill.engines.tables.schema import scale_of
from filemill.engines.tables.values import converting, operands
from filemill.engines.tables.values.bench import Bench
from filemill.engines.tables.values.operands import NULL, Operand
from filemill.pipelines.functions import MOST_SCALE

_LEAST, _MOST = -(2**63), 2**63 - 1

_TOO_FAR = {"int": "an int of 64 bits", "decimal": "the 38 digits of a decimal", "float": "a finite float"}


def compute(bench: Bench, operator: str, left: Operand, right: Operand, whole: str) -> Operand:
    """Two numbers -> one; `whole` is the expression. Raises JobFailed where one is no number."""
    left, right = operands.number(bench, left, whole), operands.number(bench, right, whole)
    kind = operands.common(bench, [left, right], whole)
    if kind == NULL:
        return Operand(pl.lit(None, dtype=pl.Null()), NULL, whole)
    if operator == "/":
        kind = schema.FLOAT
    elif kind.name == "decimal" and operator == "*":
        return _product(bench, left, right, whole)
    ours, theirs = operands.take_as(bench, left, kind), operands.take_as(bench, right, kind)
    match kind.name:
        case "int":
            value = _of_ints(operator, ours, theirs)
        case "decimal":
            digits = [converting.unscaled(one) for one in (ours, theirs)]
            rough = [one.cast(pl.Float64) for one in digits]
            value = converting.fitting(_apply(operator, *digits), _apply(operator, *rough), scale_of(kind))
        case _:
            value = _of_floats(operator, ours, theirs)
    value = bench.keep(value)
    missing = value.is_null() & ours.is_not_null() & theirs.is_not_null()
    if operator in "/%":
        missing &= theirs != 0
    told = pl.concat_str(ours.cast(pl.String), pl.lit(f" {operator} "), theirs.cast(pl.String))
    too_far(bench, missing, told, kind.name, whole)
    return Operand(value, kind, whole)


def negate(bench: Bench, inner: Operand, whole: str) -> Operand:
    """A number with the other sign."""
    inner = operands.number(bench, inner, whole)
    own = inner.value
    match inner.type.name:
        case "int":
            value = bench.keep(_narrowed(converting.opposite(own.cast(pl.Int128))))
            too_far(bench, value.is_null() & own.is_not_null(), own.cast(pl.String), "int", whole)
        case "decimal":
            value = bench.keep(converting.scaled(converting.opposite(converting.unscaled(own)), scale_of(inner.type)))
        case "float":
            value = bench.keep(clean(-own))
            too_far(bench, value.is_null() & own.is_not_null(), own.cast(pl.String), "float", whole)
        case _:
            value = own
    return Operand(value, inner.type, whole)


def clean(value: pl.Expr) -> pl.Expr:
    """A float as it may come out: null instead of NaN and infinity, and no negative zero."""
    return pl.when(value == 0.0).then(0.0).when(value.is_finite()).then(value)


def too_far(bench: Bench, bad: pl.Expr, told: pl.Expr, name: str, whole: str) -> None:
    """A check for results that their type cannot carry."""
    bench.doubt(bad, told, f"goes beyond {_TOO_FAR[name]}, in step {bench.step}: {operands.shorten(whole)}.")


def _product(bench: Bench, left: Operand, right: Operand, whole: str) -> Operand:
    scale = scale_of(left.type) + scale_of(right.type)
    if scale > MOST_SCALE:
        raise bench.refuse(
            f"{operands.shorten(whole)} would have {scale} digits behind the point, and {MOST_SCALE} are allowed."
            " Write round(..., places) around its operands."
        )
    ours, theirs = left.value, right.value
    digits = [
        converting.unscaled(one.value) if one.type.name == "decimal" else one.value.cast(pl.Int128)
        for one in (left, right)
    ]
    rough = digits[0].cast(pl.Float64) * digits[1].cast(pl.Float64)
    value = bench.keep(converting.fitting(digits[0] * digits[1], rough, scale))
    missing = value.is_null() & ours.is_not_null() & theirs.is_not_null()
    too_far(
        bench,
        missing,
        pl.concat_str(ours.cast(pl.String), pl.lit(" * "), theirs.cast(pl.String)),
        "decimal",
        whole,
    )
    return Operand(value, operands.decimal(scale), whole)


def _of_ints(operator: str, ours: pl.Expr, theirs: pl.Expr) -> pl.Expr:
    if operator == "%":
        return ours % theirs
    return _narrowed(_apply(operator, ours.cast(pl.Int128), theirs.cast(pl.Int128)))


def _narrowed(wide: pl.Expr) -> pl.Expr:
    return wide.cast(pl.Int64, strict=False)


def _of_floats(operator: str, ours: pl.Expr, theirs: pl.Expr) -> pl.Expr:
    if operator == "/":
        # By one number for all rows Polars multiplies with its reciprocal, which rounds twice: 3.0 / 5 would be
        # 0.6000000000000001. So each row gets its own.
        own = theirs + ours.is_null().cast(pl.Float64) * 0.0
        return clean(pl.when(theirs != 0.0).then(ours / own))
    if operator == "%":
        pair = pl.struct(ours.alias("ours"), theirs.alias("theirs"))
        return clean(pair.map_batches(_remainders, return_dtype=pl.Float64(), is_elementwise=True))
    return clean(_apply(operator, ours, theirs))


def _remainders(pairs: pl.Series) -> pl.Series:
    """Exact, as Python does it: Polars takes a multiple off, and rounds twice by that."""
    values = zip(pairs.struct.field("ours"), pairs.struct.field("theirs"), strict=True)
    return pl.Series([_remainder(ours, theirs) for ours, theirs in values], dtype=pl.Float64)


def _remainder(ours: float | None, theirs: float | None) -> float | None:
    if ours is None or not theirs:
        return None
    return ours % theirs if math.isfinite(ours) else math.nan


def _apply(operator: str, ours: pl.Expr, theirs: pl.Expr) -> pl.Expr:
    match operator:
        case "+":
            return ours + theirs
        case "-":
            return ours - theirs
        case "*":
            return ours * theirs
    # The remainder has the sign of what is divided by, as in Python.
    return pl.when(theirs != 0).then(ours % theirs)
