"""Random small tables, and random pipelines that are legal on them."""

import csv
import io
import json
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

from filemill.pipelines.steps import STEPS
from tests.engines.tables import reference, workshop
from tests.engines.tables.reference import Failed, Inexact, Plain, Row

KINDS = {"i": "int", "j": "int", "f": "float", "t": "text", "b": "bool"}
OTHER_KINDS = {"i": "int", "t": "text", "w": "float"}
DTYPES = {"int": pa.int64(), "float": pa.float64(), "text": pa.string(), "bool": pa.bool_()}

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers(-4, 4) | st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63) + 1]),
    # Quarters, so that most sums are exact in whatever order they are made.
    "float": st.integers(-12, 12).map(lambda n: n / 4),
    "decimal": st.integers(-4, 4),
    "text": st.sampled_from(
        ["x", "X", "xy", "007", "7", "-2", "0.50", "é", "字", "a,b", 'q"', "l\nm", "NA", " s ", "true", "2020-02-29"]
    ),
    "bool": st.booleans(),
    "date": st.sampled_from(["2020-02-29", "1999-12-31", "2020-03-01"]),
}
"""As they are sent."""

FIRST = {"int": 7, "float": 1.25, "text": "x", "bool": True}
"""Stands in every table, so that each column of a text file has its type."""

EXPRESSIONS = {
    ("int", "int"): ["{0} + {1}", "{0} - {1}", "{0} * {1}", "{0} % {1}", "{0} / {1}", "if({0} > {1}, {0}, {1})"],
    ("int",): ["-{0}", "abs({0})", "{0} = 0", "text({0})", "{0} * 4611686018427387904"],
    ("int", "decimal"): ["{0} + {1}", "{0} < {1}", "coalesce({0}, {1})", "{0} * {1}"],
    ("decimal", "decimal"): ["{0} + {1}", "{0} - {1}", "max({0}, {1})"],
    ("float", "float"): ["{0} + {1}", "{0} >= {1}", "min({0}, {1})"],
    ("float", "int"): ["{0} * {1}", "{0} = {1}"],
    ("text", "text"): ["concat({0}, '-', {1})", "{0} < {1}", "replace({0}, 'x', {1})", "contains({0}, {1})"],
    ("text",): ["upper({0})", "length({0})", "substring({0}, 2, 2)", "is_null({0})"],
    ("bool", "bool"): ["{0} and {1}", "{0} or not {1}", "{0} = {1}"],
    ("bool", "int", "int"): ["if({0}, {1}, {2})"],
    ("date", "date"): ["{0} <= {1}", "year({0}) + month({1})"],
}
"""What is computed of columns of these kinds."""

EVERY = ("int", "float", "decimal", "text", "bool", "date")
FUNCTIONS = {
    **dict.fromkeys(("count", "n_unique", "min", "max", "first", "last"), EVERY),
    **dict.fromkeys(("sum", "mean", "median"), ("int", "float", "decimal")),
    "std": ("float",),
}


@st.composite
def tables(draw: st.DrawFn, kinds: dict[str, str], most: int) -> Plain:
    row = st.tuples(*(st.none() | VALUES[kind] for kind in kinds.values()))
    rows = draw(st.lists(row, max_size=most))
    return Plain(kinds, [Row([FIRST[kind] for kind in kinds.values()]), *(Row(list(values)) for values in rows)])


def as_csv(table: Plain) -> bytes:
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(table.kinds)
    for row in table.rows:
        writer.writerow([str(value).lower() if isinstance(value, bool) else value for value in row.values])
    return file.getvalue().encode()


def as_ndjson(table: Plain) -> bytes:
    return "".join(json.dumps(dict(zip(table.kinds, row.values, strict=True))) + "\n" for row in table.rows).encode()


def as_parquet(table: Plain) -> bytes:
    columns = zip(*(row.values for row in table.rows), strict=True)
    made = {
        name: pa.array(values, DTYPES[kind]) for (name, kind), values in zip(table.kinds.items(), columns, strict=True)
    }
    return workshop.parquet(**made)


WRITERS = {"csv": as_csv, "ndjson": as_ndjson, "parquet": as_parquet}


class Drawing:
    """Draws a pipeline step by step, since what is legal depends on the columns there are by then."""

    def __init__(self, draw: st.DrawFn, table: Plain, inputs: dict[str, Plain], *, collects: bool) -> None:
        self.draw = draw
        self.collects = collects
        self.table = table
        self.inputs = dict(inputs)
        self.steps: list[dict[str, Any]] = []

    def carry_on(self) -> bool:
        """Adds a step, if there is one of the kind drawn -> whether the job must fail there at the latest."""
        step = getattr(self, self.draw(st.sampled_from(sorted(set(STEPS) - {"convert_format"}))))()
        if step is None:
            return False
        self.steps.append(step)
        try:
            self.table = reference.apply(step, self.table, self.inputs, collects=self.collects)
        except Failed:
            return True
        except Inexact:
            self.steps.pop()
        return False

    def of(self, *kinds: str) -> list[str]:
        """The columns of these kinds; without any, all whose values are exact."""
        return [name for name, kind in self.table.kinds.items() if (kind in kinds if kinds else kind != "rough")]

    def some(self, names: list[str], least: int = 1, most: int = 3) -> list[str]:
        return self.draw(st.lists(st.sampled_from(names), min_size=least, max_size=most, unique=True))

    def one(self, names: list[str]) -> str:
        return self.draw(st.sampled_from(names))

    def value(self, name: str) -> Any:
        return self.draw(VALUES[self.table.kinds[name]])

    def filter(self) -> dict[str, Any] | None:
        if not (names := self.of()):
            return None
        match self.draw(st.sampled_from(["one", "one", "not", "any"])):
            case "not":
                return workshop.keep_if({"not": self.comparison(names)})
            case "any":
                return workshop.keep_if({"any": [self.comparison(names), self.comparison(names)]})
        return workshop.keep_if(self.comparison(names))

    def comparison(self, names: list[str]) -> dict[str, Any]:
        name = self.one(names)
        own = ["contains"] if self.table.kinds[name] == "text" else []
        operator = self.draw(
            st.sampled_from([*reference.OPERATORS, "is_null", "not_null"]).filter(lambda one: one != "contains" or own)
        )
        if operator in ("is_null", "not_null"):
            return workshop.comparison(name, operator)
        if operator in ("in", "not_in", "between"):
            return workshop.comparison(name, operator, [self.value(name), self.value(name)])
        return workshop.comparison(name, operator, self.value(name))

    def select(self) -> dict[str, Any]:
        return workshop.select(*self.some(list(self.table.kinds), most=6))

    def drop(self) -> dict[str, Any] | None:
        names = list(self.table.kinds)
        return workshop.drop(*self.some(names, most=len(names) - 1)) if len(names) > 1 else None

    def rename(self) -> dict[str, Any]:
        chosen = self.some(list(self.table.kinds))
        return workshop.rename({name: f"{name[:3]} {len(self.steps)}{at}" for at, name in enumerate(chosen)})

    def limit(self) -> dict[str, Any]:
        return workshop.limit(self.draw(st.integers(0, 12)))

    def add_column(self) -> dict[str, Any] | None:
        names = self.of()
        legal = [kinds for kinds in EXPRESSIONS if all(self.of(kind) for kind in kinds)]
        if not legal or not self.draw(st.integers(0, 3)):
            return workshop.add(f"copy {len(self.steps)}", f"`{self.one(names)}`") if names else None
        kinds = self.draw(st.sampled_from(legal))
        template = self.draw(st.sampled_from(EXPRESSIONS[kinds]))
        taken = [f"`{self.one(self.of(kind))}`" for kind in kinds]
        return workshop.add(f"made {len(self.steps)}", template.format(*taken))

    def cast(self) -> dict[str, Any] | None:
        ways = {kind: [to for own, to in reference.CASTS if own == kind] for kind, _ in reference.CASTS}
        if not (names := self.of(*ways)):
            return None
        return workshop.cast(**{name: self.one(ways[self.table.kinds[name]]) for name in self.some(names, most=2)})

    def fill_null(self) -> dict[str, Any] | None:
        if not (names := self.of()):
            return None
        name = self.one(names)
        alike = self.some(self.of(self.table.kinds[name]))
        return workshop.fill(self.value(name), *alike)

    def sort(self) -> dict[str, Any] | None:
        if not (names := self.of()):
            return None
        return workshop.sort(*({"column": name, "descending": self.draw(st.booleans())} for name in self.some(names)))

    def distinct(self) -> dict[str, Any] | None:
        names = self.of()
        if len(names) == len(self.table.kinds) and self.draw(st.booleans()):
            return workshop.distinct()
        return workshop.distinct(*self.some(names)) if names else None

    def sample(self) -> dict[str, Any]:
        seed = self.draw(st.integers(0, 2**63 - 1))
        if self.draw(st.booleans()):
            return workshop.sample(fraction=self.draw(st.floats(0, 1)), seed=seed)
        return workshop.sample(n=self.draw(st.integers(0, 12)), seed=seed)

    def aggregate(self) -> dict[str, Any] | None:
        names = self.of()
        groups = self.some(names, least=0, most=2) if names else []
        asked = {"rows 0": "count"}
        for at in range(self.draw(st.integers(0, 3))):
            function = self.draw(st.sampled_from(sorted(FUNCTIONS)))
            if columns := self.of(*FUNCTIONS[function]):
                asked[f"{function} {len(self.steps)}{at}"] = f"{function} {self.one(columns)}"
        step = workshop.aggregate(groups, **asked)
        return None if "rows 0" in groups else step

    def unpivot(self) -> dict[str, Any] | None:
        if not (names := self.of()):
            return None
        chosen = self.some(self.of(self.table.kinds[self.one(names)]))
        number = len(self.steps)
        return workshop.unpivot(*chosen, names_to=f"name {number}", values_to=f"value {number}")

    def pivot(self) -> dict[str, Any] | None:
        names = self.of("int", "decimal", "text", "bool", "date")
        if not names or not (values := self.of()):
            return None
        name, value = self.one(names), self.one(values)
        groups = [one for one in self.some(values, least=0, most=2) if one != name]
        legal = [one for one in sorted(FUNCTIONS) if one != "std" and self.table.kinds[value] in FUNCTIONS[one]]
        function = self.draw(st.none() | st.sampled_from(legal))
        return workshop.pivot(groups, name, value, function)

    def join(self) -> dict[str, Any] | None:
        if "other" not in self.inputs or not (names := self.of("int", "decimal", "text")):
            return None
        others = {"int": "i", "decimal": "i", "text": "t"}
        by_other = {others[self.table.kinds[name]]: name for name in self.some(names, most=2)}
        on = {name: other for other, name in by_other.items()}
        how = self.draw(st.sampled_from(["inner", "left", "right", "full", "semi", "anti"]))
        return workshop.join(on, how)

    def concat(self) -> dict[str, Any] | None:
        is_alike = all(self.table.kinds.get(name, kind) == kind for name, kind in KINDS.items())
        return workshop.concat("more") if is_alike and "more" in self.inputs else None
