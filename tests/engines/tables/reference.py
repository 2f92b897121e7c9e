"""The table steps once more, row by row in plain Python: small, slow, and easy to check by reading.

Steps are taken as they stand on the wire. A column has one of the kinds `int`, `float`, `decimal` (without places),
`text`, `bool`, `date`, or `rough`: a float of which the last digits may differ. A row that a step could not compute is
`bad`: it stays through every step that goes row by row, and fails where many rows are needed or at the end.
"""

import math
import operator as operators
import re
import statistics
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from typing import Any

from filemill.pipelines import expressions
from tests.engines.tables.by_the_book import Book, Misfit

MOST_INT = 2**63 - 1
MOST_EXACT = 2**53
MOST_ADDED = 2**40
MOST_PIVOTED = 1_000


class Failed(Exception):
    """The job must fail."""


class Inexact(Exception):
    """What comes out depends on the order in which floats are added."""


class Row:
    """The values of a row, in the order of its columns, and whether it is bad."""

    def __init__(self, values: list[Any], *, bad: bool = False) -> None:
        self.values = values
        self.bad = bad

    def with_values(self, values: list[Any], *, bad: bool = False) -> "Row":
        return Row(values, bad=self.bad or bad)


class Plain:
    """A table: the kind of each column by name, and its rows."""

    def __init__(self, kinds: dict[str, str], rows: list[Row]) -> None:
        self.kinds = kinds
        self.rows = rows

    def at(self, name: str) -> int:
        return list(self.kinds).index(name)

    def with_rows(self, rows: list[Row]) -> "Plain":
        return Plain(self.kinds, rows)


def apply(step: dict[str, Any], table: Plain, inputs: dict[str, Plain], *, collects: bool = False) -> Plain:
    """The table behind one step; `collects` takes rows out that must not go on. Raises Failed, Inexact."""
    params = step["params"]
    if step["type"] in BY_INPUT:
        return BY_INPUT[step["type"]](table, inputs, **params)
    if collects and (
        step["type"] in ("sort", "aggregate", "pivot", "limit") or (step["type"] == "sample" and "n" in params)
    ):
        table = without_bad(table)
    return BY_TABLE[step["type"]](table, **params)


def without_bad(table: Plain) -> Plain:
    """The rows that can go on."""
    return table.with_rows([row for row in table.rows if not row.bad])


def ended(table: Plain) -> Plain:
    """The table, which has no bad row. Raises Failed."""
    if any(row.bad for row in table.rows):
        raise Failed
    return table


def keep(table: Plain, **condition: Any) -> Plain:
    rows = [row for row in table.rows if row.bad or holds(table, row, condition)]
    return table.with_rows(rows)


def holds(table: Plain, row: Row, condition: dict[str, Any]) -> bool | None:
    """Whether a condition holds in a row; None where that is unknown."""
    if "not" in condition:
        inner = holds(table, row, condition["not"])
        return None if inner is None else not inner
    if "any" in condition:
        found = [holds(table, row, one) for one in condition["any"]]
        return True if True in found else None if None in found else False
    column, operator, value = condition["column"], condition["operator"], condition.get("value")
    own, kind = row.values[table.at(column)], table.kinds[column]
    if operator in ("is_null", "not_null"):
        return (own is None) == (operator == "is_null")
    if own is None:
        return None
    others = [taken(one, kind) for one in (value if isinstance(value, list) else [value])]
    return bool(OPERATORS[operator](own, *others))


OPERATORS: dict[str, Callable[..., bool]] = {
    **{name: getattr(operators, name) for name in ("eq", "ne", "gt", "ge", "lt", "le")},
    "in": lambda own, *others: own in others,
    "not_in": lambda own, *others: own not in others,
    "between": lambda own, low, high: low <= own <= high,
    "contains": lambda own, part: part in own,
}


def taken(value: Any, kind: str) -> Any:
    """A value from the wire as one of a column's kind."""
    return date.fromisoformat(value) if kind == "date" else Decimal(value) if kind == "decimal" else value


def select(table: Plain, columns: list[str]) -> Plain:
    places = [table.at(name) for name in columns]
    rows = [row.with_values([row.values[at] for at in places]) for row in table.rows]
    return Plain({name: table.kinds[name] for name in columns}, rows)


def drop(table: Plain, columns: list[str]) -> Plain:
    return select(table, [name for name in table.kinds if name not in columns])


def rename(table: Plain, columns: dict[str, str]) -> Plain:
    return Plain({columns.get(name, name): kind for name, kind in table.kinds.items()}, table.rows)


def limit(table: Plain, n: int) -> Plain:
    return table.with_rows(table.rows[:n])


def add_column(table: Plain, name: str, expression: str) -> Plain:
    parsed = expressions.parse(expression)
    book = Book({column: (kind, 0) for column, kind in table.kinds.items()})
    made = []
    for row in table.rows:
        try:
            value, bad = book.value_of(parsed, dict(zip(table.kinds, row.values, strict=True))), False
        except Misfit:
            value, bad = None, True
        made.append(row.with_values([*row.values, value], bad=bad))
    return Plain({**table.kinds, name: book.kind_of(parsed)[0]}, made)


def cast(table: Plain, columns: dict[str, str]) -> Plain:
    rows = []
    for row in table.rows:
        values, bad = list(row.values), False
        for name, kind in columns.items():
            at = table.at(name)
            try:
                values[at] = None if values[at] is None else CASTS[table.kinds[name], kind](values[at])
            except Misfit:
                values[at], bad = None, True
        rows.append(row.with_values(values, bad=bad))
    return Plain({**table.kinds, **columns}, rows)


def _when(holds: bool, value: Any) -> Any:
    """The value, where a cast loses nothing. Raises Misfit."""
    if not holds:
        raise Misfit
    return value


def _text_to_int(text: str) -> int:
    found = re.fullmatch(r"([+-]?[0-9]+)(\.0*)?", text)
    value = int(found[1]) if found else 0
    return _when(found is not None and -MOST_INT - 1 <= value <= MOST_INT, value)


def _text_to_float(text: str) -> float:
    is_number = re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?", text)
    value = float(text) if is_number else math.nan
    return _when(is_number is not None and Decimal(repr(value)) == Decimal(text), value)


def _text_to_date(text: str) -> date:
    try:
        return _when(len(text) == len("2020-01-01"), date.fromisoformat(text))
    except ValueError as error:
        raise Misfit from error


CASTS: dict[tuple[str, str], Callable[[Any], Any]] = {
    ("bool", "int"): int,
    ("bool", "text"): lambda value: str(value).lower(),
    ("int", "text"): str,
    ("int", "float"): lambda value: _when(abs(value) <= MOST_EXACT, float(value)),
    ("int", "bool"): lambda value: _when(value in (0, 1), bool(value)),
    ("int", "decimal"): Decimal,
    ("float", "int"): lambda value: _when(value == int(value), int(value)),
    ("decimal", "int"): lambda value: _when(-MOST_INT - 1 <= value <= MOST_INT, int(value)),
    ("decimal", "text"): str,
    ("text", "int"): _text_to_int,
    ("text", "float"): _text_to_float,
    ("text", "bool"): lambda text: _when(text.lower() in ("true", "false"), text.lower() == "true"),
    ("text", "date"): _text_to_date,
    ("date", "text"): date.isoformat,
}


def fill_null(table: Plain, columns: list[str], value: Any) -> Plain:
    filler = {table.at(name): taken(value, table.kinds[name]) for name in columns}
    return table.with_rows(
        [
            row.with_values([filler.get(at) if own is None else own for at, own in enumerate(row.values)])
            for row in table.rows
        ]
    )


def sort(table: Plain, by: list[dict[str, Any]]) -> Plain:
    rows = list(ended(table).rows)
    for key in reversed(by):
        at, descending = table.at(key["column"]), key.get("descending", False)
        known = sorted((r for r in rows if r.values[at] is not None), key=lambda r: r.values[at], reverse=descending)
        rows = known + [row for row in rows if row.values[at] is None]
    return table.with_rows(rows)


def distinct(table: Plain, columns: list[str] | None = None) -> Plain:
    places = [table.at(name) for name in columns or table.kinds]
    seen, kept = set(), []
    for row in table.rows:
        key = tuple(row.values[at] for at in places)
        if row.bad or key not in seen:
            kept.append(row)
        if not row.bad:
            seen.add(key)
    return table.with_rows(kept)


def sample(table: Plain, fraction: float | None = None, n: int | None = None, seed: int = 0) -> Plain:
    places = range(len(table.rows))
    if fraction is not None:
        return table.with_rows(
            [table.rows[at] for at in places if table.rows[at].bad or chance(at, seed) < fraction * 2**64]
        )
    chosen = sorted(places, key=lambda at: chance(at, seed))[:n]
    return table.with_rows([ended(table).rows[at] for at in sorted(chosen)])


def chance(place: int, seed: int) -> int:
    """splitmix64."""
    most = (1 << 64) - 1
    z = ((place + 1) * 0x9E3779B97F4A7C15 + seed) & most
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & most
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & most
    return z ^ (z >> 31)


def aggregate(table: Plain, group_by: list[str], aggregations: list[dict[str, Any]]) -> Plain:
    places = [table.at(name) for name in group_by]
    groups: dict[tuple[Any, ...], list[Row]] = {} if group_by else {(): []}
    for row in ended(table).rows:
        groups.setdefault(tuple(row.values[at] for at in places), []).append(row)
    kinds = {name: table.kinds[name] for name in group_by}
    rows = [Row(list(key)) for key in groups]
    for asked in aggregations:
        column = asked.get("column")
        kinds[asked["name"]] = KINDS.get(asked["function"]) or table.kinds[column or ""]
        for made, members in zip(rows, groups.values(), strict=True):
            values = [1] * len(members) if column is None else [row.values[table.at(column)] for row in members]
            value = of_group(asked["function"], values)
            if table.kinds.get(column or "") == "decimal" and asked["function"] in ("mean", "std"):
                kinds[asked["name"]] = "rough"
            if asked["function"] == "sum" and isinstance(value, int) and not -MOST_INT - 1 <= value <= MOST_INT:
                made.bad, value = True, None
            made.values.append(value)
    return Plain(kinds, rows)


KINDS = {"count": "int", "n_unique": "int", "mean": "float", "median": "float", "std": "rough"}


def of_group(function: str, values: list[Any]) -> Any:
    """One function of the values of a group. Raises Inexact."""
    if function in ("first", "last"):
        return values[0 if function == "first" else -1] if values else None
    known = [value for value in values if value is not None]
    if function in ("count", "n_unique"):
        return len(known if function == "count" else set(known))
    if function in ("sum", "mean", "std") and any(isinstance(one, float) and not _is_exact(one) for one in known):
        raise Inexact
    return FUNCTIONS[function](known) if known else None


def _is_exact(value: float) -> bool:
    """Whether floats like this one can be added in any order."""
    return abs(value) < MOST_ADDED and value * 4 == int(value * 4)


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "sum": sum,
    "min": min,
    "max": max,
    "mean": lambda known: float(sum(known)) / len(known),
    "median": lambda known: statistics.median(map(float, known)),
    "std": lambda known: statistics.stdev(map(float, known)) if len(known) > 1 else None,
}


def unpivot(table: Plain, columns: list[str], names_to: str, values_to: str) -> Plain:
    rest = [name for name in table.kinds if name not in columns]
    kinds = {**{name: table.kinds[name] for name in rest}, names_to: "text", values_to: table.kinds[columns[0]]}
    rows = [
        row.with_values([*(row.values[table.at(one)] for one in rest), name, row.values[table.at(name)]])
        for row in table.rows
        for name in columns
    ]
    return Plain(kinds, rows)


def pivot(table: Plain, group_by: list[str], names_from: str, values_from: str, function: str | None = None) -> Plain:
    asked = {"function": function or "first", "column": values_from, "name": "\0value"}
    cells = ended(aggregate(table, [*group_by, names_from], [asked, {"function": "count", "name": "\0count"}]))
    names = list(dict.fromkeys(row.values[-3] for row in cells.rows))
    if None in names or len(names) > MOST_PIVOTED or not (names or group_by):
        raise Failed
    called = [str(name).lower() if isinstance(name, bool) else str(name) for name in names]
    if set(called) & set(group_by) or (function is None and any(row.values[-1] > 1 for row in cells.rows)):
        raise Failed
    groups: dict[tuple[Any, ...], dict[Any, Any]] = {}
    for row in cells.rows:
        groups.setdefault(tuple(row.values[:-3]), {})[row.values[-3]] = row.values[-2]
    kinds = {name: table.kinds[name] for name in group_by} | dict.fromkeys(called, cells.kinds["\0value"])
    return Plain(kinds, [Row([*key, *map(own.get, names)]) for key, own in groups.items()])


def join(table: Plain, inputs: dict[str, Plain], input: str, on: dict[str, str], how: str) -> Plain:  # noqa: A002
    other = inputs.pop(input)
    rest = [name for name in other.kinds if name not in on.values()]
    called = {name: f"{name}_{input}" if name in table.kinds else name for name in rest}
    shows = how not in ("semi", "anti")
    if shows and (len({*table.kinds, *called.values()}) < len(table.kinds) + len(rest)):
        raise Failed
    rows, matched = [], set()
    for row in table.rows:
        key = [row.values[table.at(name)] for name in on]
        found = [n for n, one in enumerate(other.rows) if None not in key and key == _picked(other, one, on.values())]
        matched |= set(found)
        if not shows:
            rows += [row] if row.bad or bool(found) == (how == "semi") else []
            continue
        rows += [row.with_values(row.values + _picked(other, other.rows[n], rest)) for n in found]
        if not found and (row.bad or how in ("left", "full")):
            rows.append(row.with_values(row.values + [None] * len(rest)))
    if how in ("right", "full"):
        for n, one in enumerate(other.rows):
            if n not in matched:
                left = [_picked(other, one, [on[name]])[0] if name in on else None for name in table.kinds]
                rows.append(Row(left + _picked(other, one, rest)))
    kinds = dict(table.kinds)
    if how in ("right", "full"):
        # the keys of both, in the type that holds both
        kinds |= {own: "decimal" for own, that in on.items() if "decimal" in (table.kinds[own], other.kinds[that])}
    kinds |= {called[name]: other.kinds[name] for name in rest if shows}
    return Plain(kinds, rows)


def _picked(table: Plain, row: Row, names: Iterable[str]) -> list[Any]:
    return [row.values[table.at(name)] for name in names]


def concat(table: Plain, all_inputs: dict[str, Plain], inputs: list[str]) -> Plain:
    rows = list(table.rows)
    for name in inputs:
        further = all_inputs.pop(name)
        if set(further.kinds) != set(table.kinds):
            raise Failed
        rows += [Row(_picked(further, row, table.kinds)) for row in further.rows]
    return table.with_rows(rows)


BY_TABLE: dict[str, Callable[..., Plain]] = {
    "filter": keep,
    "select": select,
    "drop": drop,
    "rename": rename,
    "limit": limit,
    "add_column": add_column,
    "cast": cast,
    "fill_null": fill_null,
    "sort": sort,
    "distinct": distinct,
    "sample": sample,
    "aggregate": aggregate,
    "unpivot": unpivot,
    "pivot": pivot,
}
BY_INPUT: dict[str, Callable[..., Plain]] = {"join": join, "concat": concat}


def is_same(one: Any, other: Any, kind: str) -> bool:
    """Whether two values are the same; those of kind `rough` but for their last digits."""
    if one is None or other is None:
        return one is other
    if kind == "rough":
        return math.isclose(one, other, rel_tol=1e-6, abs_tol=1e-6)
    return bool(one == other)
