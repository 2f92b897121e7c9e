"""What can be converted here and now: the legal pairs for which a worker is alive that has their programs."""

from collections.abc import Collection, Mapping

from filemill.errors import Unavailable
from filemill.jobs.rows import workers
from filemill.pipelines.formats import Format
from filemill.pipelines.pairs import DOCUMENTS_LANE, GRIDS, PAIRS

Pair = tuple[str, str]


async def pairs() -> frozenset[Pair]:
    """Every pair (source, target) that somebody can do."""
    return frozenset(_offered(await workers.alive(), PAIRS))


async def grids() -> dict[Pair, str]:
    """Every pair (source, target) that somebody can do -> its lane, where a sheet is a plain grid.

    Sheets become each other in the lane of documents; in the lane of tables where nobody serves that of documents.
    """
    there = await workers.alive()
    return _offered(there, PAIRS) | _offered(there, dict.fromkeys(GRIDS, DOCUMENTS_LANE))


def _offered(there: Collection[workers.WorkerRow], lanes: Mapping[Pair, str]) -> dict[Pair, str]:
    """Of pairs and their lanes, those that one of these workers can do."""
    offered: dict[Pair, str] = {}
    for worker in there:
        of_lane = {pair for pair, lane in lanes.items() if lane == worker.lane}
        named = of_lane if worker.pairs is None else of_lane & set(worker.pairs)
        offered |= dict.fromkeys(named, worker.lane)
    return offered


def want(source: Format, target: str, offered: Collection[Pair]) -> None:
    """Refuses a legal pair that is none of those offered. Raises Unavailable, saying what to do."""
    if (source.name, target) in offered:
        return
    if PAIRS[source.name, target] != DOCUMENTS_LANE:
        raise Unavailable(f"Nobody is there to make {target} of {source.name} at the moment; try again later.")
    if any(PAIRS[pair] == DOCUMENTS_LANE for pair in offered):
        raise Unavailable(
            f"A {source.name} file cannot become {target} here: a program for it is not installed; whoever runs this"
            " service can add it by filemill install documents."
        )
    raise Unavailable(
        f"A {source.name} file cannot become {target} at the moment: no worker for documents is running. Try again"
        " later; where that lasts, whoever runs this service can add what it needs by filemill install documents, and"
        " start it again."
    )
