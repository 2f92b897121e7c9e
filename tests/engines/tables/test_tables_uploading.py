"""How outputs reach the store: small ones at once, large ones in parts, unfinished ones not at all."""

import hashlib
from uuid import uuid4

import pytest
from minio.error import S3Error

from filemill.engines.tables.readers import objects
from filemill.engines.tables.writers import uploading
from filemill.engines.tables.writers.uploading import Room, Upload
from filemill.errors import JobFailed
from filemill.pipelines.run import Stored
from tests.engines.tables.test_tables_store import BUSY, a_line
from tests.engines.tables.workshop import Workshop

MIB = 1 << 20
TOO_LARGE = JobFailed("too_large", "It is too large.")
AMPLE = Room(1 << 30, TOO_LARGE)


@pytest.fixture
def key() -> str:
    """Where the output of a job goes."""
    return f"output/{uuid4()}/t.csv"


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Parts of the least size that stores take."""
    monkeypatch.setattr(uploading, "PART", 5 * MIB)


def stored(shop: Workshop, key: str) -> bytes:
    answer = shop.client.get_object(shop.bucket, key)
    try:
        return bytes(answer.read())
    finally:
        answer.close()
        answer.release_conn()


def is_anything_at(shop: Workshop, key: str) -> bool:
    """Whether there is an object, or an upload that was begun."""
    begun = shop.client._list_multipart_uploads(shop.bucket, prefix=key).uploads
    return bool(begun or list(shop.client.list_objects(shop.bucket, key)))


def test_a_small_output_is_one_request(shop: Workshop, key: str) -> None:
    requests: list[bytes] = []
    with a_line(shop, lambda head: requests.append(head.split(b"?")[0].split(b" ")[0])) as url:
        upload = Upload(shop.through(url), key, "text/csv", AMPLE)
        upload.write(b"a,b\n")
        upload.write(b"1,2\n")
        told = upload.finish()
    assert requests == [b"PUT"]
    assert stored(shop, key) == b"a,b\n1,2\n"
    there = shop.client.stat_object(shop.bucket, key)
    assert there.content_type == "text/csv"
    assert told == Stored(8, there.etag or "", hashlib.sha256(b"a,b\n1,2\n").hexdigest())


def test_a_large_output_arrives_whole_and_in_order(shop: Workshop, key: str) -> None:
    pieces = [bytes([n]) * (MIB + n) for n in range(40)]
    upload = Upload(shop.access, key, "text/csv", AMPLE)
    for piece in pieces:
        assert upload.write(piece) == len(piece)
    assert upload.finish() is None
    assert stored(shop, key) == b"".join(pieces)


def test_what_comes_at_once_goes_in_parts_all_the_same(shop: Workshop, key: str) -> None:
    # given a writer that hands over more than three parts in one go
    requests: list[bytes] = []
    data = bytes(range(256)) * (66 * MIB // 4 // 256)
    with a_line(shop, lambda head: requests.append(head.split(b" ")[0])) as url:
        upload = Upload(shop.through(url), key, "text/csv", AMPLE)
        upload.write(data)
        upload.finish()
    # then no request holds more than a part
    assert requests.count(b"PUT") == 4
    assert stored(shop, key) == data


def test_an_output_that_was_not_finished_leaves_nothing(shop: Workshop, key: str) -> None:
    # given some parts of a file
    upload = Upload(shop.access, key, "text/csv", AMPLE)
    for _ in range(12):
        upload.write(b"x" * MIB)
    # when the job fails
    upload.abandon()
    # then there is no object
    with pytest.raises(S3Error, match="NoSuchKey"):
        shop.client.stat_object(shop.bucket, key)


def test_what_is_still_written_after_the_end_is_not_what_went_wrong(shop: Workshop, key: str) -> None:
    # given an output that was given up, for a reason that lies elsewhere
    upload = Upload(shop.access, key, "text/csv", AMPLE)
    upload.write(b"x" * MIB)
    upload.abandon()
    # when a thread of Polars has not heard of it yet, and comes with the next part
    with pytest.raises(RuntimeError):
        upload.write(b"x" * 8 * MIB)
    # nor that there is no room for it
    cramped = Upload(shop.access, key, "text/csv", Room(MIB, TOO_LARGE))
    cramped.abandon()
    with pytest.raises(JobFailed, match="too large"):
        cramped.write(b"x" * 2 * MIB)
    # then that is not told in the place of the reason
    assert upload.fault is cramped.fault is None


def test_an_output_that_outgrows_its_room_ends_there_and_leaves_nothing(shop: Workshop, key: str) -> None:
    # given room for two parts, and one that has gone on its way already
    upload = Upload(shop.access, key, "text/csv", Room(10 * MIB, TOO_LARGE))
    for _ in range(10):
        upload.write(b"x" * MIB)
    # when there comes one byte more
    with pytest.raises(JobFailed, match="too large"):
        upload.write(b"x")
    upload.abandon()
    # then neither object nor parts are there
    assert upload.fault is TOO_LARGE
    assert not is_anything_at(shop, key)


def test_a_store_that_is_busy_for_a_moment_is_asked_again(shop: Workshop, key: str) -> None:
    verdicts = iter([None, BUSY, None, BUSY])
    with a_line(shop, lambda _: next(verdicts, None)) as url:
        upload = Upload(shop.through(url), key, "text/csv", AMPLE)
        for _ in range(12):
            upload.write(b"x" * MIB)
        upload.finish()
    assert stored(shop, key) == b"x" * MIB * 12


def test_what_went_wrong_is_still_known_behind_polars(
    shop: Workshop, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(objects, "PAUSES", ())
    with a_line(shop, lambda _: BUSY) as url:
        upload = Upload(shop.through(url), key, "text/csv", AMPLE)
        with pytest.raises(JobFailed):
            upload.write(b"x" * 6 * MIB)
        upload.abandon()
    assert isinstance(upload.fault, JobFailed)
    assert upload.fault.code == "store_away"
