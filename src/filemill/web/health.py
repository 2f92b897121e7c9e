"""Says whether this process lives, and whether the whole service is ready: database, store, queue and a worker."""

import asyncio
from collections.abc import Awaitable

import msgspec
from litestar import Response, Router, get
from litestar.datastructures import State
from litestar.openapi.datastructures import ResponseSpec
from redis.exceptions import RedisError

from filemill import connections
from filemill.errors import FilemillError
from filemill.jobs import wakeups
from filemill.jobs.rows import workers
from filemill.jobs.rows.workers import WorkerRow
from filemill.web.caller import ANYONE

SECONDS = 3
"""How long a part may take to answer before it counts as away."""


class Alive(msgspec.Struct, frozen=True):
    """The process answers.

    Example: `{"status": "alive"}`
    """

    status: str = "alive"


class Parts(msgspec.Struct, frozen=True):
    """Which parts answered: `ok` or `away`. The scanner may also be `none`: files are taken in unscanned.

    `disk` is `ok` or `full`: while too little is free, nothing is taken in, and what is in hand goes on. While the
    scanner is away no file is taken in through the API; all else goes on, so the service stays ready.
    """

    database: str
    store: str
    queue: str
    worker: str
    scanner: str
    disk: str


class OpenLane(msgspec.Struct, frozen=True):
    """A lane that works: how many worker processes, how many jobs at once, in which kind of sandbox."""

    lane: str
    workers: int
    slots: int
    sandbox: str
    strict: bool


class Readiness(msgspec.Struct, frozen=True):
    """Whether jobs can be taken and carried out, and by which lanes.

    Example: `{"status": "ready", "parts": {"database": "ok", "store": "ok", "queue": "ok", "worker": "ok",
    "scanner": "ok", "disk": "ok"}, "lanes":
    [{"lane": "tables", "workers": 1, "slots": 2, "sandbox": "networked", "strict": true}]}`
    """

    status: str
    parts: Parts
    lanes: tuple[OpenLane, ...]


STRUCTS = (Alive, Readiness)


@get("/live", summary="Is this process alive?", response_description="It is.", sync_to_thread=False)
def live() -> Alive:
    """Answers as soon as the process does; asks nobody else."""
    return Alive()


@get(
    "/ready",
    summary="Is the service ready?",
    response_description="Every part answers, and a worker takes jobs.",
    responses={503: ResponseSpec(Readiness, description="A part is away.", generate_examples=False)},
)
async def ready(state: State) -> Response[Readiness]:
    """Asks the database, the store, the queue and the virus scanner, and looks for workers seen lately."""
    parts, lanes = await _ask(state)
    is_whole = _is_whole(parts)
    return Response(Readiness("ready" if is_whole else "not ready", parts, lanes), status_code=200 if is_whole else 503)


async def is_ready(state: State) -> bool:
    """Whether every part answers, and a worker takes jobs."""
    parts, _ = await _ask(state)
    return _is_whole(parts)


router = Router("/health", route_handlers=[live, ready], opt=ANYONE, tags=["health"])


async def _ask(state: State) -> tuple[Parts, tuple[OpenLane, ...]]:
    database, store, wakeup, scanner = await asyncio.gather(
        _answers(connections.fetchval("SELECT 1")),
        _answers(state.store.probe()),
        _answers(wakeups.probe()),
        _answers(state.intake.probe()),
    )
    lanes = await _lanes() if database else ()
    scans = _word(scanner) if state.intake.is_scanning else "none"
    disk = "full" if state.disks.is_short else "ok"
    return Parts(_word(database), _word(store), _word(wakeup), _word(bool(lanes)), scans, disk), lanes


def _is_whole(parts: Parts) -> bool:
    return parts == Parts("ok", "ok", "ok", "ok", parts.scanner, parts.disk)


def _word(answered: bool) -> str:
    return "ok" if answered else "away"


async def _answers(asked: Awaitable[object]) -> bool:
    try:
        await asyncio.wait_for(asked, SECONDS)
    except (FilemillError, RedisError, OSError, TimeoutError):
        return False
    return True


async def _lanes() -> tuple[OpenLane, ...]:
    """The lanes that have a live worker; a lane is strict when every one of its sandboxes is."""
    alive = await workers.alive()
    names = sorted({worker.lane for worker in alive})
    return tuple(_lane(name, [worker for worker in alive if worker.lane == name]) for name in names)


def _lane(name: str, serving: list[WorkerRow]) -> OpenLane:
    sandboxes = {worker.sandbox for worker in serving}
    kinds = ", ".join(sorted(sandboxes))
    return OpenLane(name, len(serving), sum(worker.slots for worker in serving), kinds, "weak" not in sandboxes)
