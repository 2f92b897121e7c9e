"""Joins by one key: some hundred kilobytes in, gigabytes out, twice at once."""

import time

from tests.attacks.callers import Member
from tests.attacks.target import STORED_BYTES, Target

ROWS = 20_000
LEFT = b"k,v\n" + b"".join(b"1,%08d\n" % n for n in range(ROWS))
STEPS = (
    {"type": "join", "params": {"input": "b", "on": ["k"], "how": "inner"}},
    {"type": "convert_format", "params": {"to_format": "csv"}},
)
BEYOND_MB = 1024
"""What two runs may write in the two seconds between two counts, and what is being removed of the first."""

WITHIN_SECONDS = 60


def attack(target: Target) -> str:
    """Two joins whose outputs have 8 GB each, of an account that may have one."""
    member = Member(target)
    before = target.disk_mb("store")
    jobs = [_flood(member) for _ in range(2)]
    most, began = 0.0, time.monotonic()
    while True:
        told = [member.ask("GET", f"/jobs/{job}") for job in jobs]
        most = max(most, target.disk_mb("store") - before)
        assert most < (STORED_BYTES >> 20) + BEYOND_MB, f"{most:.0f} MiB were written"
        if all(each["status"] == "FAILED" for each in told):
            break
        assert time.monotonic() - began < WITHIN_SECONDS, f"not ended: {[each['status'] for each in told]}"
        time.sleep(0.2)
    seconds = time.monotonic() - began
    for each in told:
        assert each["error_code"] == "quota", each
        assert f"of the {STORED_BYTES} bytes allowed" in each["error_message"], each
    left = target.disk_mb(*(f"store/objects/filemill/output/{job}" for job in jobs))
    assert left < 1, f"{left:.0f} MiB of outputs stay"
    for job in jobs:
        member.request("DELETE", f"/jobs/{job}")
    member.close()
    return f"both ended after {seconds:.0f} s as quota; {most:.0f} MiB at most"


def _flood(member: Member) -> str:
    extra = [{"name": "b", "file_name": "b.csv", "original_file_size_bytes": 1 << 20}]
    job: str = member.make(*STEPS, extra_inputs=extra)["id"]
    assert member.put(member.upload_url(job), LEFT) == 200
    assert member.put(member.upload_url(job, "b"), LEFT.replace(b"k,v", b"k,w")) == 200
    for key in (f"input/{job}/a.csv", f"input/{job}/b/b.csv"):
        assert member.mark(job, key).status_code == 200
    return job
