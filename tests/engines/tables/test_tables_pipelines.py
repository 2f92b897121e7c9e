"""Random small tables and random legal pipelines over all steps: the engine gives what plain Python gives row by row.

The engine is a fixture: any implementation of the protocol is held to the same values.
"""

from typing import Any

import pytest
from hypothesis import given, note
from hypothesis import strategies as st

from filemill.errors import JobFailed
from tests.engines.tables import reference
from tests.engines.tables.drawing import KINDS, OTHER_KINDS, WRITERS, Drawing, as_csv, tables
from tests.engines.tables.reference import Plain
from tests.engines.tables.workshop import Workshop

Files = dict[str, tuple[str, Plain]]


@st.composite
def stories(draw: st.DrawFn) -> tuple[Files, list[dict[str, Any]], bool, Plain | None]:
    """The inputs with their formats, the steps, whether bad rows are collected, and the table behind all of it.

    That is None where the job must fail.
    """
    collects = draw(st.booleans())
    inputs = {"input": draw(tables(KINDS, 12)), "other": draw(tables(OTHER_KINDS, 5)), "more": draw(tables(KINDS, 4))}
    further = {name: inputs[name] for name in ("other", "more")}
    drawing = Drawing(draw, inputs["input"], further, collects=collects)
    fails = False
    for _ in range(draw(st.integers(1, 6))):
        fails = fails or drawing.carry_on()
    written = {name: (draw(st.sampled_from(sorted(WRITERS))), table) for name, table in inputs.items()}
    last = reference.without_bad(drawing.table)
    fails = fails or (not collects and len(last.rows) < len(drawing.table.rows))
    return written, drawing.steps, collects, None if fails else last


@given(story=stories())
def test_any_pipeline_gives_what_plain_python_gives(shop: Workshop, story: Any) -> None:
    # given tables in files
    written, steps, collects, expected = story
    files = {name: (f"{name}.{kind}", WRITERS[kind](table)) for name, (kind, table) in written.items()}
    file_name, data = files.pop("input")
    note(f"{steps}, {'collect' if collects else 'fail'}, { ({name: kind for name, (kind, _) in written.items()}) }")
    note("\n".join(f"{name}: {as_csv(table)!r}" for name, (_, table) in written.items()))
    # when steps are run on them, then a job that must fail does so
    if expected is None:
        with pytest.raises(JobFailed) as failure:
            shop.run(file_name, data, *steps, to="parquet", inputs=files, collects=collects)
        assert failure.value.code == "bad_value"
        return
    # and every other one gives the same values, of the same types, in the same order
    result = shop.run(file_name, data, *steps, to="parquet", inputs=files, collects=collects)
    assert result.types == {name: "float" if kind == "rough" else kind for name, kind in expected.kinds.items()}
    assert len(result.rows) == len(expected.rows)
    for made, row in zip(result.records, expected.rows, strict=True):
        for name, value in zip(expected.kinds, row.values, strict=True):
            assert reference.is_same(made[name], value, expected.kinds[name]), (name, made[name], value)
