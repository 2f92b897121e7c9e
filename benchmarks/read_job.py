"""What reading a job costs the API in CPU, beside a bare handler that checks the same token and runs the same SQL."""

import contextlib
import subprocess
import sys
import time
from collections.abc import Iterator

import httpx

from benchmarks import many_requests, measure, report
from benchmarks.overhead import ONE_ROW, STEPS
from benchmarks.report import Figure, Options
from benchmarks.visitor import Visitor, running_stack
from filemill.local import process
from filemill.local.ports import free_port
from filemill.local.stack import Stack

ROUNDS = 9
REQUESTS = 4000
READY_SECONDS = 20


def run(options: Options) -> list[Figure]:
    """Rounds of both in turn; of each the cheapest round, which is the one least disturbed."""
    rounds, requests = (2, 400) if options.is_brief else (ROUNDS, REQUESTS)
    with running_stack(options) as running, _bare(running) as bare:
        visitor = Visitor(running.url)
        uploaded = visitor.upload(ONE_ROW, STEPS)
        uploaded.mark()
        uploaded.wait()
        path = f"/api/v1/jobs/{uploaded.job}"
        assert running.api.pid is not None
        sides = {"filemill": (running.api.pid, running.url + path), "bare": (bare.pid, bare.url + path)}
        for _, url in sides.values():
            many_requests.send(url, visitor.token, requests)
        costs: dict[str, list[float]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, (pid, url) in sides.items():
                before = measure.cpu_seconds(pid)
                many_requests.send(url, visitor.token, requests)
                costs[name].append((measure.cpu_seconds(pid) - before) / requests * 1e6)
            costs = dict(reversed(costs.items()))
            sides = dict(reversed(sides.items()))
    ours, bares = min(costs["filemill"]), min(costs["bare"])
    rows = [
        (name, f"{min(each):.0f}", f"{measure.median(each):.0f}", f"{max(each):.0f}") for name, each in costs.items()
    ]
    report.table(("CPU us per GET /jobs/{id}", "least", "median", "most"), rows)
    figure = f"{ours / bares:.2f} x ({ours:.0f} / {bares:.0f} us)"
    return [Figure("`GET /jobs/{id}` beside a bare handler, CPU per request", figure, "1.3 x")]


class _Server:
    def __init__(self, pid: int, url: str) -> None:
        self.pid = pid
        self.url = url


@contextlib.contextmanager
def _bare(running: Stack) -> Iterator[_Server]:
    """The bare handler on the database of a stack."""
    port = free_port()
    environ = process.plain_environ(**running.environ)
    argv = [sys.executable, "-m", "benchmarks.bare_api", str(port)]
    with subprocess.Popen(argv, env=environ, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as serving:
        try:
            url = f"http://127.0.0.1:{port}"
            until = time.monotonic() + READY_SECONDS
            while not _answers(url):
                if time.monotonic() > until:
                    raise RuntimeError("The bare handler does not answer.")
                time.sleep(0.05)
            yield _Server(serving.pid, url)
        finally:
            serving.terminate()


def _answers(url: str) -> bool:
    try:
        return httpx.get(url).status_code == httpx.codes.NOT_FOUND
    except httpx.TransportError:
        return False
