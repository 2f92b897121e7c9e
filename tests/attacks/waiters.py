"""One account that waits on as many connections as it can: others are answered, and it is told to ask again."""

import asyncio
import resource
import time

from tests.attacks.callers import Member
from tests.attacks.target import Target

MANY = 90
"""Fewer than an address may have open: here the account is bounded, not the address."""

WAIT_SECONDS = 10
MAY_WAIT = 20


def attack(target: Target) -> str:
    """Ninety requests of one account wait for a job that never runs, then the same for plans."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, 4096)), hard))
    member = Member(target, "127.9.0.1")
    job = member.make()["id"]
    with target.felt() as felt:
        seconds = asyncio.run(_wait_at_once(target, member, f"/api/v1/jobs/{job}?wait={WAIT_SECONDS}"))
        again = asyncio.run(_waits_again(target, member, f"/api/v1/jobs/{job}?wait=3"))
    at_once = sum(each < WAIT_SECONDS / 2 for each in seconds)
    member.close()
    assert again > 2, "whoever has left still holds the places of those who wait"
    assert at_once >= MANY - MAY_WAIT, f"only {at_once} of {MANY} requests were answered at once"
    assert not felt.refused, f"{felt.refused} others were not answered"
    assert felt.p95 < 0.5, f"others waited {felt.p95:.2f} s"
    return f"{MANY - at_once} waited, {at_once} were answered at once; others waited {felt.p95 * 1000:.0f} ms (p95)"


async def _wait_at_once(target: Target, member: Member, path: str) -> list[float]:
    async def one() -> float:
        began = time.monotonic()
        reader, writer = await _ask(target, member, path)
        line = await reader.readline()
        writer.close()
        assert b" 200 " in line, line
        return time.monotonic() - began

    return list(await asyncio.gather(*(one() for _ in range(MANY))))


async def _waits_again(target: Target, member: Member, path: str) -> float:
    """As many as may wait hang up at once -> the seconds for which the next one waits."""
    gone = [await _ask(target, member, path.replace("wait=3", "wait=30")) for _ in range(MAY_WAIT)]
    await asyncio.sleep(1)
    for _, writer in gone:
        writer.transport.abort()
    await asyncio.sleep(1)
    began = time.monotonic()
    reader, writer = await _ask(target, member, path)
    await reader.readline()
    writer.close()
    return time.monotonic() - began


async def _ask(target: Target, member: Member, path: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port, local_addr=("127.9.0.1", 0))
    head = f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {member.token}\r\n\r\n"
    writer.write(head.encode())
    return reader, writer
