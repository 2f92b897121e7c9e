"""Workbooks that LibreOffice computes for minutes, from many sessions of one address: others have a turn soon."""

import time

from tests.attacks.callers import Visitor, any_address
from tests.attacks.target import Target
from tests.fixtures import workbooks

SESSIONS = 6
ROWS = 5000
WAIT_SECONDS = 60
"""After 20 seconds one of two runs of an address gives way to whoever has none."""


def attack(target: Target) -> str:
    """Six sessions of one address hold every slot; a visitor from elsewhere comes before the four that wait."""
    content, address = workbooks.slow(ROWS), any_address()
    crowd = [Visitor(target, address) for _ in range(SESSIONS)]
    for visitor in crowd:
        job, answer = visitor.upload("slow.xlsx", content)
        assert answer.status_code == 200, answer.text
        assert visitor.convert(job, "pdf").status_code == 200
    other = Visitor(target)
    began = time.monotonic()
    with target.felt() as felt:
        told = other.go("note.md", b"# A note\n", "html", seconds=WAIT_SECONDS)
    waited = time.monotonic() - began
    for visitor in (*crowd, other):
        visitor.leave()
    assert told["status"] == "completed", told
    assert felt.worst < 1, f"the API answered after {felt.worst:.2f} s"
    return f"a visitor from elsewhere waited {waited:.0f} s behind two of {SESSIONS} slow workbooks"
