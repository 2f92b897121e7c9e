"""Uploads that hardly move: one address never holds all slots, and a slow one loses the slot it has."""

import contextlib
import socket
import time

from tests.attacks.callers import Visitor
from tests.attacks.target import Target

MANY = 16
ADDRESSES = 2
PIECE_SECONDS = 0.5
PIECE = b"a slow file\n" * 85
"""About 2 KiB a second, where 64 are asked for."""

SECONDS = 26
"""Those who wait for a slot have it after ten seconds, and then ten of their own."""


def attack(target: Target) -> str:
    """Sixteen uploads from two addresses at 2 KiB a second; somebody else uploads meanwhile, before they are cut."""
    visitors = [Visitor(target, f"127.9.1.{1 + n % ADDRESSES}") for n in range(MANY)]
    other = Visitor(target, "127.9.1.9")
    sockets = [_begin(target, visitor, n) for n, visitor in enumerate(visitors)]
    try:
        time.sleep(1)
        began = time.monotonic()
        _, answer = other.upload("note.txt", b"a quick file\n" * 1000)
        seconds = time.monotonic() - began
        assert answer.status_code == 200, f"another's upload: {answer.status_code} {answer.text[:200]}"
        assert seconds < 5, f"another's upload took {seconds:.1f} s"
        cut = _drip(sockets)
    finally:
        for each in sockets:
            each.close()
        for visitor in (*visitors, other):
            visitor.leave()
    assert cut == MANY, f"{MANY - cut} of {MANY} slow uploads still hold a connection after {SECONDS} s"
    return f"another's upload took {seconds * 1000:.0f} ms, all {MANY} slow ones were ended within {SECONDS} s"


def _begin(target: Target, visitor: Visitor, n: int) -> socket.socket:
    sender = socket.create_connection(("127.0.0.1", target.port), source_address=(f"127.9.1.{1 + n % ADDRESSES}", 0))
    headers = visitor.http.headers
    sender.sendall(
        (
            f"POST /upload HTTP/1.1\r\nHost: localhost\r\nCookie: {headers['Cookie']}\r\nContent-Length: 50000000\r\n"
            f"X-CSRF-Token: {headers['X-CSRF-Token']}\r\nContent-Type: multipart/form-data; boundary=x\r\n\r\n"
            '--x\r\nContent-Disposition: form-data; name="file"; filename="slow.txt"\r\n\r\n'
        ).encode()
        + PIECE
    )
    sender.setblocking(False)
    return sender


def _drip(sockets: list[socket.socket]) -> int:
    """Sends on until the time is over -> how many were answered or closed."""
    open_ones, until = list(sockets), time.monotonic() + SECONDS
    while open_ones and time.monotonic() < until:
        time.sleep(PIECE_SECONDS)
        open_ones = [each for each in open_ones if _goes_on(each)]
    return len(sockets) - len(open_ones)


def _goes_on(sender: socket.socket) -> bool:
    with contextlib.suppress(BlockingIOError):
        try:
            if sender.recv(4096) is not None:
                return False
        except ConnectionError:
            return False
    try:
        sender.send(PIECE)
    except BlockingIOError:
        return True
    except ConnectionError:
        return False
    return True
