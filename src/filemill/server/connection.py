"""One connection: uvicorn's, with bounds on how long and how much a client may keep us waiting."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from filemill.server.connection_limits import Admission, ConnectionLimits
from filemill.server.heads import Head
from filemill.server.transport import LingeringTransport

HEAD_SECONDS = 15.0
"""From the connection's beginning until the first request's head is whole."""

IDLE_SECONDS = 30
"""From an answer until the next request's head is whole."""

REFUSED_SECONDS = 2.0
"""How long one that is refused may take to ask; without a request there is nothing to answer."""

WRITE_SECONDS = 60.0
"""How long a client may read nothing of what is sent."""

MOST_PIPELINED = 8
"""Requests sent before the answers to earlier ones are there. Hardly any client does that."""

ABORT = "filemill.abort"
"""In the extensions of a request's scope: a function that cuts its connection. ASGI has no word for that."""

REFUSED, INTERNAL = "filemill.refused", "filemill.internal"
"""In the state of a request's scope: its address has too many connections; it came by the port for health."""


class Connection(HttpToolsProtocol):
    """One connection of the API."""

    transport: Any
    """A LingeringTransport, which does all that uvicorn asks of a transport."""

    def __init__(self, *args: Any, limits: ConnectionLimits, health_port: int | None = None, **more: Any) -> None:
        super().__init__(*args, **more)
        self._limits = limits
        self._health_port = health_port
        self._is_internal = False
        self._admission = Admission.DROPPED
        self._head = Head()
        self._is_in_head = False
        self._head_limit: asyncio.TimerHandle | None = None
        self._write_limit: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        """Whether no request is being answered on it."""
        return self.cycle is None or self.cycle.response_complete

    def drop(self) -> None:
        """Closes it at once."""
        self.transport.abort()

    # --- the protocol -------------------------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Serves, refuses or drops a new connection."""
        lingering = LingeringTransport(transport, self.loop, self._is_body_coming)
        super().connection_made(cast("asyncio.Transport", lingering))
        self._is_internal = self.server is not None and self.server[1] == self._health_port
        if self._is_internal:
            self._admission = Admission.SERVED
        elif self.client is not None:
            self._admission = self._limits.admit(self, self.client[0])
        if self._admission is Admission.DROPPED:
            transport.abort()
            return
        seconds = REFUSED_SECONDS if self._admission is Admission.REFUSED else HEAD_SECONDS
        self._head_limit = self.loop.call_later(seconds, self.transport.finish)

    def connection_lost(self, exc: Exception | None) -> None:
        """Forgets the connection."""
        if not self._is_internal and self.client is not None:
            self._limits.leave(self, self.client[0], self._admission)
        for limit in (self._head_limit, self._write_limit, self.timeout_keep_alive_task):
            if limit is not None:
                limit.cancel()
        self.transport.forget()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Hands heads on once they are whole, and bodies as they come."""
        if self.transport.is_closing():
            return
        if self._is_in_head or not self.is_idle:
            super().data_received(data)
        else:
            try:
                whole = self._head.add(data)
            except ValueError:
                self.transport.finish()
                return
            if whole is None:
                return
            super().data_received(whole)
        if self._is_in_head and self._head_limit is None:
            self._head_limit = self.loop.call_later(HEAD_SECONDS, self.transport.finish)

    def shutdown(self) -> None:
        """The server ends: whoever is still sending is not waited for."""
        if self.transport.is_lingering:
            self.transport.abort()
        else:
            super().shutdown()

    def pause_writing(self) -> None:
        """Waits for a client who does not read, but not for ever."""
        super().pause_writing()
        self._write_limit = self.loop.call_later(WRITE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """The client has read something."""
        super().resume_writing()
        if self._write_limit is not None:
            self._write_limit.cancel()
            self._write_limit = None

    def timeout_keep_alive_handler(self) -> None:
        """Ends an idle connection, and with it what its client has not read of the last answer."""
        self.transport.finish()

    # --- the parser's ------------------------------------------------------------------------------------------------

    def on_message_begin(self) -> None:
        """A request begins."""
        self._is_in_head = True
        super().on_message_begin()
        self.scope["extensions"] = {ABORT: self.transport.abort}
        if self._admission is Admission.REFUSED:
            self.scope["state"][REFUSED] = True
        if self._is_internal:
            self.scope["state"][INTERNAL] = True

    def on_headers_complete(self) -> None:
        """The head is whole."""
        self._is_in_head = False
        if self._head_limit is not None:
            self._head_limit.cancel()
            self._head_limit = None
        if len(self.pipeline) >= MOST_PIPELINED:
            self.transport.abort()
            raise ValueError("too many requests before their answers")
        super().on_headers_complete()

    def _unsupported_upgrade_warning(self) -> None:
        """An upgrade that was not seen in time (CONNECT, or in the middle of a pipeline): no byte may be lost."""
        self.transport.abort()

    def _is_body_coming(self) -> bool:
        return self.cycle is not None and self.cycle.more_body
