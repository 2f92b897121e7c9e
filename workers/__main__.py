"""`python -m workers LANE`: runs dramatiq's own command for the lane."""

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
"""How long dramatiq's master waits, deaf to signals, for its worker to boot before the master watches the worker.

The default of 30 s would hide for 30 s that a worker could not start. No fork process here needs the wait.
"""


def main() -> None:
    """Runs the worker of a lane; a wrong lane or setting ends the process with one sentence."""
    settings.hide()
    lane = sys.argv[1] if len(sys.argv) == 2 else ""
    if lane not in KINDS:
        sys.exit(f"worker takes one lane of: {', '.join(KINDS)}.")
    try:
        places = settings.read(os.environ).places(lane)
    except BadSetting as error:
        sys.exit(error.message)
    # Dramatiq reads these two at its import. With a prefetch below the number of threads, some threads would stay idle.
    os.environ["dramatiq_queue_prefetch"] = str(places)  # noqa: SIM112
    os.environ["dramatiq_worker_timeout"] = str(POLL_MS)  # noqa: SIM112
    command = [f"workers.{lane}", "--processes", "1", "--threads", str(places), "--queues", lane, "--skip-logging"]
    times = ["--worker-shutdown-timeout", str(DRAIN_MS), "--worker-fork-timeout", str(NOTICE_MS)]
    sys.argv = ["dramatiq", *command, *times]
    # Dramatiq runs in this very process: other processes could read the memory of an executed program again.
    runpy.run_module("dramatiq", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
