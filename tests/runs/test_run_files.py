"""What a run says it has stored, against what the store says."""

import hashlib
import uuid

import pytest

from filemill.errors import JobFailed
from filemill.jobs.context import Context
from filemill.pipelines.run import Made, OutputFile, Stored
from filemill.runs import files
from filemill.runs.files import Output

pytestmark = pytest.mark.anyio

BYTES = b"a,b\n1,2\n"
SHA256 = hashlib.sha256(BYTES).hexdigest()
KEY = "output/a run/1/table.csv"


@pytest.fixture
async def etag(at_hand: Context) -> str:
    """The etag of an output that lies in the store."""
    await at_hand.store.put(KEY, BYTES)
    there = await at_hand.store.stat(KEY)
    assert there
    return there.etag


def an_output(key: str) -> list[Output]:
    return [Output(uuid.uuid4(), OutputFile("output", "table.csv", key, "csv"))]


def told(etag: str, size: int = len(BYTES)) -> tuple[Made, ...]:
    return (Made("output", 1, (), Stored(size, etag, SHA256)),)


async def test_what_was_told_of_an_output_that_is_there_is_kept(etag: str) -> None:
    _, [found] = await files.look_again([], an_output(KEY), told(etag))

    assert (found.etag, found.sum.size, found.sum.sha256) == (etag, len(BYTES), SHA256)


@pytest.mark.parametrize("lie", ["nothing is there", "another size", "another etag"])
async def test_a_child_that_lies_of_its_output_is_not_believed(etag: str, lie: str) -> None:
    made = told("0" * 32 if lie == "another etag" else etag, size=1 if lie == "another size" else len(BYTES))
    output = an_output("output/a run/1/nothing.csv" if lie == "nothing is there" else KEY)

    with pytest.raises(JobFailed, match="not stored"):
        await files.look_again([], output, made)
