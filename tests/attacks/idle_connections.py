"""Connections that do nothing: silent ones, half heads, half bodies, and answered ones that stay; 2,000 at a time."""

import asyncio
import contextlib
import resource
import time

from tests.attacks.callers import Member
from tests.attacks.target import Target

MANY = 2000
ADDRESSES = 20
HOLD_SECONDS = 4
FELT_SECONDS = 0.1
"""What 95 of 100 others may wait at most."""

FORM = "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\n"
KINDS = {
    "silent": b"",
    "half a head": b"GET / HTTP/1.1\r\nHost: localhost\r\n",
    "half a body": b"POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\n" + FORM.encode() + b"username=",
    "answered": b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n",
}


def attack(target: Target) -> str:
    """Each kind in turn, from twenty addresses, while others ask for their jobs; then more than an address may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 2 * MANY)), hard))
    member = Member(target, "127.8.2.1")
    path = f"/api/v1/jobs/{member.make()['id']}"
    told = []
    for kind, sent in KINDS.items():
        opened, seconds = asyncio.run(_hold(target, sent, path, member.token))
        p95 = sorted(seconds)[int(len(seconds) * 0.95)]
        assert p95 <= FELT_SECONDS, f"{kind}: others waited {p95:.2f} s (p95)"
        told.append(f"{kind}: {opened} open, others {p95 * 1000:.0f} ms")
    told.append(asyncio.run(_beyond_the_share(target)))
    member.close()
    return "; ".join(told)


async def _hold(target: Target, sent: bytes, path: str, token: str) -> tuple[int, list[float]]:
    """Holds as many connections as it can -> how many there were, and how long each request of others took."""
    held = []
    for n in range(0, MANY, 100):
        made = await asyncio.gather(
            *(_open(target, f"127.8.1.{1 + k % ADDRESSES}", sent) for k in range(n, n + 100)), return_exceptions=True
        )
        held += [one for one in made if not isinstance(one, BaseException)]
    await _ask(target, path, token)  # behind all that the others have sent in one burst
    seconds, until = [], time.monotonic() + HOLD_SECONDS
    while time.monotonic() < until:
        seconds.append(await _ask(target, path, token))
        await asyncio.sleep(0.02)
    for _, writer in held:
        writer.transport.abort()
    await asyncio.sleep(0.5)
    return len(held), seconds


async def _open(target: Target, address: str, sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port, local_addr=(address, 0))
    writer.write(sent)
    return reader, writer


async def _ask(target: Target, path: str, token: str) -> float:
    began = time.monotonic()
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\nConnection: close\r\n\r\n"
    reader, writer = await _open(target, "127.8.2.2", head.encode())
    line = await asyncio.wait_for(reader.readline(), 10)
    writer.close()
    assert b" 200 " in line, f"somebody else was answered {line!r}"
    return time.monotonic() - began


async def _beyond_the_share(target: Target) -> str:
    """One address opens three times what it may have: some of it is told so, the rest is closed at once."""
    held = [await _open(target, "127.8.3.1", b"") for _ in range(300)]
    answers = []
    for reader, writer in held[-150:]:
        with contextlib.suppress(ConnectionError):
            writer.write(KINDS["answered"])
            answers.append(await asyncio.wait_for(reader.readline(), 10))
    for _, writer in held:
        writer.transport.abort()
    assert not any(b" 200 " in line for line in answers), "an address has more connections than its share"
    told = sum(b" 503 " in line for line in answers)
    assert told, "nobody was told that his address has too many connections"
    return f"beyond its share an address was told so {told} times"
