"""The documents' examples are run: of every function, of every line of "One meaning", of every step."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from filemill.pipelines.functions import FUNCTIONS
from filemill.pipelines.steps import STEPS
from tests.engines.tables.workshop import Workshop, add, convert

ROOT = Path(__file__).parents[3]
EXAMPLE = re.compile(r"`([^`]+)` → (`[^`]*`|misfit|null)")


def meanings() -> list[tuple[str, str]]:
    """Every example of the table "One meaning": an expression, and its value as csv writes it."""
    page = (ROOT / "docs/tables.md").read_text()
    section = page.split("\n## One meaning\n")[1].split("\n## ")[0]
    return [match for line in section.splitlines() if line.startswith("|") for match in EXAMPLE.findall(line)]


def test_every_line_of_the_meaning_has_an_example() -> None:
    page = (ROOT / "docs/tables.md").read_text()
    section = page.split("\n## One meaning\n")[1].split("\n## ")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")][1:]

    assert len(lines) > 15
    assert [line for line in lines if not EXAMPLE.search(line)] == []


@pytest.mark.parametrize(("expression", "value"), meanings(), ids=lambda text: text.strip("`")[:60])
def test_one_meaning(shop: Workshop, expression: str, value: str) -> None:
    if value == "misfit":
        failure = shop.fails("t.csv", "a\n1\n", add("x", expression))
        assert failure.code == "bad_value"
        assert failure.message.startswith("t.csv, row 1, column 'x': ")
    else:
        result = shop.run("t.csv", "a\n1\n", add("x", expression))
        assert result.records[0]["x"] == ("" if value == "null" else value.strip("`"))


def test_every_functions_example(shop: Workshop) -> None:
    added = [add(name, function.example[0]) for name, function in FUNCTIONS.items()]

    result = shop.run("t.csv", "a\n1\n", *added)

    expected = {name: function.example[1] or "" for name, function in FUNCTIONS.items()}
    assert {name: result.records[0][name] for name in FUNCTIONS} == expected
    for name, function in FUNCTIONS.items():
        if not function.gives.startswith(("as ", "int, or")):
            assert result.types[name] == function.gives, name


def example_of(struct: type) -> dict[str, Any]:
    found = re.search(r"Example: `(\{.*?\})`$", " ".join((struct.__doc__ or "").split()))
    assert found, struct
    example: dict[str, Any] = json.loads(found[1])
    return example


PEOPLE = (
    "name,city,country,password,qty,price,born,discount\n"
    "Ann,Goa,India,secret,12,2.50,2001-02-03,\n"
    "Bob,Rome,Italy,hidden,3,1.25,1999-12-31,5\n"
)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        ("drop", ["name", "city", "country", "qty", "price", "born", "discount"]),
        ("add_column", {"total": ["27.0", "3.75"]}),
        ("cast", {"born": ["2001-02-03", "1999-12-31"], "price": ["2.50", "1.25"]}),
        ("fill_null", {"discount": ["0", "5"]}),
    ],
)
def test_the_example_of_a_step(shop: Workshop, step: str, expected: Any) -> None:
    wire = {"type": step, "params": example_of(STEPS[step])}

    result = shop.run("people.csv", PEOPLE, wire)

    if isinstance(expected, list):
        assert list(result.records[0]) == expected
    else:
        assert {name: [row[name] for row in result.records] for name in expected} == expected
    assert shop.run("people.csv", PEOPLE, wire, convert("parquet")).records
