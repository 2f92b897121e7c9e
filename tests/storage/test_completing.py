"""Which parts of an upload count, as a store lists them."""

from datetime import UTC, datetime, timedelta

import pytest

from filemill.errors import BadRequest
from filemill.storage import completing
from filemill.storage.objects import Part

NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)


def at(seconds: int, number: int, etag: str) -> tuple[Part, datetime]:
    return Part(number, etag, 1), NOON + timedelta(seconds=seconds)


def test_the_newest_of_each_number_counts_in_whatever_order_they_are_listed() -> None:
    listed = [at(9, 2, "two"), at(5, 1, "new"), at(0, 1, "old"), at(3, 1, "older")]
    assert [part.etag for part in completing.newest(listed).parts] == ["new", "two"]


def test_two_of_one_second_are_unclear_unless_they_are_alike() -> None:
    # given a part that came twice within a second, and one that came twice with the same bytes
    arrived = completing.newest([at(1, 1, "a"), at(1, 1, "b"), at(1, 2, "c"), at(1, 2, "c")])
    # then only the second can be told
    assert [part.part_number for part in arrived.parts] == [2]
    with pytest.raises(BadRequest, match=r"Part 1 was sent twice within a second.*send the part again"):
        completing.want_whole([Part(1, "b"), Part(2, "c")], arrived)
    # and sent once more it counts again
    arrived = completing.newest([at(1, 1, "a"), at(1, 1, "b"), at(2, 1, "a")])
    assert completing.want_whole([Part(1, "a")], arrived) == [Part(1, "a", 1)]
