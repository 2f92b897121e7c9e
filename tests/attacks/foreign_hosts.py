"""Pages of other sites whose name leads to this machine, and callers who look for the inside: nobody hears anything."""

import http.client

from tests.attacks.callers import Member
from tests.attacks.target import Target

NAMES = ("evil.example", "evil.example:{port}", "127.0.0.1.evil.example:{port}", "localhost:evil", "[::2]:{port}", "")
PATHS = ("/", "/session/init", "/api/v1/jobs", "/docs", "/schema/openapi.json", "/metrics", "/health/ready", "/nothing")


def attack(target: Target) -> str:
    """Every path under every foreign name; and the same with the token of a member."""
    member = Member(target)
    for name in NAMES:
        for path in PATHS:
            status = _ask(target, path, name.format(port=target.port), member.token)
            assert status == 400 or name.startswith("localhost:"), f"{path} under {name!r} was answered {status}"
    member.close()
    return f"{len(NAMES) * len(PATHS)} requests under foreign names were refused"


def _ask(target: Target, path: str, host: str, token: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=10)
    try:
        connection.putrequest("GET", path, skip_host=True)
        connection.putheader("Host", host)
        connection.putheader("Authorization", f"Bearer {token}")
        connection.endheaders()
        return connection.getresponse().status
    finally:
        connection.close()
