"""Jobs with large steps, made and cancelled: their rows are kept for ninety days, up to a bound."""

import secrets
import time
from concurrent.futures import ThreadPoolExecutor

from tests.attacks.callers import Member
from tests.attacks.target import Target

JOBS = 400
VALUES = 1000
KEPT_MB = 64
"""What an account's ended jobs may take."""

WITHIN_SECONDS = 60


def attack(target: Target) -> str:
    """400 jobs of 120 KB, as they were sent and as they were read."""
    member = Member(target)
    before = target.disk_mb("postgres")
    with ThreadPoolExecutor(4) as at_once:
        made = list(at_once.map(lambda _: _cancelled(member), range(JOBS)))
    began = time.monotonic()
    most = (KEPT_MB << 20) // (2 * VALUES * 100)
    while (left := sum(member.request("GET", f"/jobs/{job}").status_code == 200 for job in made)) > most:
        assert time.monotonic() - began < WITHIN_SECONDS, f"{left} of {JOBS} jobs stay"
        time.sleep(1)
    seconds = time.monotonic() - began
    assert member.request("GET", f"/jobs/{made[-1]}").status_code == 200, "the newest job went"
    more = target.disk_mb("postgres") - before
    assert more < 600, f"the database grew by {more:.0f} MiB"
    member.run(b"a,b\n1,2\n")
    member.close()
    return f"{left} of {JOBS} jobs stay after {seconds:.0f} s; the database's folder grew by {more:.0f} MiB"


def _cancelled(member: Member) -> str:
    values = [secrets.token_urlsafe(90) for _ in range(VALUES)]
    step = {"type": "filter", "params": {"column": "a", "operator": "in", "value": values}}
    job: str = member.make(step, size=10)["id"]
    assert member.request("POST", f"/jobs/{job}/cancel").status_code == 200
    return job
