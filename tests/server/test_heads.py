"""Heads of requests, gathered whatever pieces they come in."""

import pytest

from filemill.server import heads
from filemill.server.heads import Head

HEAD = b"POST /jobs HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n"


@pytest.mark.parametrize("size", [1, 3, 7, 1000])
@pytest.mark.parametrize("before", [b"", b"\r\n", b"\r\n\r\n"])
def test_a_head_comes_out_whole_with_what_follows_in_the_last_piece(before: bytes, size: int) -> None:
    head, sent = Head(), before + HEAD
    pieces = [sent[at : at + size] for at in range(0, len(sent), size)]

    given = [head.add(piece) for piece in pieces]

    assert given[:-1] == [None] * (len(pieces) - 1)
    assert given[-1] == HEAD
    assert head.add(HEAD + b"body") == HEAD + b"body"


def test_a_head_without_an_end_is_not_kept_for_ever() -> None:
    head, line = Head(), b"X: " + b"y" * 100 + b"\r\n"
    for _ in range(heads.MOST_BYTES // len(line)):
        assert head.add(line) is None

    with pytest.raises(ValueError, match="head"):
        head.add(line)


@pytest.mark.parametrize("name", [b"Upgrade", b"upgrade", b"UPGRADE "])
def test_an_upgrade_is_not_seen_and_the_body_stays(name: bytes) -> None:
    sent = b"POST / HTTP/1.1\r\nConnection: Upgrade\r\n" + name + b": h2c\r\nX: upgrade: y\r\n\r\nthe body"

    whole = Head().add(sent)

    assert whole == sent.replace(b"\r\n" + name + b":", b"\r\nX-Upgrade" + name[7:] + b":")
