"""Cuts a stream into pieces that end with a whole record, and reads the next one while the last is worked on."""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol

FIRST = 1 << 20
"""Bytes of the first piece, which must be there before anything else can begin."""

SIZE = 4 << 20
"""Bytes of the others: one and its rows are in memory a few times over."""


class Stream(Protocol):
    """Bytes that are read from first to last: an object, or what is packed in it."""

    @property
    def size(self) -> int:
        """Bytes of the object."""
        ...

    @property
    def offset(self) -> int:
        """Bytes of the object read so far."""
        ...

    def readinto(self, view: memoryview) -> int:
        """Fills `view` unless the stream ends before -> how many bytes."""
        ...

    def close(self) -> None:
        """Stops."""
        ...


class Made:
    """A stream that is made of another one, part by part; `ready` is its begin."""

    def __init__(self, stream: Stream, ready: bytes = b"") -> None:
        self._stream = stream
        self._ready = memoryview(ready)

    @property
    def size(self) -> int:
        """Bytes of the object."""
        return self._stream.size

    @property
    def offset(self) -> int:
        """Bytes of the object read so far."""
        return self._stream.offset

    def readinto(self, view: memoryview) -> int:
        """Fills `view` unless the stream ends before -> how many bytes. Raises JobFailed."""
        filled = 0
        while filled < len(view):
            self._ready = self._ready or memoryview(self._make())
            if not self._ready:
                break
            part = self._ready[: len(view) - filled]
            view[filled : filled + len(part)] = part
            self._ready = self._ready[len(part) :]
            filled += len(part)
        return filled

    def close(self) -> None:
        """Lets go of the connection."""
        self._stream.close()

    def _make(self) -> bytes:
        """The part behind the last one; nothing at the end."""
        return b""


_PROBE = 1 << 16
"""Bytes asked for to find out whether a stream has ended with its first piece."""

Cut = Callable[[bytearray, int], int]
"""Where the last whole record ends among so many bytes; 0 where that cannot be told."""


def read_first(stream: Stream) -> bytes:
    """The first bytes of a stream, `FIRST` of them unless it ends before."""
    data = bytearray(FIRST)
    return bytes(memoryview(data)[: stream.readinto(memoryview(data))])


class Pieces:
    """What is left of a stream, in pieces. `left` are bytes of it that were read already.

    Pieces end with a whole record as long as `cut` finds one; from the first that does not, they are cut anywhere.
    """

    def __init__(self, stream: Stream, left: bytes, cut: Cut) -> None:
        self._stream = stream
        self._cut: Cut | None = cut
        # A small file needs neither the large buffer, which costs more to clear than the file to read, nor a thread.
        probe = bytearray(_PROBE)
        count = stream.readinto(memoryview(probe))
        is_small = count == 0
        self._left = len(left) + count
        self._buffer = bytearray(self._left if is_small else max(SIZE, 2 * self._left))
        self._buffer[: len(left)] = left
        self._buffer[len(left) : self._left] = probe[:count]
        self._pool = None if is_small else ThreadPoolExecutor(1, thread_name_prefix="pieces")
        self._next: Future[bytes] | None = self._ask()

    def read(self) -> bytes:
        """The next piece; nothing at the end."""
        if self._next is None:
            return b""
        data = self._next.result()
        self._next = self._ask() if data else None
        return data

    def close(self) -> None:
        """Stops reading; waits for the piece under way, since a connection has one reader."""
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)
        self._stream.close()

    def _ask(self) -> Future[bytes]:
        if self._pool:
            return self._pool.submit(self._read)
        answer: Future[bytes] = Future()
        answer.set_result(self._read())
        return answer

    def _read(self) -> bytes:
        # The buffer is filled again and again: fresh memory for every piece would cost more than copying it.
        view = memoryview(self._buffer)
        count = self._left + self._stream.readinto(view[self._left :])
        end = self._cut(self._buffer, count) if self._cut else count
        if not end:
            end = count
            self._cut = None
        piece = bytes(view[:end])
        self._left = count - end
        view[: self._left] = view[end:count]
        return piece
