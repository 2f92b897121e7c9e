"""Bodies far larger than their address takes: refused before they are read, and nobody else waits."""

from tests.attacks.callers import Member, Visitor
from tests.attacks.target import Target

TOO_LARGE = 30 << 20


def attack(target: Target) -> str:
    """30 MiB to addresses that take a few kilobytes, and a form without an end to the upload."""
    member, visitor = Member(target), Visitor(target)
    content = b'{"file_name": "' + b"x" * TOO_LARGE + b'"}'
    with target.felt() as felt:
        for path in ("/api/v1/jobs", "/api/v1/jobs/plan", "/api/v1/auth/register"):
            answer = member.http.post(path, content=content, headers={"Content-Type": "application/json"})
            assert answer.status_code in (400, 413), f"{path}: {answer.status_code}"
        answer = visitor.http.post("/convert", content=content, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400, f"/convert: {answer.status_code}"
    assert felt.worst < 1, f"others waited {felt.worst:.2f} s"
    member.close()
    visitor.leave()
    return f"others waited {felt.worst * 1000:.0f} ms at most"
