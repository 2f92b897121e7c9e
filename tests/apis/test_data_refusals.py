"""What callers read when a new job is refused: where it is wrong, and what is allowed there."""

import pytest

from filemill.pipelines.functions import FUNCTIONS
from filemill.pipelines.steps import STEPS

pytestmark = pytest.mark.anyio

JOBS = "/api/v1/jobs"
FIRST = {"type": "limit", "params": {"n": 1}}
OPERATORS = "between, contains, ends_with, eq, ge, gt, in, is_null, le, lt, ne, not_in, not_null, starts_with"
FUNCTIONS_OF_GROUPS = "count, first, last, max, mean, median, min, n_unique, std, sum"
TYPES = "bool, date, datetime, decimal, float, int, text"
AVERAGE = {"column": "n", "function": "avg", "name": "m"}


async def refused(member, step, **more):
    body = {"file_name": "a.csv", "original_file_size_bytes": 1, "processing_steps": [FIRST, step]}
    answer = await member.client.post(JOBS, json=body | more)
    assert answer.status_code == 400
    return answer.json()["detail"]


@pytest.mark.parametrize(
    ("kind", "params", "sentence"),
    [
        ("filtr", {}, f"step 2: type must be one of {', '.join(STEPS)}, not 'filtr' (did you mean filter?)."),
        (
            "filter",
            {"column": "a", "operator": "equals", "value": 1},
            f"step 2 (filter): operator must be one of {OPERATORS}, not 'equals'.",
        ),
        (
            "filter",
            {"all": [{"column": "a", "operator": "is"}]},
            f"step 2 (filter): all[0].operator must be one of {OPERATORS}, not 'is'.",
        ),
        (
            "aggregate",
            {"group_by": [], "aggregations": [AVERAGE]},
            f"step 2 (aggregate): aggregations[0].function must be one of {FUNCTIONS_OF_GROUPS}, not 'avg'.",
        ),
        (
            "pivot",
            {"group_by": [], "names_from": "a", "values_from": "b", "function": "avg"},
            f"step 2 (pivot): function must be one of {FUNCTIONS_OF_GROUPS}, not 'avg'.",
        ),
        (
            "cast",
            {"columns": {"a": "integer"}},
            f"step 2 (cast): columns[...] must be one of {TYPES}, not 'integer' (did you mean int?).",
        ),
        ("limit", {"n": 1, "m": 2}, "step 2 (limit): params: object contains unknown field `m`; it takes n."),
        ("limit", {"n": "1"}, "step 2 (limit): n: expected `int`, got `str`."),
        ("limit", {}, "step 2 (limit): params: object missing required field `n`."),
    ],
)
async def test_a_step_of_a_wrong_shape_is_told_by_its_number_with_what_is_allowed(member, kind, params, sentence):
    assert await refused(member, {"type": kind, "params": params}) == sentence


RIGHT_FILTER = '{"type":"filter","params":{"column":"country","operator":"eq","value":"India"}}'


@pytest.mark.parametrize(
    ("step", "sentence"),
    [
        ("filter", f"step 2: expected `object`, got `str`; right is, for example, {RIGHT_FILTER}."),
        ({"filter": {}}, f"step 2: object missing required field `type`; right is, for example, {RIGHT_FILTER}."),
        (
            {"type": "limit", "n": 5},
            (
                "step 2 (limit): object contains unknown field `n`; it takes type, params; right is, for example, "
                '{"type":"limit","params":{"n":1000}}.'
            ),
        ),
        (
            {"type": "sort", "params": {"by": ["country"]}},
            'step 2 (sort): by[0]: expected `object`, got `str`; right is, for example, {"column":"country"}.',
        ),
        (
            {"type": "select", "params": {"columns": "name"}},
            'step 2 (select): columns: expected `array`, got `str`; right is, for example, ["name","city"].',
        ),
    ],
)
async def test_a_wrong_one_of_a_list_is_told_how_a_right_one_looks(member, step, sentence):
    assert await refused(member, step) == sentence


async def test_what_else_may_be_misspelt_is_told_with_what_may_have_been_meant(member):
    assert "not 'startswith' (did you mean starts_with?)." in await refused(
        member, {"type": "filter", "params": {"column": "a", "operator": "startswith", "value": "b"}}
    )
    body = {"file_name": "a.csv", "original_file_size_bytes": 1}
    step = {"type": "convert_format", "params": {"to_format": "parket"}}
    answer = await member.client.post(JOBS, json=body | {"processing_steps": [step]})
    assert "to_format 'parket' (did you mean parquet?) is not one of" in answer.json()["detail"]


async def test_an_unknown_function_of_an_expression_is_told_with_all_there_are(member):
    sentence = await refused(member, {"type": "add_column", "params": {"name": "x", "expression": "flor(1.5)"}})

    assert sentence.startswith("step 2 (add_column): ")
    assert "no function 'flor' (did you mean floor or" in sentence
    assert sentence.endswith(f"there are {', '.join(FUNCTIONS)}.")


async def test_what_stands_beside_the_steps_is_told_by_its_name(member):
    assert await refused(member, FIRST, on_bad_rows="skip") == "on_bad_rows must be one of collect, fail, not 'skip'."
    assert (await refused(member, FIRST, input_options={"sep": ","})).startswith(
        "input_options: object contains unknown field `sep`; it takes delimiter, "
    )
    assert (await refused(member, FIRST, extra_inputs=[{"name": 1}])).startswith("extra input 1: name: ")


async def test_a_refusal_does_not_repeat_what_is_long(member):
    sentence = await refused(member, {"type": "x" * 10_000, "params": {}})

    assert len(sentence) < 500


async def test_a_number_that_is_too_long_is_told_how_long_it_may_be(member):
    for kind, params in (("limit", {"n": 2**63}), ("sample", {"n": 1, "seed": 2**64})):
        # when
        step = {"type": kind, "params": params}
        body = {"file_name": "a.csv", "original_file_size_bytes": 1, "processing_steps": [step]}
        answer = await member.client.post(JOBS, json=body)
        # then
        assert answer.status_code == 422
        assert "must be a whole number up to 9223372036854775807, not " in answer.json()["detail"]


async def test_a_thousand_comparisons_may_stand_in_one_condition(member):
    for many, status in ((1_000, 201), (1_001, 422)):
        # given
        comparisons = [{"column": "a", "operator": "eq", "value": number} for number in range(many)]
        step = {"type": "filter", "params": {"not": {"any": comparisons}}}
        # when
        body = {"file_name": "a.csv", "original_file_size_bytes": 1, "processing_steps": [step]}
        answer = await member.client.post(JOBS, json=body)
        # then
        assert answer.status_code == status
