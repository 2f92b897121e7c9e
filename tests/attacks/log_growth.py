"""Long addresses without an account: each line of the log would be twice as long as its request."""

import socket
import time

from tests.attacks.target import Target

REQUESTS = 1500
PATH = b"/" + b"%01" * 20_000
MOST_MB = 40
"""The log of the API and the one put aside before, and what a second brings."""


def attack(target: Target) -> str:
    """86 MiB of addresses that there are not."""
    before = target.disk_mb("logs")
    request = b"GET " + PATH + b" HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
    with target.felt() as felt, socket.create_connection(("127.0.0.1", target.port)) as connection:
        answers = connection.makefile("rb")
        for _ in range(REQUESTS):
            connection.sendall(request)
            length = 0
            while (line := answers.readline()) not in (b"\r\n", b""):
                if line.lower().startswith(b"content-length:"):
                    length = int(line.partition(b":")[2])
            answers.read(length)
    time.sleep(2)
    more = target.disk_mb("logs") - before
    assert more < MOST_MB, f"the logs grew by {more:.0f} MiB"
    assert more < REQUESTS * len(PATH) / (10 << 20), f"the logs grew by {more:.0f} MiB of {REQUESTS} requests"
    assert felt.worst < 2, f"others waited {felt.worst:.2f} s"
    return f"{REQUESTS * len(PATH) >> 20} MiB of addresses, {more:.1f} MiB of logs"
