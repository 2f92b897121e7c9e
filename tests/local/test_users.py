"""Where root starts the servers, each is a user of its own; homes in which they shared one are handed over."""

import asyncio
import io
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import asyncpg
import psutil
import pytest
import redis as redis_client

from filemill.local import object_store, system, users
from filemill.local.keys import Keys
from filemill.local.ports import free_port
from filemill.local.postgres import Postgres
from filemill.local.process import User
from filemill.local.redis import Redis
from tests.fixtures import servers

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root starts servers as other users")

NOBODY = User(65_534, 65_534)


@pytest.fixture
def home():
    """A folder that root alone may enter, as a home is."""
    folder = Path(tempfile.mkdtemp(prefix="filemill-users-"))
    yield folder
    shutil.rmtree(folder)


def owners(folder):
    """Whose a folder and all in it are, but what root has put there since."""
    found = {path.lstat().st_uid for path in (folder, *folder.rglob("*"))}
    return found - {0}


def give_all(folder, user):
    for path in (folder, *folder.rglob("*")):
        os.chown(path, user.uid, user.gid, follow_symlinks=False)


def test_every_server_of_a_stack_is_a_user_of_its_own(stack):
    leaders = {one: psutil.Process(one.process.pid) for one in stack._servers}
    found = [leader.uids().real for leader in leaders.values()]

    assert len(found) == len(set(found)), "no two are the same user"
    assert 0 not in found
    for leader in leaders.values():
        assert leader.uids() == (leader.uids().real,) * 3
        assert not set(os.getgrouplist("root", 0)) & set(psutil.Process(leader.pid).gids())


def test_a_database_that_was_nobodys_is_handed_over_also_when_that_is_broken_off(home):
    # given a database of an earlier version, all of which is nobody's
    made = Postgres(home / "postgres", port=free_port(), password=servers.secret(), log=home / "log", durable=False)
    made.start()
    made.stop()
    give_all(made.folder, NOBODY)
    # and a first start that was killed in the middle of the hand-over
    assert broken_off(made.folder, users.user_of("postgres"), after=100) == -signal.SIGKILL
    assert owners(made.folder) == {NOBODY.uid, users.user_of("postgres").uid}
    # when it is started again
    made.start()
    try:
        # then it runs, and all of it is its user's
        assert asyncio.run(answer(made.url)) == 1
        assert owners(made.folder) == {users.user_of("postgres").uid}
    finally:
        made.stop()


def test_redis_keeps_its_rows_when_it_becomes_another_user(home):
    # given a Redis that root ran, with a key in it
    made = Redis(home / "redis", port=free_port(), password=servers.secret(), log=home / "log")
    made.start()
    redis_client.Redis.from_url(made.url).set("a", "kept")
    made.stop()
    give_all(made.folder, User(0, 0))
    # when
    made.start()
    try:
        # then
        assert redis_client.Redis.from_url(made.url).get("a") == b"kept"
        assert psutil.Process(made.process.pid).uids().real == users.user_of("redis").uid
    finally:
        made.stop()


@pytest.mark.parametrize("name", servers.STORE_NAMES)
def test_a_store_keeps_its_objects_when_it_becomes_another_user(home, name):
    if not object_store.is_there(name):
        pytest.skip(f"{name} is not installed")
    store = object_store.make(
        name,
        home / "store/objects",
        ports=object_store.choose_ports(name),
        keys=Keys("r" * 40, "s" * 40, "c" * 40),
        log=home / "log",
        buckets=["filemill"],
    )
    try:
        # given a store that root ran, with an object in it
        store.start()
        object_store.prepare(store)
        client = object_store.root_client(store)
        client.put_object("filemill", "input/a", io.BytesIO(b"kept"), 4)
        store.stop()
        give_all(store.folder, User(0, 0))
        # when
        store.start()
        object_store.prepare(store)
        # then
        assert client.get_object("filemill", "input/a").read() == b"kept"
        assert psutil.Process(store.process.pid).uids().real == users.user_of("store").uid
        assert owners(store.folder) == {users.user_of("store").uid}
    finally:
        store.stop()


def test_a_hand_over_follows_no_link_and_takes_no_file_that_lies_elsewhere(home):
    # given a folder in which nobody has laid links to what is not nobody's
    folder = home / "folder"
    folder.mkdir()
    (home / "secret").write_text("root's")
    (home / "sub").mkdir()
    (folder / "own").write_text("nobody's")
    give_all(folder, NOBODY)
    os.link(home / "secret", folder / "hard")
    (folder / "soft").symlink_to(home / "secret")
    (folder / "soft-folder").symlink_to(home / "sub")
    # when
    users.hand_over(folder, User(60_799, 60_799))
    # then
    assert (folder / "own").stat().st_uid == folder.stat().st_uid == 60_799
    assert (home / "secret").stat().st_uid == 0
    assert (home / "sub").stat().st_uid == 0
    # and one that is done is not begun again
    os.chown(folder / "own", 0, 0)
    users.hand_over(folder, User(60_799, 60_799))
    assert (folder / "own").stat().st_uid == 0


def test_a_user_that_debian_has_made_is_taken_else_a_number(monkeypatch):
    assert users._KNOWN.keys() == {"postgres", "redis", "clamd", "store"}
    for server, (name, number) in users._KNOWN.items():
        monkeypatch.setitem(users._KNOWN, server, ("root", number))
        assert users.user_of(server) == User(0, 0)
        monkeypatch.setitem(users._KNOWN, server, (f"no-{name}", number))
        assert users.user_of(server) == User(number, number)


def test_a_container_that_knows_few_users_has_nobody(monkeypatch, tmp_path):
    (tmp_path / "uid_map").write_text("         0     100000       1000\n")
    monkeypatch.setattr(users, "_MAP", tmp_path / "uid_map")
    monkeypatch.setitem(users._KNOWN, "store", ("no-such-user", 60_713))

    assert users.user_of("store") == NOBODY


def test_a_program_that_root_alone_may_execute_stays_roots(tmp_path):
    program = tmp_path / "program"
    program.touch(0o700)
    assert users.user_of("redis", program) is None

    program.chmod(0o755)
    assert stat.S_IMODE(program.stat().st_mode) == 0o755
    assert users.user_of("redis", program) == users.user_of("redis")


def test_doctor_says_whom_the_servers_are_and_which_program_keeps_one_root(monkeypatch, tmp_path):
    (found,) = system._users()
    assert found.well
    assert f"redis {users.user_of('redis').uid}" in found.found

    (tmp_path / "redis-server").touch(0o700)
    monkeypatch.setattr(system.redis, "program", lambda: tmp_path / "redis-server")
    (found,) = system._users()
    assert "root" in found.trouble
    assert f"{tmp_path}/redis-server" in found.advice


async def answer(url):
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval("SELECT 1")
    finally:
        await connection.close()


def broken_off(folder, user, *, after):
    """Hands a folder over in a process that is killed behind so many files -> how that process ended."""
    script = f"""
import os, signal
from pathlib import Path
from filemill.local import users
from filemill.local.process import User
left, chown = {after}, os.chown
def counted(*args, **kwargs):
    global left
    left -= 1
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    chown(*args, **kwargs)
os.chown = counted
users.hand_over(Path({str(folder)!r}), User({user.uid}, {user.gid}))
"""
    return subprocess.run([sys.executable, "-c", script], check=False, timeout=60).returncode
