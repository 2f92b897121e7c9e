"""Random small tables and random legal pipelines over all steps: the engine gives what plain Python gives row by row.

The engine is a fixture: any implementation of the protocol is held to the same values.
"""

import csv
import io
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from filemill.errors import JobFailed
from filemill.jobs.steps import STEPS
from tests.engines.tables import reference, workshop
from tests.engines.tables.reference import Failed, Plain, Row
from tests.engines.tables.workshop import Workshop

KINDS = {"i": "int", "j": "int", "f": "float", "t": "text", "b": "bool"}
OTHER_KINDS = {"i": "int", "t": "text", "w": "float"}
DTYPES = {"int": pa.int64(), "float": pa.float64(), "text": pa.string(), "bool": pa.bool_()}

VALUES: dict[str, st.SearchStrategy[Any]] = {
    "int": st.integers(-4, 4) | st.sampled_from([2**53, 2**53 + 1, -(2**53) - 1, 2**63 - 1, -(2**63) + 1]),
    # Quarters, so that sums are exact in whatever order they are made.
    "float": st.integers(-12, 12).map(lambda n: n / 4),
    "text": st.sampled_from(["x", "X", "xy", "007", "é", "字", "a,b", 'q"', "l\nm", "NA", " s ", "true", "2020-01-01"]),
    "bool": st.booleans(),
}
FIRST = {"int": 7, "float": 1.25, "text": "x", "bool": True}
"""Stands in every table, so that each column of a text file has its type."""


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


def as_parquet(table: Plain) -> bytes:
    columns = zip(*(row.values for row in table.rows), strict=True)
    made = {
        name: pa.array(values, DTYPES[kind]) for (name, kind), values in zip(table.kinds.items(), columns, strict=True)
    }
    return workshop.parquet(**made)


WRITERS = {"csv": as_csv, "parquet": as_parquet}


class Drawing:
    """Draws a pipeline step by step, since what is legal depends on the columns there are by then."""

    def __init__(self, draw: st.DrawFn, table: Plain, inputs: dict[str, Plain]) -> None:
        self.draw = draw
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
            self.table = reference.apply(step, self.table, self.inputs)
        except Failed:
            return True
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
        name = self.one(names)
        operator = self.draw(st.sampled_from(["eq", "ne", "gt", "le", "in", "is_null", "not_null"]))
        if operator in ("is_null", "not_null"):
            return workshop.keep(name, operator)
        if operator == "in":
            return workshop.keep(name, operator, [self.value(name) for _ in range(3)])
        return workshop.keep(name, operator, self.value(name))

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
        numbers = self.of("int")
        if numbers and self.draw(st.booleans()):
            return workshop.add(f"sum {len(self.steps)}", f"`{self.one(numbers)}` + `{self.one(numbers)}`")
        names = self.of()
        return workshop.add(f"copy {len(self.steps)}", f"`{self.one(names)}`") if names else None

    def cast(self) -> dict[str, Any] | None:
        names = self.of("int", "bool")
        if not names:
            return None
        chosen = self.some(names, most=2)
        ways = {"int": ["text", "float"], "bool": ["text", "int"]}
        return workshop.cast(**{name: self.one(ways[self.table.kinds[name]]) for name in chosen})

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
        names = self.of("int", "text", "bool")
        if not names or not (values := self.of()):
            return None
        name, value = self.one(names), self.one(values)
        groups = [one for one in self.some(values, least=0, most=2) if one != name]
        legal = [one for one in sorted(FUNCTIONS) if one != "std" and self.table.kinds[value] in FUNCTIONS[one]]
        function = self.draw(st.none() | st.sampled_from(legal))
        return workshop.pivot(groups, name, value, function)

    def join(self) -> dict[str, Any] | None:
        if "other" not in self.inputs or not (names := self.of("int", "text")):
            return None
        by_kind = {self.table.kinds[name]: name for name in self.some(names, most=2)}
        on = {name: {"int": "i", "text": "t"}[kind] for kind, name in by_kind.items()}
        how = self.draw(st.sampled_from(["inner", "left", "right", "full", "semi", "anti"]))
        return workshop.join(on, how)

    def concat(self) -> dict[str, Any] | None:
        is_alike = all(self.table.kinds.get(name, kind) == kind for name, kind in KINDS.items())
        return workshop.concat("more") if is_alike and "more" in self.inputs else None


EVERY = ("int", "float", "text", "bool")
FUNCTIONS = {
    **dict.fromkeys(("count", "n_unique", "min", "max", "first", "last"), EVERY),
    **dict.fromkeys(("sum", "mean", "median"), ("int", "float")),
    "std": ("float",),
}


@st.composite
def stories(draw: st.DrawFn) -> tuple[dict[str, tuple[str, Plain]], list[dict[str, Any]], Plain | None]:
    """The inputs with their formats, the steps, and the table behind them; None where the job must fail."""
    inputs = {"input": draw(tables(KINDS, 12)), "other": draw(tables(OTHER_KINDS, 5)), "more": draw(tables(KINDS, 4))}
    drawing = Drawing(draw, inputs["input"], {name: inputs[name] for name in ("other", "more")})
    fails = False
    for _ in range(draw(st.integers(1, 6))):
        fails = fails or drawing.carry_on()
    fails = fails or any(row.bad for row in drawing.table.rows)
    written = {name: (draw(st.sampled_from(sorted(WRITERS))), table) for name, table in inputs.items()}
    return written, drawing.steps, None if fails else drawing.table


@given(story=stories())
def test_any_pipeline_gives_what_plain_python_gives(shop: Workshop, story: Any) -> None:
    # given tables in files
    written, steps, expected = story
    files = {name: (f"{name}.{kind}", WRITERS[kind](table)) for name, (kind, table) in written.items()}
    file_name, data = files.pop("input")
    # when steps are run on them, then a job that must fail does so
    if expected is None:
        with pytest.raises(JobFailed) as failure:
            shop.run(file_name, data, *steps, to="parquet", inputs=files)
        assert failure.value.code == "bad_value"
        return
    # and every other one gives the same values, of the same types, in the same order
    result = shop.run(file_name, data, *steps, to="parquet", inputs=files)
    kinds = {name: "float" if kind == "rough" else kind for name, kind in expected.kinds.items()}
    assert result.types == kinds
    assert len(result.rows) == len(expected.rows)
    for made, row in zip(result.records, expected.rows, strict=True):
        for name, value in zip(expected.kinds, row.values, strict=True):
            assert reference.is_same(made[name], value, expected.kinds[name]), (name, made[name], value)
