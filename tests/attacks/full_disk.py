"""A disk that fills, first nearly, then to its last byte: nothing is lost, nothing is stuck, and room mends all of it.

It takes a file system of its own, which root can make: a small ext4 in a file. Nobody else is at this `serve`.
"""

import asyncio
import contextlib
import os
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx

from filemill.local import home, postgres
from tests.attacks.callers import Member, Visitor
from tests.attacks.target import Target

DISK_MB = 1400
KEPT_FREE_MB = 150
MIB = 1 << 20
CONTENT = b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * 7) for n in range(400_000))
FULL_SECONDS = 8
MENDED_SECONDS = 60


def attack(target: Target) -> str:
    """Fills a small disk under a `serve` of its own; `target` is not attacked."""
    if os.geteuid() != 0:
        return "not tried: only root can make a file system"
    with tempfile.TemporaryDirectory(prefix="filemill-disk-") as folder, contextlib.ExitStack() as stack:
        disk = Path(folder) / "disk"
        try:
            stack.enter_context(_mounted(Path(folder) / "image", disk))
        except subprocess.CalledProcessError as error:
            return (
                f"not tried: no file system could be mounted ({error.stderr.decode(errors='replace').strip()[-200:]})"
            )
        small = Target(disk / "home", ("tables",), FILEMILL_DISK_FREE_BYTES=str(KEPT_FREE_MB * MIB))
        stack.callback(small.stop)
        return _nearly_full(small, disk) + "; " + _full(small, disk)


def _nearly_full(small: Target, disk: Path) -> str:
    """Below what is kept free, nothing comes in and what is in hand goes on."""
    member = Member(small)
    in_hand, waiting = _uploaded(member), _uploaded(member)
    assert member.mark(in_hand, f"input/{in_hand}/a.csv").status_code == 200
    with _filled(disk, KEPT_FREE_MB - 50):
        _until(lambda: _parts(small)["disk"] == "full", 15, "nobody noticed that the disk is nearly full")
        body = {"file_name": "a.csv", "original_file_size_bytes": 1, "processing_steps": []}
        answer = member.request("POST", "/jobs", json=body)
        assert answer.status_code == 503, answer.text
        assert member.mark(waiting, f"input/{waiting}/a.csv").status_code == 503
        assert member.ended(in_hand)["status"] == "COMPLETED"
        assert len(member.output(in_hand)) == len(CONTENT)
    _until(lambda: _parts(small)["disk"] == "ok", 15, "nobody noticed that there is room again")
    assert member.mark(waiting, f"input/{waiting}/a.csv").status_code == 200
    assert member.ended(waiting)["status"] == "COMPLETED"
    member.close()
    return "nearly full: 503, jobs in hand completed"


def _full(small: Target, disk: Path) -> str:
    """To the last byte: queued jobs wait, however often the database falls, and all of them end well."""
    member = Member(small)
    jobs = [_uploaded(member) for _ in range(4)]
    for job in jobs:
        assert member.mark(job, f"input/{job}/a.csv").status_code == 200
    with _filled(disk, 0):
        asyncio.run(_use_up_log(small))
        until = time.monotonic() + FULL_SECONDS
        while time.monotonic() < until:
            assert httpx.get(f"{small.url}/health/live", timeout=10).status_code == 200
            with contextlib.suppress(httpx.HTTPError, AssertionError):
                Visitor(small).leave()  # writes to Redis and to the database
            time.sleep(0.5)
    began = time.monotonic()
    _until(lambda: set(_parts(small).values()) <= {"ok", "none"}, MENDED_SECONDS, "the service did not come back")
    for job in jobs:
        ended = member.ended(job)
        assert ended["status"] == "COMPLETED", ended
        assert len(member.output(job)) == len(CONTENT)
    assert member.run(b"a,b\n1,2\n")["status"] == "COMPLETED"
    Visitor(small).leave()
    member.close()
    seconds, fell = time.monotonic() - began, small.said().count("PostgreSQL ended")
    return f"full: {len(jobs)} jobs completed, all well {seconds:.0f} s after; the database fell {fell} times"


def _uploaded(member: Member) -> str:
    job: str = member.make(size=len(CONTENT))["id"]
    assert member.put(member.upload_url(job), CONTENT) == 200
    return job


async def _use_up_log(small: Target) -> None:
    """Makes the database need one more segment of its log, again and again, for which there is no room."""
    secrets, notes = home.look_into(small.home)
    url = postgres.address(notes.ports["postgres"][0], postgres.SUPERUSER, secrets.postgres)
    with contextlib.suppress(asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        connection = await asyncpg.connect(url, timeout=5)
        for _ in range(40):
            await connection.execute("CREATE TABLE IF NOT EXISTS filler (n int); INSERT INTO filler VALUES (1)")
            await connection.execute("SELECT pg_switch_wal()")


def _parts(small: Target) -> dict[str, str]:
    try:
        told: dict[str, str] = httpx.get(f"{small.url}/health/ready", timeout=10).json()["parts"]
    except httpx.HTTPError:
        return {"api": "away"}
    return told


def _until(is_so, seconds: float, otherwise: str) -> None:  # type: ignore[no-untyped-def]
    until = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < until, otherwise
        time.sleep(0.3)


@contextlib.contextmanager
def _filled(disk: Path, left_mb: int) -> Iterator[None]:
    """Takes all room of a disk but so much, inside."""
    ballast = disk / "ballast"
    with open(ballast, "wb", buffering=0) as file, contextlib.suppress(OSError):
        while left_mb == 0 or os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize > left_mb * MIB:
            file.write(bytes(MIB))
    try:
        yield
    finally:
        ballast.unlink()


@contextlib.contextmanager
def _mounted(image: Path, disk: Path) -> Iterator[None]:
    """A small file system, inside. Raises CalledProcessError where this machine lets nobody mount one."""
    disk.mkdir()
    with open(image, "wb") as file:
        file.truncate(DISK_MB * MIB)
    for argv in (["mkfs.ext4", "-q", "-F", "-m", "0", str(image)], ["mount", "-o", "loop", str(image), str(disk)]):
        try:
            subprocess.run(argv, check=True, capture_output=True)
        except FileNotFoundError as error:
            raise subprocess.CalledProcessError(127, argv, stderr=str(error).encode()) from error
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)
