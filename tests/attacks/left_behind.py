"""Files that were deleted are looked for byte by byte: in the home, in shared memory, among temporary files."""

import contextlib
import os
import secrets
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from tests.attacks.callers import Member, Visitor
from tests.attacks.target import Target

LINES = 20_000
"""Of a text with the words in each line: far more than a store keeps beside the names of its objects."""

STORE_SECONDS = 5
"""Within which the store has removed what was deleted; SeaweedFS says nothing of when (docs/security.md)."""

DEAD_SECONDS = 30
"""Within which the folder of a killed worker is removed."""

PART = 5 << 20
SORTED = {"type": "sort", "params": {"by": [{"column": "a"}]}}


def attack(target: Target) -> str:
    """Converts, uploads and gives up files with a secret in them, deletes everything, and looks for the secret."""
    secret = secrets.token_hex(16)
    began = time.time()
    _visit(target, secret)
    _found_none(target, secret, [target.home / "work"], "a session was closed", began)
    _work(target, secret)
    _found_none(target, secret, [target.home / "work"], "jobs were deleted", began)
    killed = _kill_a_worker(target, secret)
    looked = 0.0
    if not (target.home / "seaweedfs.json").exists():
        looked = _wait_until_none(target, secret)
    return f"no byte left in work at once, {killed:.1f} s after a kill, in the store {looked:.1f} s after the last"


def _visit(target: Target, secret: str) -> None:
    """One visitor, files for each of the document engine's programs, one that fails, one that nobody converts."""
    text = f"{secret} of a visitor\n".encode() * LINES
    visitor = Visitor(target)
    short = text[: len(text) // 100]
    for name, content, to in (
        ("a.txt", short, "pdf"),
        ("b.md", short, "docx"),
        ("c.md", short, "pdf"),
        ("d.csv", b"a,b\n" + short.replace(b" ", b","), "xlsx"),
        ("e.docx", b"PK\3\4" + text, "pdf"),
    ):
        with contextlib.suppress(AssertionError):  # a lane without the program, or a file that is refused at once
            visitor.go(name, content, to)
    visitor.upload("f.txt", text)
    visitor.leave()


def _work(target: Target, secret: str) -> None:
    """One member: a job that ends well, one that fails, an upload that is not marked, one in parts that is given up."""
    member = Member(target)
    rows = f"{secret},1\n".encode() * LINES
    jobs = [member.run(b"a,b\n" + rows, SORTED)["id"], member.run(b"a,b\n" + rows + b'"', SORTED)["id"]]
    unmarked = member.make(size=len(rows))["id"]
    assert member.put(member.upload_url(unmarked), rows) == 200
    in_parts = member.make(size=2 * PART)["id"]
    member.ask("POST", f"/jobs/{in_parts}/multipart", json={})
    told = member.ask("POST", f"/jobs/{in_parts}/multipart/parts", json={"part_numbers": [1]})
    assert member.put(told["parts"][0]["url"], (rows * 10)[:PART]) == 200
    for job in (*jobs, unmarked, in_parts):
        member.ask("DELETE", f"/jobs/{job}")
    member.close()


def _kill_a_worker(target: Target, secret: str) -> float:
    """Kills a worker and its children while a table is sorted -> seconds until nothing of the run was there."""
    member = Member(target)
    rows = f"{secret},1\n".encode() * LINES * 20
    job = member.make(SORTED, size=len(rows) + 4)["id"]
    assert member.put(member.upload_url(job), b"a,b\n" + rows) == 200
    member.mark(job, f"input/{job}/a.csv")
    for each in target.processes():
        with contextlib.suppress(psutil.Error):
            if "workers" in " ".join(each.cmdline()) and "tables" in each.cmdline():
                each.kill()
    began = time.monotonic()
    assert member.ended(job)["status"] == "COMPLETED"
    member.ask("DELETE", f"/jobs/{job}")
    member.close()
    while found := _found(secret, [target.home / "work"]):
        assert time.monotonic() - began < DEAD_SECONDS, f"a killed worker left {found[0]}"
        time.sleep(0.5)
    return time.monotonic() - began


def _found_none(target: Target, secret: str, places: list[Path], after: str, since: float) -> None:
    found = _found(secret, places) + _found(secret, [Path(tempfile.gettempdir()), Path("/dev/shm")], since)
    assert not found, f"after {after} the words of a file still lie in {found[0]} ({len(found)} files)"


def _wait_until_none(target: Target, secret: str) -> float:
    """Looks through the whole home until nothing is found -> after how many seconds."""
    began = time.monotonic()
    while found := _found(secret, [target.home]):
        assert time.monotonic() - began < STORE_SECONDS, f"the words of a deleted file still lie in {found[0]}"
        time.sleep(0.2)
    return time.monotonic() - began


def _found(secret: str, places: list[Path], since: float | None = None) -> list[str]:
    """The files that hold the secret: at every depth, or those directly in the places that are new."""
    return [str(path) for place in places for path in _files(place, since) if _holds(path, secret.encode())]


def _files(place: Path, since: float | None) -> Iterator[Path]:
    for at, folders, names in os.walk(place):
        if since is not None:
            folders.clear()
        for path in (Path(at, name) for name in names):
            with contextlib.suppress(OSError):
                if path.is_file() and (since is None or path.stat().st_mtime >= since):
                    yield path


def _holds(path: Path, words: bytes) -> bool:
    with contextlib.suppress(OSError):
        return words in path.read_bytes()
    return False
