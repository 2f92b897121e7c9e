"""A worker that cannot start is seen to have ended soon, so that whoever keeps it can start it again."""

import time

BOOT_SECONDS = 20
"""Python and the engine's libraries on a busy machine; a master that waits in vain would take 30 s and more."""


def test_a_worker_without_its_database_ends_soon(faulty):
    stack = faulty()
    stack.start()
    worker = stack.workers["tables"]
    worker.kill()
    stack.postgres.kill()

    worker.start()

    deadline = time.monotonic() + BOOT_SECONDS
    while worker.alive and time.monotonic() < deadline:
        time.sleep(0.05)
    assert worker.exit_code not in (None, 0), "it ended, and not as if all were well"
