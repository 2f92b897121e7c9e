"""A transport that lingers: whoever is still sending when his answer is there can read it before all is closed."""

import asyncio
import socket
import struct
from collections.abc import Callable
from typing import Any

SECONDS = 10.0
"""How long what still comes is read, for nobody. A connection closed with bytes unread is reset, its answer lost."""


_AT_ONCE = struct.pack("ii", 1, 0)
"""Of SO_LINGER: the kernel keeps nothing that was not sent yet."""


class LingeringTransport:
    """uvicorn's transport, but for `close` while a body is still coming: then our side alone is closed at first."""

    def __init__(
        self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop, is_body_coming: Callable[[], bool]
    ) -> None:
        self._transport = transport
        self._loop = loop
        self._is_body_coming = is_body_coming
        self._end: asyncio.TimerHandle | None = None
        self.write = transport.write
        self.pause_reading = transport.pause_reading
        self.resume_reading = transport.resume_reading
        self.get_extra_info = transport.get_extra_info

    @property
    def is_lingering(self) -> bool:
        """Whether the answer is sent, and what still comes is of no interest."""
        return self._end is not None

    def is_closing(self) -> bool:
        """Whether nothing more is to be sent."""
        return self._end is not None or self._transport.is_closing()

    def close(self) -> None:
        """Closes once all is sent; what still comes is read for a while."""
        if self._end is not None:
            return
        if self._is_body_coming() and not self._transport.is_closing():
            self._end = self._loop.call_later(SECONDS, self.abort)
            self._transport.resume_reading()
            self._transport.write_eof()
        else:
            self.finish()

    def finish(self) -> None:
        """Closes at once where all is sent, or else gives a client who reads nothing up."""
        if self._transport.get_write_buffer_size():
            self._end = self._end or self._loop.call_later(SECONDS, self.abort)
        self._transport.close()

    def abort(self) -> None:
        """Closes at once, and tells the other side so by a reset; what it has not read is dropped."""
        connection = self._transport.get_extra_info("socket")
        if connection is not None and not self._transport.is_closing():
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        self._transport.abort()

    def forget(self) -> None:
        """The connection is lost; nothing has to be ended any more."""
        if self._end is not None:
            self._end.cancel()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)
