"""`python -m workers LANE`: turns into dramatiq's own command for that lane."""

import os
import runpy
import sys

from filemill import settings
from filemill.errors import BadSetting
from filemill.sandbox.kinds import KINDS

POLL_MS = 50
"""The longest pause of a busy slot between two looks for a wakeup; an idle slot waits for a token of `jobs.wakeups`."""

DRAIN_MS = 15_000

NOTICE_MS = 500
"""How long the master waits, deaf to signals, for its worker to boot before it watches whether that lives. By default
30 s: so long it would hide that a worker could not start. There are no fork processes that need the wait."""


def main() -> None:
    """Ends with one sentence on a wrong lane or setting."""
    settings.hide()
    lane = sys.argv[1] if len(sys.argv) == 2 else ""
    if lane not in KINDS:
        sys.exit(f"worker takes one lane of: {', '.join(KINDS)}.")
    try:
        places = settings.read(os.environ).places(lane)
    except BadSetting as error:
        sys.exit(error.message)
    # Dramatiq reads these two when it is imported. With a prefetch below its threads, some would stay idle.
    os.environ["dramatiq_queue_prefetch"] = str(places)  # noqa: SIM112
    os.environ["dramatiq_worker_timeout"] = str(POLL_MS)  # noqa: SIM112
    command = [f"workers.{lane}", "--processes", "1", "--threads", str(places), "--queues", lane, "--skip-logging"]
    times = ["--worker-shutdown-timeout", str(DRAIN_MS), "--worker-fork-timeout", str(NOTICE_MS)]
    sys.argv = ["dramatiq", *command, *times]
    # In this very process: a program that is executed would be open to others again.
    runpy.run_module("dramatiq", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
