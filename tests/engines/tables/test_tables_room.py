"""An output that grows beyond what it may have: the job fails while it is written, and nothing of it stays."""

from typing import Any

import msgspec
import pytest

from filemill.errors import JobFailed
from filemill.pipelines import steps
from filemill.pipelines.formats import FORMATS
from filemill.pipelines.run import Run
from tests.engines.tables.workshop import Workshop, cast, convert, join, keep

NUMBERS = "a,b\n" + "".join(f"{n % 2},{n}\n" for n in range(2_000))
FORMATS_WRITTEN = [name for name, one in FORMATS.items() if one.family == "table" and one.base != "log"]


def carry_out(shop: Workshop, run: Run) -> None:
    shop.engine.run(run, steps.decode(bytes(run.steps)), lambda _: None)


def too_large(shop: Workshop, run: Run, most: int) -> JobFailed:
    with pytest.raises(JobFailed) as failed:
        carry_out(shop, msgspec.structs.replace(run, output_bytes=most))
    last = run.outputs[-1].key
    assert not list(shop.client.list_objects(shop.bucket, last))
    assert not shop.client._list_multipart_uploads(shop.bucket, prefix=last).uploads
    assert (failed.value.code, failed.value.at_fault) == ("too_large", "caller")
    return failed.value


@pytest.mark.parametrize("to", FORMATS_WRITTEN)
def test_every_format_keeps_to_the_room_there_is(shop: Workshop, to: str) -> None:
    run, _ = shop.prepare("t.csv", NUMBERS, to=to)
    failure = too_large(shop, run, 100)
    assert failure.message == (
        "What 'output' is to hold is more than the 100 bytes that an output may have; filter before, or split the file."
    )


def test_what_just_fits_is_written(shop: Workshop) -> None:
    run, key = shop.prepare("t.csv", NUMBERS)
    carry_out(shop, msgspec.structs.replace(run, output_bytes=len(NUMBERS)))
    assert shop.client.stat_object(shop.bucket, key).size == len(NUMBERS)


def test_a_join_that_explodes_is_named(shop: Workshop) -> None:
    # given keys that stand a thousand times on both sides: two million rows of four thousand
    pipeline: list[dict[str, Any]] = [keep("b", "ge", 0), join(["a"]), convert("csv")]
    run, _ = shop.prepare("t.csv", NUMBERS, *pipeline, inputs={"other": ("o.csv", NUMBERS)})
    # when more comes out than may be
    failure = too_large(shop, run, 1_000_000)
    # then the join is what is told of
    assert failure.message == (
        "What the 3 steps make is more than the 1,000,000 bytes that an output may have; see how many rows share a key"
        " in step 2 (join), or filter before."
    )


def test_what_the_owners_files_leave_is_told_as_such(shop: Workshop) -> None:
    run, _ = shop.prepare("t.csv", NUMBERS)
    with pytest.raises(JobFailed) as failed:
        carry_out(shop, msgspec.structs.replace(run, output_bytes=100, quota="Your files take 9 of 10 bytes."))
    assert failed.value.code == "quota"
    assert failed.value.message == "Your files take 9 of 10 bytes. Or filter before, or split the file."


def test_rows_that_cannot_be_used_have_no_more_room(shop: Workshop) -> None:
    run, _ = shop.prepare("t.csv", NUMBERS, cast(b="bool"), collects=True)
    assert "'bad_rows'" in too_large(shop, run, 20_000).message
