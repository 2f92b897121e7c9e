"""The head of a request, gathered until it is whole."""

import re

MOST_BYTES = 64 * 2**10

_ENDS = (b"\r\n\r\n", b"\n\n")
_UPGRADE = re.compile(rb"^upgrade(?=[ \t]*:)", re.IGNORECASE | re.MULTILINE)


class Head:
    """A head on its way in."""

    def __init__(self) -> None:
        self._come = bytearray()

    def add(self, data: bytes) -> bytes | None:
        """Takes bytes -> all that came so far, once the head is whole. Raises ValueError where it is too long."""
        if not self._come:
            data = data.lstrip(b"\r\n")  # as it may stand before a request
            if _end_of(data, 0) >= 0:
                return without_upgrade(data)
        looked_at = max(0, len(self._come) - 3)
        self._come += data
        if _end_of(self._come, looked_at) < 0:
            if len(self._come) > MOST_BYTES:
                raise ValueError("the head is too long")
            return None
        whole, self._come = bytes(self._come), bytearray()
        return without_upgrade(whole)


def without_upgrade(data: bytes) -> bytes:
    """A head, and what follows, with its `Upgrade` renamed.

    Nothing here is upgraded to. uvicorn's parser, told of one, takes the request's body for bytes of that protocol and
    loses it; some clients (Java's) offer HTTP/2 with every first request, which a server may pass over.
    """
    end = _end_of(data, 0)
    if b"pgrade" not in data[:end].lower():
        return data
    return _UPGRADE.sub(b"X-Upgrade", data[:end]) + data[end:]


def _end_of(data: bytes | bytearray, start: int) -> int:
    ends = [at for end in _ENDS if (at := data.find(end, start)) >= 0]
    return min(ends, default=-1)
