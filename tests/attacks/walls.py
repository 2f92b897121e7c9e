"""The walls of jobs: every process in which a job runs is looked at, and a hostile one tries what none may do."""

import asyncio
import contextlib
import os
import tempfile
import time
from pathlib import Path

import psutil

from filemill.local import home as homes
from filemill.sandbox import choice, landlock, seccomp
from filemill.sandbox.bubblewrap import Bubblewrap
from filemill.sandbox.choice import NoSandbox
from filemill.sandbox.pool import Pool
from tests.attacks.target import Target
from tests.fixtures import hostile

STAYS_ROOT = "run as root"
"""What `serve` says where its jobs have no users of their own."""


STARTED_SECONDS = 20


def attack(target: Target) -> str:
    """Looks at what runs, then tries from inside a networked and an isolated sandbox of this very stack."""
    looked_at = _look_at(target)
    tried = sum(asyncio.run(_try(target, lane)) for lane in ("tables", "documents"))
    return f"{looked_at} processes of jobs without rights, {tried} attempts refused"


def _look_at(target: Target) -> int:
    until = time.monotonic() + STARTED_SECONDS
    while (wrong := _wrong(target)) and time.monotonic() < until:
        time.sleep(0.2)  # a child that has just been started shuts itself in before its first job
    assert not wrong, "; ".join(wrong)
    return sum(map(_works_on_files, target.processes()))


def _wrong(target: Target) -> list[str]:
    """What is wrong with processes of jobs, a few words each."""
    inside = [each for each in target.processes() if _works_on_files(each)]
    wanted = {"CapEff": "0" * 16, "CapPrm": "0" * 16, "NoNewPrivs": "1", "Seccomp": "2" if seccomp.is_there() else "0"}
    is_another = os.geteuid() == 0 and STAYS_ROOT not in target.said()
    wrong = [] if inside else ["no process of a job runs"]
    for process in inside:
        with contextlib.suppress(OSError, psutil.NoSuchProcess):
            told = dict(line.split(":", 1) for line in Path(f"/proc/{process.pid}/status").read_text().splitlines())
            rights = {name: told[name].strip() for name in wanted}
            wrong += [] if rights == wanted else [f"{process.name()} has {rights}"]
            wrong += [f"{process.name()} is root's"] if is_another and process.uids().real == 0 else []
    return wrong


def _works_on_files(process: psutil.Process) -> bool:
    """Whether this is a child of a sandbox or a program the child has started, and not bubblewrap around the two."""
    above = [process, *process.parents()]
    return process.name() != "bwrap" and any("workers.child" in one.cmdline() for one in above if one.name() != "bwrap")


async def _try(target: Target, lane: str) -> int:
    _, notes = homes.look_into(target.home)
    assert notes.store is not None
    store = notes.ports[notes.store][0]
    try:
        sandbox = await choice.sandbox_of(lane, weak=False, store=f"http://127.0.0.1:{store}")
    except NoSandbox:
        return 0
    if isinstance(sandbox, Bubblewrap):
        sandbox.readable = (hostile.TINY.parent,)
    with tempfile.TemporaryDirectory(prefix="filemill-attack-") as folder, hostile.servers(Path(folder)) as servers:
        children = Pool(lane, Path(folder), sandbox, program=(str(hostile.TINY),))
        await children.open(2)
        try:
            async with children.borrow() as child, children.borrow() as other:
                facts = {"parent": target.pid, "sibling": other.pid, "beside": str(other.workdir)}
                facts |= {**servers, "secret": str(target.home / "secrets.json"), "store_port": store}
                facts["other_port"] = notes.ports["postgres"][0]
                attempts = _attempts(lane, is_another=sandbox.changes_user)
                answer = await hostile.ask(child, attempts, facts)
        finally:
            await children.close()
    done = [what for what, how in answer.went.items() if how == "done"]
    assert not done, f"a job of {lane} did: {', '.join(done)}"
    return len(answer.went)


def _attempts(lane: str, *, is_another: bool) -> dict[str, str]:
    """What may not work, of all that a hostile engine knows, on a machine with these walls."""
    attempts = hostile.calls() if seccomp.is_there() else {}
    if lane == "documents":
        return attempts | hostile.FILES | hostile.SIGNALS | hostile.OUTSIDE
    if landlock.version() >= 1:
        attempts |= hostile.FILES
    if landlock.version() >= landlock.PORTS_SINCE:
        attempts |= hostile.PORTS
    if landlock.version() >= landlock.SCOPED_SINCE:
        attempts |= hostile.SIGNALS
    if seccomp.is_there():
        attempts |= hostile.SOCKETS
    return attempts | (hostile.OWNERS if is_another else {})
