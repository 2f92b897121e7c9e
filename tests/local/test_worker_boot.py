"""How a worker boots where something is not as it should be: it waits for what comes back, and ends soon otherwise."""

import signal
import time
from collections.abc import Callable, Iterator

import msgspec
import pytest

from filemill.local.process import Process
from tests.fixtures.faulty import FaultyStack

BOOT_SECONDS = 20
"""Python and the engine's libraries on a busy machine; a master that waits in vain would take 30 s and more."""


@pytest.fixture(scope="module")
def made_servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyStack]:
    """The servers that a worker needs, once for these stories; no API, and no worker yet."""
    stack = FaultyStack(tmp_path_factory.mktemp("boot"))
    stack.start_stores()
    yield stack
    stack.stop()


@pytest.fixture
def servers_alone(made_servers: FaultyStack) -> Iterator[FaultyStack]:
    """These servers, all of them up; what a story has stopped or started is put right after it."""
    yield made_servers
    for worker in made_servers.workers.values():
        worker.kill()
    assert made_servers.postgres.process
    if not made_servers.postgres.process.alive:
        made_servers.postgres.start()


def wait_for(what: Callable[[], object], seconds: float = BOOT_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def test_a_worker_that_is_not_let_in_ends_soon(servers_alone: FaultyStack) -> None:
    program = servers_alone.workers["tables"].program
    right = program.environ["FILEMILL_DATABASE_URL"]
    wrong = right.replace(servers_alone.home.secrets.postgres_app, "wrong")
    worker = Process(msgspec.structs.replace(program, environ={**program.environ, "FILEMILL_DATABASE_URL": wrong}))

    worker.start()
    wait_for(lambda: not worker.alive)

    assert worker.exit_code != 0, "it ended, and not as if all were well"
    worker.kill()


def test_a_worker_waits_for_its_database(servers_alone: FaultyStack) -> None:
    # given a worker that is started while the database is away
    worker = servers_alone.workers["tables"]
    servers_alone.postgres.kill()
    worker.start()
    wait_for(lambda: worker.said(b'"what":"waiting for the database"'))
    # when the database is there, then it takes jobs
    servers_alone.postgres.start()
    wait_for(lambda: servers_alone.takes_jobs(worker))


def test_a_worker_that_waits_ends_when_it_is_told_to(servers_alone: FaultyStack) -> None:
    worker = servers_alone.workers["tables"]
    servers_alone.postgres.kill()
    worker.start()
    wait_for(lambda: worker.said(b'"what":"waiting for the database"'))

    worker.signal(signal.SIGTERM)

    wait_for(lambda: not worker.alive, 5)
    assert worker.exit_code == 0
