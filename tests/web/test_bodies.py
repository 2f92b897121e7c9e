"""Bodies that have another shape than their address wants: the sentence that says so, and what that may cost."""

import json
import time

import pytest

from filemill.apis.data.planning import MOST_PLAN_BYTES, NewPlan
from filemill.apis.data.schemas import Nothing
from filemill.errors import BadRequest
from filemill.web import bodies


def test_beside_a_large_sample_a_wrong_step_is_told_as_ever() -> None:
    # given a plan of a megabyte, whose second step has an operator that is misspelt
    limit = {"type": "limit", "params": {"n": 1}}
    wrong = {"type": "filter", "params": {"column": "a", "operator": "equals", "value": 1}}
    body = {"file_name": "a.csv", "original_file_size_bytes": 9, "processing_steps": [limit, wrong]}

    with pytest.raises(BadRequest) as small:
        bodies.decode(json.dumps({**body, "sample": "a\n1\n"}).encode(), NewPlan)
    with pytest.raises(BadRequest) as large:
        bodies.decode(json.dumps({**body, "sample": "a\n" + "[1]\n" * 250_000}).encode(), NewPlan)

    assert large.value.message == small.value.message
    assert large.value.message.startswith("step 2 (filter): operator must be one of")


@pytest.mark.parametrize("struct", [NewPlan, Nothing])
@pytest.mark.parametrize("unit", [b"[],", b"{},", b'"",', b"1,"], ids=repr)
def test_no_sentence_costs_more_than_the_body_is_worth(struct: type, unit: bytes) -> None:
    # given as many small values as fit into the largest body; made into lists they take half a second
    body = b'{"a": [' + unit * ((MOST_PLAN_BYTES - 20) // len(unit)) + b"0]}"

    began = time.process_time()
    with pytest.raises(BadRequest, match="unknown field `a`"):
        bodies.decode(body, struct)
    assert time.process_time() - began < 0.15
