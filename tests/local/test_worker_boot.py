"""How a worker boots where something is not as it should be: it waits for what comes back, and ends soon otherwise."""

import signal
import time
from collections.abc import Callable

import msgspec

from filemill.local.process import Process

BOOT_SECONDS = 20
"""Python and the engine's libraries on a busy machine; a master that waits in vain would take 30 s and more."""


def wait_for(what: Callable[[], object], seconds: float = BOOT_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.05)


def test_a_worker_that_is_not_let_in_ends_soon(faulty):
    stack = faulty()
    stack.start()
    program = stack.workers["tables"].program
    wrong = program.environ["FILEMILL_DATABASE_URL"].replace(stack.home.secrets.postgres, "wrong")
    worker = Process(msgspec.structs.replace(program, environ={**program.environ, "FILEMILL_DATABASE_URL": wrong}))

    worker.start()
    wait_for(lambda: not worker.alive)

    assert worker.exit_code != 0, "it ended, and not as if all were well"
    worker.kill()


def test_a_worker_waits_for_its_database(faulty):
    # given a worker that is started while the database is away
    stack = faulty()
    stack.start()
    worker = stack.workers["tables"]
    worker.kill()
    stack.postgres.kill()
    worker.start()
    wait_for(lambda: worker.said(b'"what":"waiting for the database"'))
    # when the database is there, then it takes jobs
    stack.postgres.start()
    wait_for(lambda: stack.takes_jobs(worker))


def test_a_worker_that_waits_ends_when_it_is_told_to(faulty):
    stack = faulty()
    stack.start()
    worker = stack.workers["tables"]
    worker.kill()
    stack.postgres.kill()
    worker.start()
    wait_for(lambda: worker.said(b'"what":"waiting for the database"'))

    worker.signal(signal.SIGTERM)

    wait_for(lambda: not worker.alive, 5)
    assert worker.exit_code == 0
