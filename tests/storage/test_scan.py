"""The virus scanner, a real clamd: what it finds, and that nothing passes while it cannot be asked."""

import asyncio
import io
import logging
import signal
import zipfile
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
import uvloop

from filemill.errors import FileRefused, ScannerAway, VirusFound
from filemill.local import clamd
from filemill.local.clamd import Clamd
from filemill.local.ports import free_port
from filemill.settings import Settings
from filemill.storage import scan as scans
from filemill.storage.scan import Scan, Scanner
from tests.fixtures.heads import EICAR, HEADS

pytestmark = pytest.mark.anyio


@pytest.fixture
def scanner(scanned: None, settings: Settings) -> Scanner:
    """The clamd that all tests share."""
    return Scanner(settings.clamd)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Callable[[str], Clamd]]:
    """Starts a clamd of this test's own, in a folder of this name, which it may break."""
    if not clamd.is_there():
        pytest.skip("clamd is not installed (filemill install puts it there)")
    made: list[Clamd] = []

    def start(name: str = "clamd") -> Clamd:
        made.append(Clamd(tmp_path / name, log=tmp_path / "clamd.log"))
        made[-1].start()
        return made[-1]

    yield start
    for one in made:
        if one.process is not None:
            one.process.signal(signal.SIGCONT)
        one.stop()


async def verdict(scanner: Scanner, *pieces: bytes) -> None:
    async with scanner.scan() as scan:
        for piece in pieces:
            await scan.feed(piece)
        await scan.verdict()


async def the_rest(scan: Scan) -> None:
    for _ in range(20):
        await scan.feed(b"x" * 100_000)
    await scan.verdict()


def zipped(data: bytes, times: int = 1) -> bytes:
    for _ in range(times):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inside", data)
        data = file.getvalue()
    return data


@pytest.mark.parametrize("name", ["docx", "pdf", "png", "txt", "svg"])
async def test_what_is_clean_passes(scanner: Scanner, name: str) -> None:
    await verdict(scanner, HEADS[name])


@pytest.mark.parametrize(
    "pieces", [(EICAR,), tuple(EICAR[n : n + 1] for n in range(len(EICAR))), (zipped(EICAR),), (zipped(EICAR, 5),)]
)
async def test_a_virus_is_found_and_its_name_is_in_the_log_alone(
    scanner: Scanner, pieces: tuple[bytes, ...], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO), pytest.raises(VirusFound) as found:
        await verdict(scanner, *pieces)

    assert "Eicar" not in found.value.message
    (said,) = [record for record in caplog.records if record.message == "virus found"]
    assert said.event["signature"] == "Filemill.Eicar-Test.UNOFFICIAL"  # type: ignore[attr-defined]


async def test_files_side_by_side_do_not_mix(scanner: Scanner) -> None:
    files = [EICAR if n % 5 == 0 else b"harmless %d" % n for n in range(50)]

    ended = await asyncio.gather(*(verdict(scanner, file) for file in files), return_exceptions=True)

    assert [isinstance(one, VirusFound) for one in ended] == [n % 5 == 0 for n in range(50)]
    assert {type(one) for one in ended} == {VirusFound, type(None)}


async def test_what_unpacks_beyond_its_limits_is_not_called_clean(scanner: Scanner) -> None:
    deep = zipped(EICAR, 30)

    with pytest.raises(FileRefused, match="unpacks to more"):
        await verdict(scanner, deep)


@pytest.mark.parametrize("address", ["unix:///no/such/socket", "tcp"])
async def test_one_that_is_not_there_is_away(address: str) -> None:
    away = Scanner(address if address != "tcp" else f"tcp://127.0.0.1:{free_port()}")

    with pytest.raises(ScannerAway):
        await away.probe()
    with pytest.raises(ScannerAway):
        await verdict(away, b"x")


@pytest.mark.parametrize("go_on", [lambda scan: scan.feed(b"more"), Scan.verdict])
def test_one_that_has_hung_up_is_away(go_on: Callable[[Scan], Awaitable[None]]) -> None:
    """On the loop that the API runs on, which takes amiss what is written to nobody."""

    async def story() -> None:
        # given a scanner that hangs up while nothing is sent
        gone = asyncio.Event()

        async def hang_up(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.transport.abort()
            gone.set()

        server = await asyncio.start_server(hang_up, "127.0.0.1", 0)
        async with server, Scanner(f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}").scan() as scan:
            await gone.wait()
            await asyncio.sleep(0.1)
            # when the file goes on, then the scanner is away
            with pytest.raises(ScannerAway):
                await go_on(scan)

    uvloop.run(story())


async def test_it_is_reached_however_long_its_path_is(own: Callable[[str], Clamd]) -> None:
    far = own("/".join(["a long name for a folder"] * 8))
    assert len(far.address) > scans.LONGEST_SOCKET

    await Scanner(far.address).probe()
    with pytest.raises(VirusFound):
        await verdict(Scanner(far.address), EICAR)


async def test_one_that_dies_in_the_middle_lets_nothing_pass(own: Callable[[], Clamd]) -> None:
    # given a file of which half is on its way
    dying = own()
    scanner = Scanner(dying.address)
    async with scanner.scan() as scan:
        await scan.feed(b"x" * 1000)
        # when clamd is killed, then there is no verdict
        dying.kill()
        with pytest.raises(ScannerAway):
            await the_rest(scan)
    with pytest.raises(ScannerAway):
        await scanner.probe()
    # and once it is started again files pass, and nothing lies there of the one before
    left = {path for path in (dying.folder / "run").iterdir() if path.name != "clamd.sock"}
    assert left
    dying.start()
    await verdict(scanner, b"clean")
    assert not left & set((dying.folder / "run").iterdir())


async def test_one_that_says_nothing_is_away_in_the_end(
    own: Callable[[], Clamd], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a clamd that stands still
    monkeypatch.setattr(scans, "FEED_SECONDS", 0.5)
    monkeypatch.setattr(scans, "VERDICT_SECONDS", 0.5)
    frozen = own()
    scanner = Scanner(frozen.address)
    assert frozen.process is not None
    frozen.process.signal(signal.SIGSTOP)
    # then a small file gets no verdict, and a large one is not taken
    for pieces in ([b"x"], [b"x" * 2**20] * 10):
        with pytest.raises(ScannerAway):
            await verdict(scanner, *pieces)


async def test_a_stream_that_is_too_long_for_it_is_refused(own: Callable[[], Clamd]) -> None:
    # given a clamd that takes one megabyte
    strict = own()
    strict.stop()
    settings = strict.folder / "clamd.conf"
    settings.write_text(settings.read_text().replace("StreamMaxLength 1G", "StreamMaxLength 1M"))
    assert strict.process is not None
    strict.process.start()
    strict.process.wait_until(strict._is_ready, 10)
    # then a larger file is not called clean
    with pytest.raises(ScannerAway):
        await verdict(Scanner(strict.address), *[b"x" * 2**16] * 40)


async def test_two_know_nothing_of_each_other_and_leave_nothing_running(own: Callable[[str], Clamd]) -> None:
    one, other = own("one"), own("other")
    one.stop()

    await Scanner(other.address).probe()
    with pytest.raises(ScannerAway):
        await Scanner(one.address).probe()
