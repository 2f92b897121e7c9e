"""What can be converted now: the pairs for which somebody is alive who has the programs."""

from collections.abc import AsyncIterator

import pytest

from filemill import connections
from filemill.errors import Unavailable
from filemill.jobs import offers
from filemill.jobs.context import Context
from filemill.jobs.rows import workers
from filemill.jobs.rows.workers import WorkerRow
from filemill.pipelines.formats import FORMATS
from filemill.pipelines.pairs import PAIRS

pytestmark = pytest.mark.anyio

DOCX = FORMATS["docx"]


async def beat(lane: str, pairs: tuple[tuple[str, str], ...] | None = None) -> None:
    await workers.beat(WorkerRow(f"one of {lane}", "here", lane, 2, {}, "closed", None, pairs))


async def test_nobody_alive_offers_nothing(at_hand: Context) -> None:
    assert await offers.pairs() == frozenset()
    with pytest.raises(Unavailable, match="Nobody is there to make xlsx of csv"):
        offers.want(FORMATS["csv"], "xlsx", frozenset())
    with pytest.raises(Unavailable, match=r"no worker for documents is running\..*by filemill install documents"):
        offers.want(DOCX, "pdf", frozenset())


async def test_a_lane_offers_all_of_its_pairs_or_those_it_names(at_hand: Context) -> None:
    # given a worker for tables, and one for documents that lacks a program
    await beat("tables")
    await beat("documents", (("docx", "md"), ("png", "jpg"), ("nonsense", "pdf")))
    # when it is asked what they offer
    offered = await offers.pairs()
    # then it is all tables, and of documents what can be done
    assert {pair for pair in offered if PAIRS[pair] == "tables"} == {p for p, lane in PAIRS.items() if lane == "tables"}
    assert {pair for pair in offered if PAIRS[pair] == "documents"} == {("docx", "md"), ("png", "jpg")}
    offers.want(DOCX, "md", offered)
    with pytest.raises(Unavailable, match=r"A docx file cannot become pdf here.*filemill install documents"):
        offers.want(DOCX, "pdf", offered)


@pytest.fixture
async def for_a_while(at_hand: Context) -> AsyncIterator[None]:
    """Workers that are gone when the test has ended."""
    yield
    await connections.execute("DELETE FROM worker")


@pytest.mark.usefixtures("for_a_while")
async def test_sheets_are_grids_where_a_worker_for_documents_makes_them_so() -> None:
    # given a worker for tables alone
    await beat("tables")
    assert (await offers.grids())["csv", "xlsx"] == "tables"
    # when one for documents begins, which has no LibreOffice
    await beat("documents", (("csv", "xlsx"), ("png", "jpg")))
    # then what it can do is its own, what it cannot is not
    offered = await offers.grids()
    assert offered["csv", "xlsx"] == "documents"
    assert offered["xlsx", "csv"] == "tables"
    assert offered["csv", "parquet"] == "tables"
    assert set(offered) == await offers.pairs() | {("csv", "xlsx")}
