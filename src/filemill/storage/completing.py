"""Which of the parts of an upload count that have arrived, and whether those that are named make up the whole of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

import msgspec

from filemill.errors import BadRequest
from filemill.storage.objects import Part

_ALL = "name every part from 1 on, each once"


class Arrived(msgspec.Struct, frozen=True):
    """The parts that count, in the order of their numbers: of a part sent twice the newest.

    `unclear`: numbers sent twice with different bytes within the second that the store tells of them.
    """

    parts: list[Part]
    unclear: frozenset[int] = frozenset()


def newest(listed: Iterable[tuple[Part, datetime]]) -> Arrived:
    """What counts of the parts that a store lists with their times; SeaweedFS lists every one that was ever sent."""
    sent: dict[int, list[tuple[datetime, Part]]] = {}
    for part, at in listed:
        sent.setdefault(part.part_number, []).append((at, part))
    parts: list[Part] = []
    unclear: set[int] = set()
    for number in sorted(sent):
        last = max(at for at, _ in sent[number])
        latest = {part.etag: part for at, part in sent[number] if at == last}
        if len(latest) > 1:
            unclear.add(number)
        else:
            parts.extend(latest.values())
    return Arrived(parts, frozenset(unclear))


def want_whole(named: Sequence[Part], arrived: Arrived) -> list[Part]:
    """The parts to be put together, where those named are all that have arrived, without a gap. Raises BadRequest."""
    there = {part.part_number: part for part in arrived.parts}
    wanted = {part.part_number: part.etag.strip('"') for part in named}
    for number in range(1, max([*wanted, *there, *arrived.unclear]) + 1):
        if number in arrived.unclear:
            raise BadRequest(
                f"Part {number} was sent twice within a second, and the store cannot tell which of the two counts;"
                " send the part again."
            )
        if number not in there:
            raise BadRequest(f"Part {number} has not arrived; send the part, and {_ALL}.")
        if number not in wanted:
            raise BadRequest(f"Part {number} has arrived and is not named; {_ALL}.")
        if wanted[number] != there[number].etag:
            raise BadRequest(
                f"Part {number}: the etag is not the one that the store gave for the newest upload of this part; list"
                " the parts to see those that count."
            )
    return arrived.parts
