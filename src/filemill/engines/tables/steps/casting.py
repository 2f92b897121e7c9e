"""The step `cast`: columns as another type; a value that would lose by it is a misfit."""

import msgspec
import polars as pl

from filemill.engines.tables import schema, table
from filemill.engines.tables.schema import Type
from filemill.engines.tables.table import Column, Table
from filemill.engines.tables.values import casting_values, column_values, converting
from filemill.engines.tables.values.bench import Bench
from filemill.pipelines.functions import MOST_SCALE
from filemill.pipelines.value_steps import Cast


def apply(step: Cast, source: Table, number: int) -> Table:
    """The table with these columns cast. Raises JobFailed where one is unknown, or there is no way to the type."""
    bench = Bench(source, number, "cast", "")
    made = {name: _cast(bench, name, target) for name, target in step.columns.items()}
    last = bench.finish()
    return msgspec.structs.replace(last, columns={**last.columns, **made})


def _cast(bench: Bench, name: str, target: str) -> Column:
    bench.name = name
    source = bench.source
    column = source.values(name, bench.where)
    if column.is_text and target == "text":
        made = msgspec.structs.replace(column, type=schema.TEXT, guessed=True, typed=None)
        if column.swapped:
            made = msgspec.structs.replace(made, at=bench.column_of(table.stood(column)), swapped=False)
        return made
    if column.is_text and (column.type != schema.BOOL or target == "bool"):
        value, kind = column_values.text_of(column, table.plain(column)), schema.TEXT
    else:
        if column.is_text:
            # Of text only `true` and `false` come here, which are numbers as booleans alone.
            column_values.check(bench, name)
        operand = column_values.plain(bench, table.value_of(column), column, name, name)
        value, kind = operand.value, operand.type
    if not converting.can(kind, target):
        known = ", ".join(converting.ways(kind))
        hint = f" It can become {known}." if known else ""
        raise bench.refuse(f"column {name!r} is {column.type.name}, which cannot become {target}.{hint}")
    became = _target(source, column, kind, target)
    return Column(_converted(bench, column, value, kind, became), became)


def _converted(bench: Bench, column: Column, value: pl.Expr, kind: Type, target: Type) -> str:
    """Adds the column -> its name in the frame. What a column held as odd is text, and is cast as such."""
    own = converting.convert(value, kind, target)
    if not column.odd:
        return casting_values.checked(bench, value, kind, target, f", in step {bench.step}").meta.output_name()
    odd = column_values.odd_text(column.odd)
    made = bench.keep(pl.coalesce(own, converting.convert(odd, schema.TEXT, target)))
    told = pl.coalesce(odd, value.cast(pl.String))
    bad = made.is_null() & (value.is_not_null() | odd.is_not_null())
    bench.doubt(bad, told, f"cannot become {target.name} without loss, in step {bench.step}.")
    return made.meta.output_name()


def _target(source: Table, column: Column, kind: Type, target: str) -> Type:
    """The type to be; the first rows decide on the places of decimals in a text file, and on the zone of datetimes."""
    first = source.sample[column.at] if column.is_text and column.at in source.sample.columns else None
    if target == "decimal":
        return casting_values.decimal_for(kind, None if first is None else _places(first))
    if target == "datetime" and kind.name == "datetime":
        return kind
    if target == "datetime" and kind == schema.TEXT and _have_zones(source.sample, column):
        return casting_values.UTC
    return casting_values.TARGETS[target]


def _have_zones(sample: pl.DataFrame, column: Column) -> bool:
    """Whether some of the first rows, where they are known, end in a zone."""
    at = column.at
    return (
        at in sample.columns
        and sample[at].dtype == pl.String
        and sample[at].str.contains(converting.ENDS_IN_ZONE).any()
    )


def _places(values: pl.Series) -> int:
    """The most digits behind the point."""
    behind = values.str.replace_all(",", "", literal=True).str.extract(r"^[+-]?[0-9]*\.([0-9]*)$").str.len_bytes().max()
    return min(behind, MOST_SCALE) if isinstance(behind, int) else 0
