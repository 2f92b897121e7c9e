"""Whether all is as it was once every attack is over: clean jobs, memory, disk, processes."""

import time

import httpx
import msgspec

from tests.attacks.callers import Member, Visitor
from tests.attacks.target import Target

SETTLE_SECONDS = 75
"""Within which everything is put back: memory, bytes without an owner, processes that were in the middle of a run."""

MORE_API_MB = 200
MORE_DISK_MB = 512
"""The write-ahead log of PostgreSQL and the logs may have grown by so much, not the store."""

TABLE = b"name,age\nAda,36\nBob,17\n"


class Aftermath(msgspec.Struct, frozen=True):
    """What a stack was like before it was attacked: MiB of memory and disk, and how many processes."""

    api_mb: float
    disk_mb: float
    processes: int

    @classmethod
    def look_at(cls, target: Target) -> "Aftermath":
        """The stack as it is now, once a clean job of each API has warmed it."""
        _clean_jobs(target)
        return cls(target.api_mb(), target.disk_mb(), _processes(target))

    def differences(self, target: Target) -> list[str]:
        """What is not as it was, a few words each; none where all is well."""
        wrong = []
        try:
            _clean_jobs(target)
        except (AssertionError, httpx.HTTPError) as error:
            wrong.append(f"a clean job does not work any more ({error})")
        until = time.monotonic() + SETTLE_SECONDS
        while (left := self._left(target)) and time.monotonic() < until:
            time.sleep(1)
        return wrong + left

    def _left(self, target: Target) -> list[str]:
        api, disk, processes = target.api_mb(), target.disk_mb(), _processes(target)
        left = []
        if api > self.api_mb + MORE_API_MB:
            left.append(f"the API holds {api:.0f} MiB, before {self.api_mb:.0f}")
        if disk > self.disk_mb + MORE_DISK_MB:
            left.append(f"the home holds {disk:.0f} MiB, before {self.disk_mb:.0f}")
        if processes > self.processes + 4:
            left.append(f"{processes} processes, before {self.processes}")
        return left


def _processes(target: Target) -> int:
    """All but those by which PostgreSQL serves a pool's connections: a pool keeps what it has opened for minutes."""
    return sum(not each.name().startswith("postgres") for each in target.processes())


def _clean_jobs(target: Target) -> None:
    member = Member(target)
    adults = {"type": "filter", "params": {"column": "age", "operator": "ge", "value": 18}}
    job = member.run(TABLE, adults)
    assert job["status"] == "COMPLETED", job
    assert member.output(job["id"]) == b"name,age\nAda,36\n"
    member.close()
    if any(lane["lane"] == "documents" for lane in httpx.get(f"{target.url}/health/ready").json()["lanes"]):
        visitor = Visitor(target)
        told = visitor.go("note.md", b"# Hello\n\nA note.\n", "docx")
        assert told["status"] == "completed", told
        assert visitor.download(told["job_id"])[:4] == b"PK\x03\x04"
        visitor.leave()
