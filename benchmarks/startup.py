"""How long `filemill serve` takes to be ready: from nothing, and from a home that is there."""

import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import measure, report
from benchmarks.report import Figure, Options

TIMES = 5
READY = b"ready http://"
END_SECONDS = 30


def run(options: Options) -> list[Figure]:
    """Medians of five starts each."""
    fresh: list[float] = []
    again: list[float] = []
    stops: list[float] = []
    for _ in range(1 if options.is_brief else TIMES):
        home = Path(tempfile.mkdtemp(prefix="filemill-bench-"))
        try:
            for kind in (fresh, again):
                ready, stopped = _serve(home / "home", options)
                kind.append(ready)
                stops.append(stopped)
        finally:
            shutil.rmtree(home, ignore_errors=True)
    report.say(
        f"from nothing: {_list(fresh)} s", f"from an existing home: {_list(again)} s", f"to stop: {_list(stops)} s"
    )
    return [
        Figure("`filemill serve`, from nothing to ready", f"{measure.median(fresh):.1f} s", "5 s"),
        Figure("`filemill serve`, from an existing home to ready", f"{measure.median(again):.1f} s", "3 s"),
    ]


def _serve(home: Path, options: Options) -> tuple[float, float]:
    """One start and stop -> seconds until it was ready, seconds until it was gone."""
    store = ("--store", options.store) if options.store else ()
    argv = [sys.executable, "-m", "filemill.cli", "serve", "--home", str(home), "--port", "0", *store]
    began = time.monotonic()
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as serving:
        try:
            assert serving.stdout is not None
            line = serving.stdout.readline()
            ready = time.monotonic() - began
            if not line.startswith(READY):
                raise RuntimeError(f"filemill serve ended with code {serving.wait()} and was never ready.")
            stopping = time.monotonic()
            serving.send_signal(signal.SIGTERM)
            serving.wait(END_SECONDS)
            return ready, time.monotonic() - stopping
        finally:
            serving.kill()


def _list(seconds: list[float]) -> str:
    return ", ".join(f"{each:.2f}" for each in seconds)
