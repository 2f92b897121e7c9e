"""Sends one GET request over and over through a few connections, as cheaply as Python can."""

import asyncio
from urllib.parse import urlsplit

CONNECTIONS = 8
_HEAD_END = b"\r\n\r\n"


async def _ask(host: str, port: int, request: bytes, times: int) -> None:
    reader, writer = await asyncio.open_connection(host, port)
    try:
        for _ in range(times):
            writer.write(request)
            head = await reader.readuntil(_HEAD_END)
            if not head.startswith(b"HTTP/1.1 200"):
                raise RuntimeError(f"{request.splitlines()[0]!r} was answered {head.splitlines()[0]!r}")
            lower = head.lower()
            at = lower.index(b"content-length:") + len(b"content-length:")
            await reader.readexactly(int(lower[at : lower.index(b"\r\n", at)]))
    finally:
        writer.close()


def send(url: str, token: str, times: int) -> None:
    """So many GET requests, from a few connections at once. Raises RuntimeError where one is not answered with 200."""
    address = urlsplit(url)
    assert address.hostname is not None
    assert address.port is not None
    lines = (f"GET {address.path} HTTP/1.1", f"Host: {address.netloc}", f"Authorization: Bearer {token}", "", "")
    request = "\r\n".join(lines).encode()

    async def all_of_them() -> None:
        share = times // CONNECTIONS
        await asyncio.gather(
            *(_ask(str(address.hostname), int(address.port or 0), request, share) for _ in range(CONNECTIONS))
        )

    asyncio.run(all_of_them())
