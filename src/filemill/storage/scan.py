"""The virus scanner: a small client of clamd's INSTREAM, over a unix socket or TCP. What is not scanned is refused."""

import asyncio
import os
import struct
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

from filemill import logs
from filemill.errors import FileRefused, ScannerAway, VirusFound

T = TypeVar("T")

CONNECT_SECONDS = 3
FEED_SECONDS = 20
"""How long clamd may take no byte before it counts as away."""

VERDICT_SECONDS = 150
"""How long it may think over a whole file; its own limit, MaxScanTime, is 120 s unless it is told otherwise."""

LONGEST_SOCKET = 107
"""Bytes of a path that the kernel takes for a unix socket."""

_ROOM = "filemill.storage.scan"
_FOUND, _CLEAN = " FOUND", "stream: OK"
_LIMITS = "Heuristics.Limits.Exceeded"
_END = b"\0\0\0\0"


class Scan:
    """One file on its way through clamd: `feed` every piece of it, then ask for the `verdict`."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def feed(self, data: bytes) -> None:
        """Hands the next bytes on. Raises ScannerAway, also where clamd takes no file so large."""
        if data:
            await self._within(FEED_SECONDS, self._send(struct.pack("!L", len(data)), data))

    async def verdict(self) -> None:
        """Returns if nothing was found. Raises VirusFound, FileRefused (packed beyond clamd's limits), ScannerAway."""
        answer = (await self._within(VERDICT_SECONDS, self._ask())).decode(errors="replace")[:-1]
        if answer == _CLEAN:
            return
        if not answer.endswith(_FOUND):
            raise _away(answer)
        signature = answer.removeprefix("stream: ").removesuffix(_FOUND)
        logs.say(_ROOM, "virus found", signature=signature)
        if signature.startswith(_LIMITS):
            raise FileRefused(
                "The file unpacks to more than the virus scanner looks through; send its parts one by one."
            )
        raise VirusFound

    async def _send(self, *parts: bytes) -> None:
        _write(self._writer, *parts)
        await self._writer.drain()

    async def _ask(self) -> bytes:
        _write(self._writer, _END)
        return await self._reader.readuntil(b"\0")

    async def _within(self, seconds: float, awaited: Awaitable[T]) -> T:
        try:
            async with asyncio.timeout(seconds):
                return await awaited
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError) as error:
            raise _away(await self._last_words()) from error

    async def _last_words(self) -> str:
        """What clamd said before it hung up, such as that the stream is too long."""
        try:
            async with asyncio.timeout(1):
                return (await self._reader.read(1000)).decode(errors="replace").strip("\0")
        except (OSError, TimeoutError):
            return ""


class Scanner:
    """clamd at `address`: `unix:///path/of/its/socket` or `tcp://host:port`."""

    def __init__(self, address: str) -> None:
        self._address = urlsplit(address)

    @asynccontextmanager
    async def scan(self) -> AsyncIterator[Scan]:
        """Begins to scan one file. Raises ScannerAway."""
        reader, writer = await self._connect()
        try:
            _begin(writer)
            yield Scan(reader, writer)
        finally:
            writer.transport.abort()  # of a file that is given up nothing more is sent

    async def probe(self) -> None:
        """Returns if clamd answers. Raises ScannerAway."""
        reader, writer = await self._connect()
        try:
            _write(writer, b"zPING\0")
            async with asyncio.timeout(CONNECT_SECONDS):
                answer = await reader.readuntil(b"\0")
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError) as error:
            raise ScannerAway from error
        finally:
            writer.transport.abort()
        if answer != b"PONG\0":
            raise ScannerAway

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                if self._address.scheme == "tcp":
                    return await asyncio.open_connection(self._address.hostname, self._address.port)
                return await _open_socket(Path(self._address.path))
        except (OSError, TimeoutError) as error:
            raise ScannerAway from error


async def _open_socket(path: Path) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    if len(os.fsencode(path)) <= LONGEST_SOCKET:
        return await asyncio.open_unix_connection(path)
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)  # a shorter way to the same socket
    try:
        return await asyncio.open_unix_connection(f"/proc/self/fd/{folder}/{path.name}")
    finally:
        os.close(folder)


def _begin(writer: asyncio.StreamWriter) -> None:
    try:
        _write(writer, b"zINSTREAM\0")
    except OSError as error:
        raise ScannerAway from error


def _write(writer: asyncio.StreamWriter, *parts: bytes) -> None:
    """Raises OSError where clamd has hung up: asyncio would say nothing of it here, uvloop raises a RuntimeError."""
    if writer.is_closing():
        raise ConnectionResetError
    writer.writelines(parts)


def _away(answer: str) -> ScannerAway:
    logs.warn(_ROOM, "the scanner gave no verdict", answer=answer)
    return ScannerAway()
