"""The pairs of formats that this installation converts: the legal pairs whose lane has a worker, or will have one.

A worker that starts, or starts again, is no reason to refuse a job: the job waits in its lane. `FILEMILL_LANES` names
the lanes of an installation; where the setting is empty, the lanes with a worker in the last hour count.
"""

from collections.abc import Collection, Mapping

from filemill.errors import Unavailable
from filemill.jobs import context
from filemill.jobs.rows import workers
from filemill.pipelines.formats import Format
from filemill.pipelines.pairs import DOCUMENTS_LANE, GRIDS, PAIRS

Pair = tuple[str, str]
_Served = Mapping[str, frozenset[Pair] | None]
"""Lane -> the pairs that its workers have named, None where the workers convert all pairs of the lane."""

_HELP = {DOCUMENTS_LANE: " filemill install documents adds what such a worker needs."}
"""Lane -> the operator's command for a lane that needs more than Python."""


async def pairs() -> frozenset[Pair]:
    """Every pair (source, target) that a worker converts now, or as soon as the lane's worker is back."""
    return frozenset(_offered(await _served(), PAIRS))


async def grids() -> dict[Pair, str]:
    """The same pairs -> their lanes, where the caller means a sheet as a plain grid.

    The lane of documents converts one sheet to another; the lane of tables does where the lane of documents has no
    worker.
    """
    served = await _served()
    return _offered(served, PAIRS) | _offered(served, dict.fromkeys(GRIDS, DOCUMENTS_LANE))


async def _served() -> _Served:
    """The lanes that have a worker or will have one, with their pairs."""
    alive, seen = await workers.alive(), await workers.seen()
    running = {worker.lane for worker in alive}
    promised = set(context.get().settings.lanes) or {worker.lane for worker in seen}
    served: dict[str, frozenset[Pair] | None] = {}
    for lane in running | promised:
        # The programs of a machine rarely change: a worker that comes back converts the same pairs as before.
        named = [worker.pairs for worker in (alive if lane in running else seen) if worker.lane == lane]
        does_all = not named or None in named
        served[lane] = None if does_all else frozenset(pair for pairs in named for pair in pairs or ())
    return served


def _offered(served: _Served, lanes: Mapping[Pair, str]) -> dict[Pair, str]:
    """The pairs of `lanes` that their lane can convert -> their lanes."""
    return {
        pair: lane
        for pair, lane in lanes.items()
        if lane in served and ((named := served[lane]) is None or pair in named)
    }


def want(source: Format, target: str, offered: Collection[Pair]) -> None:
    """Refuses a legal pair that is not offered. Raises Unavailable; the message tells the remedy."""
    if (source.name, target) in offered:
        return
    lane = PAIRS[source.name, target]
    refused = f"A {source.name} file cannot become {target} here:"
    if any(PAIRS[pair] == lane for pair in offered):
        raise Unavailable(
            f"{refused} a program for it is not installed; whoever runs this service can add it by filemill install"
            f" {lane}."
        )
    raise Unavailable(
        f"{refused} this service has no worker for {lane}; whoever runs the service can start one."
        + _HELP.get(lane, "")
    )
