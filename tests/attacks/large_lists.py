"""Long lists for readers who do not read: the API keeps a page of each, and no connection to the database."""

import contextlib
import socket
from concurrent.futures import ThreadPoolExecutor

from tests.attacks.callers import Member, any_address
from tests.attacks.target import Target

JOBS = 400
STEP = {"type": "filter", "params": {"column": "a", "operator": "in", "value": ["x" * 120] * 1000}}
"""About 120 KiB: nearly as much as the steps of one job may have."""

READERS = 40
MOST_MB = 60
"""Of all readers; half a MiB each is what the server itself keeps ready for a connection."""


def attack(target: Target) -> str:
    """50 MiB of jobs, listed by forty who read nothing and by one who reads."""
    member = Member(target)
    with ThreadPoolExecutor(4) as several:
        made = set(several.map(lambda _: _make(member), range(JOBS)))
    before = target.api_mb()
    with contextlib.ExitStack() as open_ones, target.felt("/health/ready") as felt:
        for _ in range(READERS):
            open_ones.enter_context(_ask(target, member.token))
        told = {job["id"] for job in member.ask("GET", "/jobs?limit=1000")}
        again = {job["id"] for job in member.ask("GET", "/jobs?limit=1000")}
        grown = target.api_mb() - before
    assert told == again == made, f"the list has {len(told)} jobs of {len(made)}"
    assert grown < MOST_MB, f"{READERS} readers who do not read cost {grown:.0f} MiB"
    assert felt.worst < 2, f"others waited {felt.worst:.2f} s"
    assert not felt.refused, f"{felt.refused} others were refused"
    member.close()
    return f"{grown:.0f} MiB for {READERS} readers, others waited {felt.worst * 1000:.0f} ms at most"


def _make(member: Member) -> str:
    """A job that has ended, so that the account may have more of them -> its id."""
    job: str = member.make(STEP, size=10)["id"]
    member.ask("POST", f"/jobs/{job}/cancel", json={})
    return job


def _ask(target: Target, token: str) -> socket.socket:
    """Asks for the list and reads nothing of it."""
    reader = socket.create_connection(("127.0.0.1", target.port), source_address=(any_address(), 0))
    reader.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    reader.sendall(
        f"GET /api/v1/jobs?limit=1000 HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n\r\n".encode()
    )
    return reader
