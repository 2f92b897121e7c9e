"""Reads the next piece of a stream while the last one is being worked on."""

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Protocol


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

    def read(self, most: int) -> bytes:
        """The next bytes, `most` of them unless the stream ends before."""
        ...

    def close(self) -> None:
        """Stops."""
        ...


class Ahead:
    """A stream in pieces of one size, one piece ahead."""

    def __init__(self, stream: Stream, piece: int) -> None:
        self._stream = stream
        self._piece = piece
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="ahead")
        self._next: Future[bytes] | None = self._pool.submit(stream.read, piece)

    def read(self) -> bytes:
        """The next piece; nothing at the end."""
        if self._next is None:
            return b""
        data = self._next.result()
        self._next = self._pool.submit(self._stream.read, self._piece) if data else None
        return data

    def close(self) -> None:
        """Stops reading; waits for the piece under way, since a connection has one reader."""
        self._pool.shutdown(wait=True, cancel_futures=True)
        self._stream.close()
