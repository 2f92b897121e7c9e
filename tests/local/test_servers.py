"""The embedded servers: nobody gets in without a password; the sandbox's key opens what a sandbox needs."""

import io
import os
import resource
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import psutil
import pytest
import redis
from minio import Minio
from minio.error import S3Error

from filemill.local import rotation, supervisor
from filemill.local.keys import SANDBOX, SERVICE, Keys
from filemill.local.minio_server import MinioServer
from filemill.local.ports import free_port
from filemill.local.process import NotStarted, Process, Program
from tests.fixtures.faulty import have_died

pytestmark = pytest.mark.anyio


def client(store, name, secret):
    return Minio(urlsplit(store.url).netloc, name, secret, secure=False, region="us-east-1")


async def test_postgres_wants_the_password(servers):
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(servers.database("postgres").replace(servers.postgres_password, "guess"))


async def test_redis_wants_the_password(servers):
    with pytest.raises(redis.AuthenticationError):
        redis.Redis.from_url(f"redis://127.0.0.1:{urlsplit(servers.redis_url).port}/0").ping()


async def test_the_sandbox_reads_inputs_and_writes_outputs_and_nothing_else(any_store, bucket):
    service = client(any_store, SERVICE, any_store.service)
    sandbox = client(any_store, SANDBOX, any_store.sandbox)
    service.put_object(bucket, "input/one/in.csv", io.BytesIO(b"in"), 2)
    service.put_object(bucket, "output/one/old.csv", io.BytesIO(b"out"), 3)

    assert sandbox.get_object(bucket, "input/one/in.csv").read() == b"in"
    sandbox.put_object(bucket, "output/one/new.csv", io.BytesIO(b"new"), 3)
    large = bytes(6 * 2**20)
    sandbox.put_object(bucket, "output/one/large.csv", io.BytesIO(large), len(large), part_size=5 * 2**20)

    refused = [
        lambda: sandbox.put_object(bucket, "input/one/in.csv", io.BytesIO(b"no"), 2),
        lambda: sandbox.remove_object(bucket, "input/one/in.csv"),
        lambda: sandbox.get_object(bucket, "output/one/old.csv"),
        lambda: list(sandbox.list_objects(bucket)),
        lambda: sandbox.make_bucket("another"),
    ]
    for attempt in refused:
        with pytest.raises(S3Error) as error:
            attempt()
        assert error.value.code == "AccessDenied"
    for key in ("input/one/in.csv", "output/one/old.csv", "output/one/new.csv", "output/one/large.csv"):
        service.remove_object(bucket, key)


async def test_the_service_has_its_buckets_and_no_other(any_store, bucket):
    service = client(any_store, SERVICE, any_store.service)

    with pytest.raises(S3Error) as error:
        service.make_bucket("another")

    assert error.value.code == "AccessDenied"
    assert bucket in {one.name for one in service.list_buckets()}


def test_a_log_is_put_aside_while_its_server_writes(tmp_path, monkeypatch):
    """Given a server that says that it is ready and then writes without an end: its logs never hold more than two."""
    monkeypatch.setattr(rotation, "LONGEST", 100_000)
    writes = "print('ready', flush=True)\nwhile True: print('x' * 9999, flush=True); time.sleep(0.002)"
    log = tmp_path / "a.log"
    server = Process(Program(name="A server", argv=(sys.executable, "-c", f"import time\n{writes}"), log=log))
    server.start()
    server.wait_until(lambda: server.said(b"ready"), 10)
    before = log.with_suffix(".log.before")
    put_aside = 0
    try:
        while put_aside < 3:
            if log.stat().st_size > rotation.LONGEST:
                put_aside += 1
            server.turn_log_over()
            assert log.stat().st_size < 3 * rotation.LONGEST
            assert server.said(b"ready")
            time.sleep(0.02)
        assert before.stat().st_size <= rotation.LONGEST
        assert server.alive
    finally:
        server.stop()


def test_serve_looks_at_every_log(tmp_path, monkeypatch):
    monkeypatch.setattr(rotation, "LONGEST", 1000)
    one = Process(Program(name="A server", argv=("sh", "-c", "printf %02000d 1; sleep 100"), log=tmp_path / "a.log"))
    one.start()
    turns = iter(range(40))

    def check() -> None:
        if next(turns, None) is None or (tmp_path / "a.log.before").exists():
            raise InterruptedError

    try:
        with pytest.raises(InterruptedError):
            supervisor.watch([one], print, check)
        assert (tmp_path / "a.log.before").stat().st_size == 1000
        assert (tmp_path / "a.log").stat().st_size == 0
    finally:
        one.stop()


def test_serve_removes_deleted_bytes_every_second(tmp_path):
    # given a store whose trash holds something, as it does after a deletion
    store = MinioServer(tmp_path, ports=[1], keys=Keys("r", "s", "c"), buckets=(), origins=(), log=tmp_path / "log")
    trash = tmp_path / ".minio.sys/tmp/.trash"
    (trash / "an object/part").mkdir(parents=True)
    (trash / "an object/part/part.1").write_bytes(b"words of a stranger")
    until = time.monotonic() + 5

    def check() -> None:
        if not list(trash.iterdir()) or time.monotonic() > until:
            raise InterruptedError

    # when serve watches over its parts, then the trash is emptied
    with pytest.raises(InterruptedError):
        supervisor.watch([store], print, check)
    assert list(trash.iterdir()) == []


def test_no_server_leaves_a_core_file(tmp_path):
    one = Process(Program(name="A server", argv=("sleep", "100"), log=tmp_path / "a.log"))
    one.start()
    try:
        assert resource.prlimit(one.pid or 0, resource.RLIMIT_CORE) == (0, 0)
    finally:
        one.stop()


async def test_a_server_that_fails_is_told_by_its_last_words(tmp_path):
    failing = Process(Program(name="A server", argv=("sh", "-c", "echo no room; exit 3"), log=tmp_path / "log"))

    failing.start()
    with pytest.raises(NotStarted, match="A server ended with code 3: no room"):
        failing.wait_until(lambda: False, 10)


async def test_a_server_that_does_not_answer_is_killed(tmp_path):
    slow = Process(Program(name="A server", argv=("sleep", "100"), log=tmp_path / "log"))

    slow.start()
    with pytest.raises(NotStarted, match="not ready after"):
        slow.wait_until(lambda: False, 0.2)

    assert not slow.alive


async def test_stopping_kills_what_the_leader_left_behind(tmp_path):
    leader, child = started(
        tmp_path, "trap 'exit 0' TERM; (trap '' TERM; sleep 100 & echo $! > {pid_file}; wait) & wait"
    )

    leader.stop()

    assert is_gone(child)


async def test_a_child_with_a_session_of_its_own_does_not_outlive_the_leader(tmp_path):
    # given a leader that does not end when asked, and a child out of its group, as PostgreSQL's are
    leader, pid = started(tmp_path, "trap '' TERM; setsid sleep 100 & echo $! > {pid_file}; wait")
    child = psutil.Process(pid)
    leader.wait_until(lambda: os.getpgid(pid) != leader.pid, 10)

    # when its time is over
    leader.stop(grace=0.1)

    # then both are gone at once
    assert have_died([child])


async def test_a_program_that_is_missing_is_named(tmp_path):
    with pytest.raises(NotStarted, match="A server cannot be started"):
        Process(Program(name="A server", argv=("/no/such/program",), log=tmp_path / "log")).start()


async def test_a_port_in_use_is_not_chosen():
    port = free_port()
    assert free_port(port) == port
    assert free_port(port, taken=frozenset({port})) != port


def started(folder: Path, script: str) -> tuple[Process, int]:
    """A leader that runs a script, and the child whose process id the script writes into `{pid_file}`."""
    pid_file = folder / "pid"
    argv = ("sh", "-c", script.format(pid_file=pid_file))
    leader = Process(Program(name="A server", argv=argv, log=folder / "log"))
    leader.start()
    leader.wait_until(lambda: pid_file.exists() and pid_file.read_text().strip() != "", 10)
    return leader, int(pid_file.read_text())


def is_gone(pid: int) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with open(f"/proc/{pid}/stat") as stat:
            if stat.read().split(") ")[1].startswith("Z"):
                return True
        time.sleep(0.02)
    return False
