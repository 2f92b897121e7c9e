"""The stack under attack: `filemill serve` as anybody starts it, in a home of its own, and how it feels meanwhile."""

import contextlib
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil

READY_SECONDS = 90
STOP_SECONDS = 30
LONGEST_ANSWER = 60
STORED_BYTES = 1 << 30
"""What an account may have: so little that an attack reaches it in seconds."""


class Target:
    """A running `filemill serve`: `url`, `home`, `pid`."""

    def __init__(self, home: Path, lanes: tuple[str, ...] = (), **settings: str) -> None:
        self.home = home
        environ = {name: value for name, value in os.environ.items() if not name.startswith("FILEMILL_")}
        environ |= {"FILEMILL_STORED_BYTES": str(STORED_BYTES), **settings}
        options = [word for lane in lanes for word in ("--lane", lane)]
        self._said = open(home.parent / "serve.log", "w+")  # noqa: SIM115 - it lives as long as the process
        self._process = subprocess.Popen(
            [sys.executable, "-m", "filemill.cli", "serve", "--home", str(home), "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=self._said,
            text=True,
            env=environ,
        )
        self.pid = self._process.pid
        assert self._process.stdout
        line = self._process.stdout.readline()
        if not line.startswith("ready http"):
            said = self.said()
            self.stop()
            raise RuntimeError(f"serve did not start: {line}{said}")
        self.url = line.removeprefix("ready ").strip()
        self._wait_for_lanes()

    @property
    def port(self) -> int:
        """The port of the API, on 127.0.0.1."""
        return int(self.url.rpartition(":")[2])

    def said(self) -> str:
        """What `serve` has written to stderr so far."""
        self._said.seek(0)
        return self._said.read()

    def stop(self) -> None:
        """Ends the stack and everything in it."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                for each in self.processes():
                    with contextlib.suppress(psutil.NoSuchProcess):
                        each.kill()
        self._said.close()

    def processes(self) -> list[psutil.Process]:
        """`serve` itself and everything it has started, that is still there."""
        try:
            root = psutil.Process(self.pid)
            return [root, *root.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def api(self) -> psutil.Process:
        """The process that answers requests."""
        return next(each for each in self.processes() if "filemill.cli api" in _words_of(each))

    def api_mb(self) -> float:
        """The memory that the API is resident with, in MiB."""
        return self.api().memory_info().rss / (1 << 20)

    def disk_mb(self, *below: str) -> float:
        """What lies in the home, or in folders of it, in MiB."""
        total = 0
        for folder in (self.home / name for name in below or (".",)):
            for at, _, names in os.walk(folder):
                for name in names:
                    with contextlib.suppress(OSError):
                        total += os.lstat(os.path.join(at, name)).st_blocks * 512
        return total / (1 << 20)

    def assert_alive(self) -> None:
        """The API answers soon, and says that it is ready. Raises AssertionError otherwise."""
        began = time.monotonic()
        with httpx.Client(base_url=self.url, timeout=LONGEST_ANSWER) as api:
            assert api.get("/health/live").status_code == 200, "the API does not answer"
            ready = api.get("/health/ready")
        assert ready.status_code == 200, f"the service is not ready: {ready.text}"
        assert time.monotonic() - began < LONGEST_ANSWER / 6, "health was answered far too late"

    @contextlib.contextmanager
    def felt(self, path: str = "/health/live") -> Iterator["Felt"]:
        """How long others wait while the block runs: somebody asks for `path` again and again, on new connections.

        The figures are whole once the block is over.
        """
        words = [sys.executable, "-m", "tests.attacks.probe", self.url + path]
        asker = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        felt = Felt()
        assert asker.stdout
        felt.note(asker.stdout.readline())
        try:
            yield felt
        finally:
            said, _ = asker.communicate()
            for line in said.splitlines():
                felt.note(line)

    def _wait_for_lanes(self) -> None:
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            told = httpx.get(f"{self.url}/health/ready").json()
            if told["status"] == "ready" and all(lane["workers"] for lane in told["lanes"]):
                return
            time.sleep(0.2)
        raise RuntimeError(f"not every lane came: {told}")


def _words_of(process: psutil.Process) -> str:
    """What a process was started with; nothing of one that has ended meanwhile."""
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


class Felt:
    """Seconds that others waited, one by one, and how many were not answered well."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.refused = 0

    def note(self, line: str) -> None:
        """Takes in a line of the probe."""
        seconds, status = line.split()
        self.seconds.append(float(seconds))
        self.refused += status != "200"

    @property
    def worst(self) -> float:
        """The longest wait, in seconds."""
        return max(self.seconds, default=0.0)

    @property
    def p95(self) -> float:
        """What 95 of 100 waited at most, in seconds."""
        return statistics.quantiles(self.seconds, n=20)[-1] if len(self.seconds) > 1 else self.worst
