"""What a job's process cannot do, in each kind of sandbox: asked of a hostile engine inside; and what works inside."""

import json
import os
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from filemill.sandbox import landlock, seccomp, users
from filemill.sandbox.kinds import Networked, Sandbox, Weak
from filemill.sandbox.pool import Pool
from tests.fixtures import hostile
from tests.fixtures.hostile import Answer

pytestmark = pytest.mark.anyio

CHECKOUT = Path(__file__).parents[2]

needs_seccomp = pytest.mark.skipif(not seccomp.is_there(), reason="this machine has no libseccomp")
needs_landlock = pytest.mark.skipif(landlock.version() < 1, reason="this kernel has no Landlock")
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts children as other users")


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A secret in a home that its owner alone gets into."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    (home / "secrets.json").write_text("{}")
    return home / "secrets.json"


@asynccontextmanager
async def asking(secret: Path, sandbox: Sandbox, attempts: dict[str, str], **more: Any) -> AsyncIterator[Answer]:
    """The answer of one of two children of a pool in the secret's home, while both live."""
    work = secret.parent / "work"
    work.mkdir(mode=0o700)
    pool = Pool("tables", work, sandbox, program=(str(hostile.TINY),))
    await pool.open(2)
    try:
        async with pool.borrow() as child, pool.borrow() as other:
            facts = {"secret": str(secret), "parent": os.getpid(), "sibling": other.pid, "beside": str(other.workdir)}
            yield await hostile.ask(child, attempts, facts | more)
    finally:
        await pool.close()


async def went(secret: Path, sandbox: Sandbox, attempts: dict[str, str], **more: Any) -> dict[str, str]:
    """How each attempt went."""
    async with asking(secret, sandbox, attempts, **more) as answer:
        return answer.went


def done(went: dict[str, str]) -> list[str]:
    return [what for what, how in went.items() if how == "done"]


@needs_seccomp
@pytest.mark.parametrize("kind", ["networked", "isolated", "weak"])
async def test_no_engine_makes_these_system_calls(secret: Path, kind: str) -> None:
    # given a child of each kind, when it makes calls that reach namespaces, other processes or old holes
    sandbox = await hostile.isolated() if kind == "isolated" else Weak() if kind == "weak" else Networked()
    answered = await went(secret, sandbox, hostile.calls() | hostile.OWN)
    # then each is refused by the list, and what engines need works
    refused = {what: how for what, how in answered.items() if what in hostile.CALLS}
    assert refused == dict.fromkeys(hostile.CALLS, "EPERM") | {"clone3": "ENOSYS"}
    assert done(answered) == list(hostile.OWN)


@needs_landlock
async def test_a_networked_job_sees_neither_secrets_nor_other_processes(secret: Path) -> None:
    answered = await went(secret, Networked(), hostile.FILES)
    assert done(answered) == []


async def test_an_isolated_job_sees_neither_secrets_nor_other_processes(secret: Path) -> None:
    answered = await went(secret, await hostile.isolated(), hostile.FILES | hostile.OWNERS)
    # process numbers inside are others: the parent's and the other child's name nobody, or the job itself
    assert [what for what in done(answered) if "secret" in what or "/etc" in what] == []
    assert set(done(answered)) <= {"root again"}, answered


@needs_landlock
@pytest.mark.skipif(landlock.version() < landlock.SCOPED_SINCE, reason="this kernel's Landlock scopes no signals")
async def test_a_networked_job_signals_nobody(secret: Path) -> None:
    assert done(await went(secret, Networked(), hostile.SIGNALS)) == []


@needs_seccomp
async def test_a_networked_job_opens_no_sockets_but_those_to_the_store(secret: Path, tmp_path: Path) -> None:
    # given services of this machine on ports, on files and on abstract names
    with hostile.servers(tmp_path) as facts:
        store = f"http://127.0.0.1:{facts['store_port']}"
        # when a job that knows them all calls
        wanted = hostile.SOCKETS | hostile.NEEDED
        if landlock.version() >= landlock.PORTS_SINCE:
            wanted |= hostile.PORTS
        answered = await went(secret, Networked(store), wanted, **facts)
    # then the store alone is there
    assert done(answered) == list(hostile.NEEDED)


@needs_seccomp
async def test_a_job_whose_store_has_a_name_may_look_the_name_up(secret: Path, tmp_path: Path) -> None:
    with hostile.servers(tmp_path) as facts:
        lookup = {"a lookup": "socket.getaddrinfo('localhost', 80)", "UDP": hostile.SOCKETS["UDP"]}
        store = Networked(f"http://localhost:{facts['store_port']}")
        answered = await went(secret, store, lookup | hostile.NEEDED | hostile.SOCKETS, **facts)
    assert done(answered) == ["a lookup", "UDP", *hostile.NEEDED]


@needs_landlock
@pytest.mark.skipif(landlock.version() < landlock.SCOPED_SINCE, reason="this kernel's Landlock scopes no sockets")
async def test_a_weak_job_reaches_no_port_and_no_abstract_socket(secret: Path, tmp_path: Path) -> None:
    with hostile.servers(tmp_path) as facts:
        abstract = {"an abstract socket": hostile.SOCKETS["an abstract socket"]}
        answered = await went(secret, Weak(), hostile.PORTS | hostile.SIGNALS | hostile.FILES | abstract, **facts)
    assert done(answered) == []


@needs_root
async def test_a_networked_job_of_root_is_a_user_of_its_own(secret: Path, python_for_all: None) -> None:
    # given a Python that every user can read, and root who starts the children
    everything = hostile.OWNERS | hostile.LIMITS | hostile.FILES | hostile.SIGNALS | hostile.OWN
    # when a job tries what Landlock does not know of, or an old kernel would not keep it from
    async with asking(secret, Networked(), everything) as answer:
        # then it is nobody whom the machine knows, and without rights
        uid = answer.status["Uid"][0]
        assert int(uid) in users.NUMBERS
        assert answer.status == {
            "Uid": [uid] * 4,
            "Gid": [uid] * 4,
            "Groups": [],
            "CapEff": ["0" * 16],
            "CapPrm": ["0" * 16],
            "NoNewPrivs": ["1"],
            "Seccomp": ["2"],
        }
        assert done(answer.went) == list(hostile.OWN)


@needs_root
async def test_an_isolated_job_of_root_is_a_user_of_its_own(secret: Path) -> None:
    sandbox = await hostile.isolated()
    if not sandbox.changes_user:
        pytest.skip("bubblewrap needs a namespace of users here")
    async with asking(secret, sandbox, hostile.OWNERS | hostile.LIMITS | hostile.OWN) as answer:
        assert int(answer.status["Uid"][0]) in users.NUMBERS
        assert (answer.status["Groups"], answer.status["CapPrm"], answer.status["Seccomp"]) == ([], ["0" * 16], ["2"])
        assert done(answer.went) == list(hostile.OWN)


@needs_root
async def test_children_go_on_as_root_where_no_other_user_can_read_python(
    secret: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given an interpreter in a folder of root's
    (tmp_path / "private").mkdir(mode=0o700)
    os.symlink(sys.executable, tmp_path / "private/python")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "private/python"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path[1:]))
    # when children start, then they work as before
    async with asking(secret, Networked(), hostile.OWN) as answer:
        assert (answer.status["Uid"], answer.status["CapPrm"]) == (["0"] * 4, ["0" * 16])
        assert done(answer.went) == list(hostile.OWN)


def test_two_users_are_never_the_same() -> None:
    found = [users.free() for _ in range(50)]
    assert len(set(found)) > 45
    assert all(user.uid in users.NUMBERS and user.gid == user.uid for user in found)


def test_a_whole_container_is_refused_no_more_than_a_job() -> None:
    told = json.loads((CHECKOUT / "compose-seccomp.json").read_text())
    assert set(told["syscalls"][0]["names"]) <= set(seccomp.REFUSED)
