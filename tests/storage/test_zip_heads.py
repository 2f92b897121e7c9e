"""What the first bytes of a zip may cost whoever looks at them: next to nothing, whatever their headers say."""

import struct
import time
import tracemalloc

import pytest

from filemill.storage import sniffing, zip_heads
from tests.fixtures.heads import HEADS, packed
from tests.fixtures.worst import one_bomb_behind_every_header

MOST_SECONDS, MOST_BYTES = 0.1, 2 << 20


def header(name_length: int, extra_length: int = 0, packed_bytes: int = 0) -> bytes:
    return struct.pack("<4s5H3I2H", b"PK\3\4", 20, 0, 8, 0, 0, 0, packed_bytes, 0, name_length, extra_length)


def whole(head: bytes) -> bytes:
    return head[: sniffing.HEAD_BYTES].ljust(sniffing.HEAD_BYTES, b"\0")


def names_without_an_end() -> bytes:
    return whole(header(0xFFFF) * (sniffing.HEAD_BYTES // 30))


def many_of_one_name(name: bytes) -> bytes:
    # Empty blocks take long to unpack to nothing, so nothing shows that the first entry was unpacked already.
    nothing = b"\0\0\0\xff\xff" * 6000
    return whole((header(len(name)) + name) * 500 + nothing)


@pytest.mark.parametrize(
    "head",
    [
        one_bomb_behind_every_header(),
        names_without_an_end(),
        many_of_one_name(b"mimetype"),
        many_of_one_name(b"[Content_Types].xml"),
        whole(b"PK\3\4" * sniffing.HEAD_BYTES),
    ],
    ids=["bombs", "names", "mimetypes", "types", "marks"],
)
def test_no_head_costs_time_or_memory(head):
    tracemalloc.start()
    began = time.process_time()
    zip_heads.look(head, "docx")
    took, (_, peak) = time.process_time() - began, tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert took < MOST_SECONDS
    assert peak < MOST_BYTES


def test_only_the_first_entry_of_a_name_counts():
    said = "application/vnd.oasis.opendocument.text"
    with pytest.warns(UserWarning, match="Duplicate name"):
        head = packed(("mimetype", said), ("mimetype", "application/epub+zip"))

    assert zip_heads.look(head, "odt").name == "odt"


def test_a_header_that_is_cut_off_ends_the_look():
    head = HEADS["docx"]
    cut = head[: head.rindex(b"PK\3\4") + 20]

    assert not zip_heads.look(cut, "odt").fits
