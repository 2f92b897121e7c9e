"""The journey of rows that cannot be used: collected beside the result, downloaded, and counted in the receipt."""

import csv
import hashlib
import io

import pytest

from filemill.local.stack import Stack
from tests.journeys.conftest import NewVisitor
from tests.journeys.visitor import Visitor, assert_left_tidy, step

pytestmark = pytest.mark.anyio

LATE = b"name,age\n" + b"Joe,40\n" * 10_000 + b'Bob,"x, y"\nKim\nEve,7\nLiz,old\n'
YOUNG = step("filter", column="age", operator="lt", value=18)
BY_AGE = step("sort", by=[{"column": "age"}])


async def queue_collecting(visitor: Visitor, content: bytes, *steps: object) -> dict[str, str]:
    """A job that collects, made, uploaded and marked."""
    body = {"file_name": "people.csv", "original_file_size_bytes": len(content), "processing_steps": steps}
    job = await visitor.ask("POST", "/jobs", 201, json=body | {"on_bad_rows": "collect"})
    await visitor.upload(job, content)
    return await visitor.mark(job)


@pytest.mark.parametrize("steps", [[YOUNG], [YOUNG, BY_AGE]], ids=["at the end", "at a barrier"])
async def test_bad_rows_stand_in_an_output_of_their_own(
    any_stack: Stack, new_visitor: NewVisitor, steps: list[object]
) -> None:
    ann = await new_visitor(any_stack)
    job = await queue_collecting(ann, LATE, *steps)

    # when
    text = await ann.finished(job)
    asked = {"output": "bad_rows"}
    url = (await ann.ask("POST", f"/jobs/{job['id']}/download-url", 200, json=asked))["download_url"]
    answer = await ann.store.get(url)

    # then each stands there as it stood, with its number and the reason
    misfit = "is no value of the column's type, int, which step 1 needs; cast the column to text before."
    assert text == b"name,age\nEve,7\n"
    assert answer.headers["content-disposition"].endswith("filename=people_bad_rows.csv")
    assert list(csv.reader(io.StringIO(answer.text, newline=""))) == [
        ["file", "row", "column", "value", "reason", "text"],
        ["people.csv", "10001", "age", "x, y", misfit, 'Bob,"x, y"'],
        ["people.csv", "10002", "", "", "The row has 1 cell, the header 2.", "Kim"],
        ["people.csv", "10004", "age", "old", misfit, "Liz,old"],
    ]
    # and they are counted
    receipt = await ann.ask("GET", f"/jobs/{job['id']}/receipt", 200)
    assert (receipt["rows_in"], receipt["rows_out"], receipt["bad_rows"]) == (10_004, 1, 3)
    assert [(one["name"], one["sha256"]) for one in receipt["outputs"]] == [
        ("output", hashlib.sha256(text).hexdigest()),
        ("bad_rows", hashlib.sha256(answer.content).hexdigest()),
    ]
    await assert_left_tidy(any_stack)


async def test_a_job_that_fails_leaves_no_bad_rows_behind(any_stack: Stack, new_visitor: NewVisitor) -> None:
    ann = await new_visitor(any_stack)

    job = await ann.until(await queue_collecting(ann, LATE + b'Ada,"9\n'))

    assert (job["status"], job["error_code"]) == ("FAILED", "bad_file"), job
    refused = await ann.ask("POST", f"/jobs/{job['id']}/download-url", 400, json={"output": "bad_rows"})
    assert "FAILED" in refused["detail"]
    await assert_left_tidy(any_stack)
