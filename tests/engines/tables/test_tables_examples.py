"""The examples in the docstrings of all steps, which OpenAPI shows: each is run."""

import json
import re
from typing import Any

import pytest

from filemill.pipelines.steps import STEPS
from tests.engines.tables.workshop import Inputs, Workshop

FILE = """name,city,country,age,month,sales,customer_id,jan,feb,qty,price,discount,born,password
Ann,Ulm,DE,30,jan,3,1,1,2,10,1.5,,2000-02-29,x
Bob,Rom,IT,25,jan,4,2,3,4,2,1.25,5,1999-12-31,y
Ann,Ulm,India,40,feb,5,,5,6,,2.0,0,,z
"""
INPUTS: Inputs = {
    "customers": ("c.csv", "id,since\n1,1999\n"),
    "february": ("f.csv", FILE),
    "march": ("m.csv", FILE),
}
EXPECTED: dict[str, Any] = {
    "filter": ("age", ["40"]),
    "select": ("city", ["Ulm", "Rom", "Ulm"]),
    "rename": ("town", ["Ulm", "Rom", "Ulm"]),
    "limit": ("age", ["30", "25", "40"]),
    "drop": ("age", ["30", "25", "40"]),
    "add_column": ("total", ["13.5", "2.5", ""]),
    "cast": ("price", ["1.50", "1.25", "2.00"]),
    "fill_null": ("discount", ["0", "5", "0"]),
    "sort": ("age", ["30", "25", "40"]),
    "distinct": ("age", ["30", "25"]),
    "sample": ("age", ["25"]),
    "aggregate": ("age", ["30.0", "25.0", "40.0"]),
    "unpivot": ("sales", ["1", "2", "3", "4", "5", "6"]),
    "pivot": ("feb", ["5", ""]),
    "join": ("since", ["1999", "", ""]),
    "concat": ("age", ["30", "25", "40"] * 3),
    "convert_format": ("age", [30, 25, 40]),
}
"""What comes out, in one column."""


def test_every_step_is_here() -> None:
    assert set(EXPECTED) == set(STEPS)


@pytest.mark.parametrize("name", EXPECTED)
def test_the_example_of_a_step_is_run(shop: Workshop, name: str) -> None:
    # given the example in a step's docstring, and a table it is for
    found = re.search(r"Example: `(\{.*\})`", STEPS[name].__doc__ or "")
    assert found
    data = FILE
    if name == "unpivot":
        # its example names the new column as one of the others is called
        data = FILE.replace(",sales,", ",sold,").replace(",month,", ",when,")
    params = json.loads(found[1])
    # when it is run, then it does what it says
    column, expected = EXPECTED[name]
    to = params.pop("to_format", None)
    pipeline = [] if to else [{"type": name, "params": params}]
    result = shop.run("t.csv", data, *pipeline, to=to, how=params if to else None, inputs=INPUTS)
    assert [row[column] for row in result.records] == expected
    assert ("password" in result.types) == (name not in ("drop", "select", "aggregate", "pivot"))
