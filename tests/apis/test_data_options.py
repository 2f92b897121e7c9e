"""What may stand beside the steps of a new job at the data API: how inputs are written, what becomes of bad rows."""

from uuid import UUID

import pytest

from filemill import connections
from filemill.pipelines import options
from filemill.pipelines.options import InputOptions, Options

pytestmark = pytest.mark.anyio

JOBS = "/api/v1/jobs"
BODY = {"file_name": "people.csv", "original_file_size_bytes": 10240, "processing_steps": []}


async def test_options_are_kept_with_the_job_and_the_answer_has_no_new_keys(member):
    # given
    plain = await member.client.post(JOBS, json=BODY)
    given = {"delimiter": ";", "encoding": "Windows-1252", "null_values": ["NA", "-"], "decimal_comma": True}

    # when
    made = await member.client.post(JOBS, json=BODY | {"input_options": given, "on_bad_rows": "collect"})

    # then
    kept = await connections.fetchval("SELECT options FROM job WHERE id = $1", UUID(made.json()["id"]))
    assert made.status_code == 201
    assert set(made.json()) == set(plain.json())
    assert options.decode(kept) == Options(
        InputOptions(delimiter=";", encoding="Windows-1252", null_values=("NA", "-"), decimal_comma=True), "collect"
    )


@pytest.mark.parametrize(
    "more",
    [
        {"input_options": {"delimiter": 1}},
        {"input_options": {"separator": ","}},
        {"input_options": {"has_header": "yes"}},
        {"input_options": {"null_values": "NA"}},
        {"input_options": {"repeated_names": "rename"}},
        {"input_options": None},
        {"on_bad_rows": "skip"},
        {"on_bad_rows": None},
    ],
    ids=repr,
)
async def test_options_of_a_wrong_shape_are_a_400(member, more):
    answer = await member.client.post(JOBS, json=BODY | more)

    assert answer.status_code == 400, answer.text


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"delimiter": ""}, "delimiter"),
        ({"delimiter": "||"}, "delimiter"),
        ({"delimiter": "§"}, "delimiter"),
        ({"delimiter": "\n"}, "delimiter"),
        ({"quote": "«"}, "quote"),
        ({"delimiter": "'", "quote": "'"}, "different"),
        ({"encoding": "utf-9"}, "encoding"),
        ({"encoding": "rot13"}, "encoding"),
        ({"null_values": ["NA"] * 101}, "null_values"),
        ({"null_values": ["N" * 1001]}, "null_values"),
    ],
    ids=repr,
)
async def test_impossible_options_are_a_422(member, given, word):
    answer = await member.client.post(JOBS, json=BODY | {"input_options": given})

    assert answer.status_code == 422, answer.text
    assert word in answer.json()["detail"]


@pytest.mark.parametrize(
    ("file_name", "given"),
    [
        ("people.parquet", {"delimiter": ";"}),
        ("people.parquet", {"repeated_names": "number"}),
        ("people.ndjson", {"repeated_names": "fail"}),
        ("people.xlsx", {"delimiter": ";"}),
    ],
)
async def test_an_option_the_format_has_no_use_for_is_a_422(member, file_name, given):
    answer = await member.client.post(JOBS, json=BODY | {"file_name": file_name, "input_options": given})

    assert answer.status_code == 422, answer.text
    name, extension = *given, file_name.rpartition(".")[2]
    assert answer.json()["detail"] == f"input_options: {name} means nothing for {extension}; leave it out."


@pytest.mark.parametrize("file_name", ["people.csv", "people.tsv.gz", "people.xlsx"])
async def test_repeated_names_may_be_numbered_where_a_header_names_columns(member, file_name):
    given = {"repeated_names": "number"}

    answer = await member.client.post(JOBS, json=BODY | {"file_name": file_name, "input_options": given})

    assert answer.status_code == 201, answer.text
    kept = await connections.fetchval("SELECT options FROM job WHERE id = $1", UUID(answer.json()["id"]))
    assert options.decode(kept).input_options == InputOptions(repeated_names="number")
