"""What can be converted: the pairs for which a worker has the programs, or that a worker to come is promised for."""

from collections.abc import AsyncIterator, Iterator

import msgspec
import pytest

from filemill import connections
from filemill.errors import Unavailable
from filemill.jobs import context, offers
from filemill.jobs.context import Context
from filemill.jobs.rows import workers
from filemill.jobs.rows.workers import WorkerRow
from filemill.pipelines.formats import FORMATS
from filemill.pipelines.pairs import DOCUMENTS_LANE, PAIRS, TABLES_LANE

pytestmark = pytest.mark.anyio

DOCX = FORMATS["docx"]


@pytest.fixture
def promising(at_hand: Context) -> Iterator[None]:
    """An installation that has said which lanes it has."""
    settings = msgspec.structs.replace(at_hand.settings, lanes=(TABLES_LANE, DOCUMENTS_LANE))
    context.open(Context(settings, at_hand.store, at_hand.listener))
    yield
    context.open(at_hand)


async def beat(lane: str, pairs: tuple[tuple[str, str], ...] | None = None) -> None:
    await workers.beat(WorkerRow(f"one of {lane}", "here", lane, 2, {}, "isolated", None, pairs))


async def test_nobody_alive_offers_nothing(at_hand: Context) -> None:
    assert await offers.pairs() == frozenset()
    with pytest.raises(Unavailable, match=r"A csv file cannot become xlsx here: this service has no worker for tables"):
        offers.want(FORMATS["csv"], "xlsx", frozenset())
    with pytest.raises(Unavailable, match=r"has no worker for documents;.*filemill install documents adds"):
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


async def test_a_lane_that_is_promised_is_offered_before_its_worker_is_there(promising: None) -> None:
    # given: no worker at all
    # when
    offered = await offers.pairs()
    # then every pair of both lanes waits for them
    assert offered == set(PAIRS)
    offers.want(DOCX, "pdf", offered)


async def test_a_worker_that_has_said_what_it_can_do_is_believed_though_more_was_promised(promising: None) -> None:
    await beat("documents", (("docx", "md"),))

    offered = await offers.pairs()

    assert {pair for pair in offered if PAIRS[pair] == "documents"} == {("docx", "md")}
    assert ("csv", "xlsx") in offered, "its own worker is still to come"


async def test_a_worker_that_ended_without_a_word_is_waited_for(at_hand: Context) -> None:
    # given: nothing is promised, and the worker's last sign of life is two minutes old
    await beat("documents", (("docx", "md"),))
    await silent_for(120)
    # then what it could do is still taken
    assert await offers.pairs() == {("docx", "md")}
    # until it has not been seen for an hour
    await silent_for(3601)
    assert await offers.pairs() == frozenset()


async def test_a_worker_that_said_goodbye_is_waited_for_only_where_its_lane_is_promised(at_hand: Context) -> None:
    await beat("documents")
    await workers.leave("one of documents")

    assert await offers.pairs() == frozenset()


async def silent_for(seconds: int) -> None:
    await connections.execute("UPDATE worker SET seen_at = now() - make_interval(secs => $1)", float(seconds))
