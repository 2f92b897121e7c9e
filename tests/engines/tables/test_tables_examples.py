"""The examples in the docstrings of the steps that look at many rows, which OpenAPI shows: each is run."""

import json
import re
from typing import Any

import pytest

from filemill.jobs.steps import STEPS
from filemill.jobs.table_steps import TableStep
from tests.engines.tables.workshop import Inputs, Workshop

FILE = """name,city,country,age,month,sales,customer_id,jan,feb
Ann,Ulm,DE,30,jan,3,1,1,2
Bob,Rom,IT,25,jan,4,2,3,4
Ann,Ulm,DE,40,feb,5,,5,6
"""
INPUTS: Inputs = {
    "customers": ("c.csv", "id,since\n1,1999\n"),
    "february": ("f.csv", FILE),
    "march": ("m.csv", FILE),
}
EXPECTED: dict[str, Any] = {
    "sort": ("age", ["40", "30", "25"]),
    "distinct": ("age", ["30", "25"]),
    "sample": ("age", ["25"]),
    "aggregate": ("age", ["35.0", "25.0"]),
    "unpivot": ("sales", ["1", "2", "3", "4", "5", "6"]),
    "pivot": ("feb", ["5", ""]),
    "join": ("since", ["1999", "", ""]),
    "concat": ("age", ["30", "25", "40"] * 3),
}


def test_every_step_is_here() -> None:
    assert {STEPS[name] for name in EXPECTED} == set(TableStep.__args__)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_example_of_a_step_is_run(shop: Workshop, name: str) -> None:
    found = re.search(r"Example: `(\{.*\})`", STEPS[name].__doc__ or "")
    assert found
    data = FILE
    if name == "unpivot":
        # its example names the new column as one of the others is called
        data = FILE.replace(",sales,", ",sold,").replace(",month,", ",when,")
    column, expected = EXPECTED[name]
    result = shop.run("t.csv", data, {"type": name, "params": json.loads(found[1])}, inputs=INPUTS)
    assert [row[column] for row in result.records] == expected
