"""Uploads far larger than announced: before the mark, over a marked input, after a deletion, and in parts."""

import time

from tests.attacks.callers import Member
from tests.attacks.target import Target

LARGE = b"1,2\n" * (12 << 20)
PART = b"1,2\n" * (2 << 20)
WITHIN_SECONDS = 60


def attack(target: Target) -> str:
    """160 MiB where 40 bytes were announced: none of it is there a minute later, and the mark says why."""
    member = Member(target)
    before = target.disk_mb("store/objects/filemill")
    waiting = member.make(size=10)["id"]
    assert member.put(member.upload_url(waiting), LARGE) == 200

    marked = member.make(size=10)["id"]
    url = member.upload_url(marked)
    assert member.put(url, b"a,b\n1,2\n") == 200
    assert member.mark(marked, f"input/{marked}/a.csv").status_code == 200
    assert member.ended(marked)["status"] == "COMPLETED"
    assert member.put(url, LARGE) == 200

    deleted = member.make(size=10)["id"]
    url = member.upload_url(deleted)
    assert member.request("DELETE", f"/jobs/{deleted}").status_code in (200, 204)
    time.sleep(4)  # what was there is removed by now
    assert member.put(url, LARGE) == 200

    parts = member.make(size=10)["id"]
    member.ask("POST", f"/jobs/{parts}/multipart", json={})
    urls = member.ask("POST", f"/jobs/{parts}/multipart/parts", json={"part_numbers": [1, 2]})["parts"]
    for part in urls:
        assert member.put(part["url"], PART) == 200

    began = time.monotonic()
    folders = [f"store/objects/filemill/input/{job}" for job in (waiting, marked, deleted, parts)]
    open_parts = "store/objects/.minio.sys/multipart"
    while (left := target.disk_mb(*folders, open_parts)) > 1:
        assert time.monotonic() - began < WITHIN_SECONDS, f"{left:.0f} MiB lie there after {WITHIN_SECONDS} s"
        time.sleep(0.5)
    seconds = time.monotonic() - began
    told = member.mark(waiting, f"input/{waiting}/a.csv")
    assert told.status_code == 400, told.text
    assert "more than the 10 bytes announced" in told.text, told.text
    for job in (waiting, marked, parts):
        member.request("DELETE", f"/jobs/{job}")
    member.close()
    return (
        f"gone after {seconds:.0f} s; the bucket holds {target.disk_mb('store/objects/filemill') - before:.0f} MiB more"
    )
