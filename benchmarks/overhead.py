"""What a job costs beside its work: a table of one row, from mark-uploaded to COMPLETED, alone and 200 at once."""

import random
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import psutil

from benchmarks import measure, report
from benchmarks.report import Figure, Options
from benchmarks.visitor import Visitor, running_stack
from filemill.local.stack import Stack

ONE_ROW = b"name,city\nAda,Rome\n"
STEPS: list[dict[str, Any]] = [{"type": "filter", "params": {"column": "city", "operator": "eq", "value": "Rome"}}]
ALONE = 100
WARM_UP = 20
WAITING = 200
LONGEST_PAUSE = 0.1
"""Seconds: longer than the worker's poll, so that jobs meet it at any moment of it."""

_chance = random.Random(1)


def run(options: Options) -> list[Figure]:
    """Latency on an idle stack, then throughput with a queue that is full at the start."""
    with running_stack(options) as running:
        visitor = Visitor(running.url)
        for _ in range(2 if options.is_brief else WARM_UP):
            _alone(visitor)
        figures = _latency(visitor, 5 if options.is_brief else ALONE)
        return figures + _throughput(running, visitor, 10 if options.is_brief else WAITING)


def _latency(visitor: Visitor, times: int) -> list[Figure]:
    tries = [_alone(visitor) for _ in range(times)]
    rows = []
    for name in tries[0]:
        values = [each[name] for each in tries]
        rows.append((name, *(f"{measure.percentile(values, share):.1f}" for share in (0.5, 0.95))))
    report.table(("ms", "p50", "p95"), rows)
    _, p50, p95 = rows[0]
    return [
        Figure(f"A job of one row, marked to COMPLETED, seen by `?wait=30`, p50 of {times}", f"{p50} ms", "50 ms"),
        Figure("the same, p95", f"{p95} ms"),
    ]


def _alone(visitor: Visitor) -> dict[str, float]:
    """One job on an idle stack -> milliseconds in all, and of each stretch of its way.

    The events carry PostgreSQL's clock, which on one machine is ours.
    """
    uploaded = visitor.upload(ONE_ROW, STEPS)
    time.sleep(_chance.uniform(0, LONGEST_PAUSE))
    began, clock = time.perf_counter(), time.time()
    uploaded.mark()
    marked = time.perf_counter()
    uploaded.wait()
    seen = time.perf_counter()
    at = {name: (when - clock) * 1000 for name, when in _events(visitor, uploaded.job)}
    total = (seen - began) * 1000
    uploaded.delete()
    return {
        "in all": total,
        "mark-uploaded answered": (marked - began) * 1000,
        "until QUEUED": at["QUEUED"],
        "QUEUED to RUNNING (claimed)": at["RUNNING"] - at["QUEUED"],
        "RUNNING to reading (child told)": at["reading"] - at["RUNNING"],
        "reading to writing": at["writing"] - at["reading"],
        "writing to COMPLETED": at["COMPLETED"] - at["writing"],
        "COMPLETED to seen": total - at["COMPLETED"],
    }


def _events(visitor: Visitor, job: str) -> Iterator[tuple[str, float]]:
    for event in visitor.ask("GET", f"/jobs/{job}/events"):
        name = event["data"].get("to") or event["data"].get("name")
        yield name, datetime.fromisoformat(event["at"]).timestamp()


def _throughput(running: Stack, visitor: Visitor, waiting: int) -> list[Figure]:
    parts = _parts(running)
    with _stopped(parts["worker"]):
        for _ in range(waiting):
            visitor.upload(ONE_ROW, STEPS).mark()
        before = {name: measure.cpu_seconds(pid) for name, pid in parts.items()}
    jobs = _when_completed(visitor, waiting)
    after = {name: measure.cpu_seconds(pid) for name, pid in parts.items()}
    began = min(datetime.fromisoformat(job["started_at"]) for job in jobs)
    ended = max(datetime.fromisoformat(job["ended_at"]) for job in jobs)
    rate = waiting / (ended - began).total_seconds()
    cost = ", ".join(f"{name} {(after[name] - before[name]) / waiting * 1000:.1f}" for name in parts)
    report.say("", f"{waiting} waiting, 2 slots: {rate:.0f} jobs/s; CPU ms per job: {cost}")
    return [Figure(f"Jobs of one row per second, {waiting} waiting, 2 slots", f"{rate:.0f}/s", "the trial had 133/s")]


def _parts(running: Stack) -> dict[str, int]:
    processes = {
        "worker": running.workers["tables"],
        "API": running.api,
        "PostgreSQL": running.postgres.process,
        "store": running.store.process,
        "Redis": running.redis.process,
    }
    return {name: process.pid for name, process in processes.items() if process is not None and process.pid}


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    """Stops a whole process tree for a while."""
    processes = measure.tree(pid)
    try:
        for each in processes:
            each.suspend()
        yield
    finally:
        for each in processes:
            try:
                each.send_signal(signal.SIGCONT)
            except psutil.NoSuchProcess:
                continue


def _when_completed(visitor: Visitor, many: int) -> list[dict[str, Any]]:
    while True:
        jobs: list[dict[str, Any]] = visitor.ask("GET", "/jobs", params={"limit": many})
        if all(job["status"] == "COMPLETED" for job in jobs):
            return jobs
        if any(job["status"] == "FAILED" for job in jobs):
            raise RuntimeError("A job failed.")
        time.sleep(0.5)
