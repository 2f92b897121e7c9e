"""Another user of the machine, and each server's own user, try every port, socket, file and process of a stack."""

import asyncio
import http.client
import json
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import msgspec
import psutil

from filemill.local import seaweedfs_security
from filemill.local.process import LOOPBACK
from tests.attacks.callers import Member
from tests.attacks.target import Target

WORDS = b"nobody-else-reads-this"
STRANGER = 60_799
"""A number that is nobody here."""

ROLES = ("postgres", "filemill", "filemill_owner", "filemill_app", "root", "nobody")
PASSWORDS = (None, "", "postgres", "filemill")


class Stack(msgspec.Struct, frozen=True):
    """What of a stack lies open to be tried, as root sees it."""

    home: Path
    api_port: int
    object_path: str
    processes: dict[int, int]
    """Process id -> user."""

    ports: dict[int, str]
    """Port -> the program that listens there."""

    sockets: frozenset[str]


def attack(target: Target) -> str:
    """Becomes one user after the other, and reads, connects, signals and looks wherever root knows something to be."""
    if os.geteuid() != 0:
        return "skipped: only root can become another user"
    member = Member(target)
    job = member.run(b"word\n" + WORDS + b"\n", {"type": "limit", "params": {"n": 1}})
    target.home.parent.chmod(0o711)  # what lies above a home is not our wall
    stack = _seen(target, f"/filemill/{job['output_object_key']}")
    servers = sorted(set(stack.processes.values()) - {0})
    got = {user: _as(user, stack) for user in (STRANGER, *servers)}
    member.close()
    assert not any(got.values()), "; ".join(f"user {user}: {', '.join(what)}" for user, what in got.items() if what)
    return (
        f"{len(got)} users at {len(stack.ports)} ports, {len(stack.sockets)} sockets and"
        f" {len(stack.processes)} processes got nothing"
    )


def _seen(target: Target, object_path: str) -> Stack:
    users, ports, sockets = {}, {}, {str(path) for path in target.home.rglob("*.sock")}
    for one in target.processes():
        users[one.pid] = one.uids().real
        listening = {at.laddr.port for at in one.net_connections("inet") if at.status == psutil.CONN_LISTEN}
        ports |= dict.fromkeys(listening - {target.port}, " ".join(one.cmdline()))
        sockets |= {at.laddr for at in one.net_connections("unix") if at.laddr.startswith("/")}
    return Stack(target.home, target.port, object_path, users, ports, frozenset(sockets))


def _as(user: int, stack: Stack) -> list[str]:
    """What this user gets: tried in a process of its own, since there is no way back."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        code = 1
        try:
            os.close(reading)
            os.setgroups([])
            os.setresgid(user, user, user)
            os.setresuid(user, user, user)
            os.write(writing, json.dumps(list(_got(user, stack))).encode())
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading, "rb") as told:
        said = told.read()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0, f"user {user} broke off"
    found: list[str] = json.loads(said)
    return found


def _got(user: int, stack: Stack) -> Iterator[str]:
    for port, program in stack.ports.items():
        yield from (f"{what} at port {port}" for what in _at_port(port, program, stack.object_path))
    for path in sorted(stack.sockets):
        if _works(lambda path=path: _connect(path)) and user not in _owner(path):
            yield f"the socket {path}"
    for name in ("", "secrets.json", "notes.json", "logs", "postgres", "redis", "store/objects", "work"):
        if _works(lambda name=name: _read(stack.home / name)):
            yield f"the home's {name or 'list'}"
    for pid, owner in stack.processes.items():
        if owner != user:
            for name in ("environ", "mem", "maps", "fd"):
                if _works(lambda pid=pid, name=name: _read(Path(f"/proc/{pid}/{name}"))):
                    yield f"{name} of process {pid}"
            if _works(lambda pid=pid: os.kill(pid, 0)):
                yield f"a signal to process {pid}"


def _at_port(port: int, program: str, object_path: str) -> Iterator[str]:
    if "redis" in program:
        if b"+PONG" in _said(port, b"PING\r\nKEYS *\r\n"):
            yield "Redis"
    elif "postgres" in program:
        for role in ROLES:
            for password in PASSWORDS:
                if asyncio.run(_comes_in(port, role, password)):
                    yield f"PostgreSQL as {role}"
    else:
        if seaweedfs_security.first_open([port]):
            yield "gRPC"
        for path in (object_path, f"/buckets{object_path}", "/1,01637037d6", "/", "/minio/admin/v3/info"):
            if WORDS in _http(port, path):
                yield f"the object as {path}"


async def _comes_in(port: int, role: str, password: str | None) -> bool:
    try:
        connection = await asyncpg.connect(
            host=LOOPBACK, port=port, user=role, password=password, database="filemill", ssl=False, timeout=2
        )
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError):
        return False
    await connection.close()
    return True


def _http(port: int, path: str) -> bytes:
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().read()
    except (OSError, http.client.HTTPException):
        return b""
    finally:
        connection.close()


def _said(port: int, words: bytes) -> bytes:
    try:
        with socket.create_connection((LOOPBACK, port), timeout=2) as connection:
            connection.settimeout(0.5)
            connection.sendall(words)
            return connection.recv(4096)
    except OSError:
        return b""


def _connect(path: str) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)


def _owner(path: str) -> set[int]:
    try:
        return {os.stat(path).st_uid}
    except OSError:
        return set()


def _read(path: Path) -> None:
    if path.is_dir():
        os.listdir(path)
    else:
        path.read_bytes()


def _works(do: Callable[[], object]) -> bool:
    try:
        do()
    except OSError:
        return False
    return True
