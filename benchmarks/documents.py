"""Documents to pdf, by the whole service and by LibreOffice started for each, at 1, 2, 4 and 8 at once."""

import itertools
import resource
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec

from benchmarks import guest, measure, office_corpus, report
from benchmarks.guest import Guest
from benchmarks.report import Figure, Options
from benchmarks.visitor import running_stack
from filemill.local.stack import Stack

ROUNDS = 3
AT_ONCE = (1, 2, 4, 8)
LANE = "documents"

Convert = Callable[[Path, Path], None]
"""Takes a document through to a pdf that lies in a file of its own."""


class Cell(msgspec.Struct, frozen=True):
    """One contender, so many at once: documents a minute, seconds each, CPU seconds per document, MiB at most."""

    rate: float
    seconds: tuple[float, ...]
    cpu: float
    beside: float
    peak_mb: float


def run(options: Options) -> list[Figure]:
    """Both in turn, the order turned round each time; of each the quickest round counts."""
    if shutil.which("soffice") is None:
        report.say("LibreOffice is not installed (filemill install documents): no figures.")
        return []
    files = office_corpus.make(options.data / "office")
    rounds, cell = (1, office_corpus.CELL[:4]) if options.is_brief else (ROUNDS, office_corpus.CELL)
    with running_stack(options, **guest.UNLIMITED) as running, tempfile.TemporaryDirectory() as folder:
        ours, plain = _Ours(running), _Cold()
        documents = [files[name] for name in cell]
        ours.warm_up(documents, Path(folder))
        best: dict[tuple[str, int], Cell] = {}
        for number, at_once in itertools.product(range(rounds), AT_ONCE):
            for each in (plain, ours) if number % 2 == 0 else (ours, plain):
                found = each.take(documents, at_once, Path(folder))
                key = (each.name, at_once)
                best[key] = max(best.get(key, found), found, key=lambda one: one.rate)
                report.say(f"{each.name}, {at_once} at once: {found.rate:.0f}/min, {found.cpu:.2f} CPU s each")
    _say(best)
    return _figures(best)


class _Ours:
    """From the upload until the pdf is in hand, by as many guests as there are at once."""

    name = "filemill"

    def __init__(self, running: Stack) -> None:
        self._running = running
        self._guests = [Guest(running.url) for _ in range(max(AT_ONCE))]
        self._worker = running.workers[LANE]

    def warm_up(self, documents: Sequence[Path], folder: Path) -> None:
        """Waits until the lane is ready, and lets it see every document once."""
        self._guests[0].wait_for("docx", "pdf")
        self.take(documents, 2, folder)

    def take(self, documents: Sequence[Path], at_once: int, folder: Path) -> Cell:
        """One measurement."""
        worker = self._worker.pid
        assert worker is not None
        guests = itertools.cycle(self._guests)
        local = threading.local()

        def enter() -> None:
            local.guest = next(guests)

        def convert(source: Path, target: Path) -> None:
            local.guest.convert(source, target)

        rest = [pid for name, pid in self._processes() if name != LANE]
        beside = sum(map(measure.cpu_seconds, rest))
        with measure.spent(lambda: [each.pid for each in measure.tree(worker)]) as spent:
            rate, seconds = _together(convert, documents, at_once, folder, enter)
        beside = sum(map(measure.cpu_seconds, rest)) - beside
        many = len(documents)
        return Cell(rate, seconds, spent.cpu / many, beside / many, spent.megabytes)

    def _processes(self) -> Iterator[tuple[str, int]]:
        running = self._running
        servers = {"api": running.api, "postgres": running.postgres.process, "redis": running.redis.process}
        for name, process in (servers | {"store": running.store.process} | running.workers).items():
            if process is not None and process.pid:
                yield name, process.pid


_AS_OURS = {name: {"type": "boolean", "value": "false"} for name in ("ReduceImageResolution", "UseTaggedPDF")}
"""What filemill tells LibreOffice when it writes a pdf; told the same, a cold one takes a few hundredths less."""

_WRITER, _CALC, _IMPRESS = (f"{name}_pdf_Export" for name in ("writer", "calc", "impress"))
_EXPORTS = {".docx": _WRITER, ".odt": _WRITER, ".rtf": _WRITER, ".xlsx": _CALC, ".pptx": _IMPRESS}


def _pdf(source: Path) -> str:
    """What `--convert-to` is given: the same filter and options as filemill's; a web page has its own filter."""
    if source.suffix not in _EXPORTS:
        return "pdf"
    return f"pdf:{_EXPORTS[source.suffix]}:{msgspec.json.encode(_AS_OURS).decode()}"


class _Cold:
    """`soffice --convert-to pdf`, started for each document, with a profile of its own."""

    name = "cold soffice"

    def take(self, documents: Sequence[Path], at_once: int, folder: Path) -> Cell:
        """One measurement."""
        running: set[int] = set()

        def convert(source: Path, target: Path) -> None:
            with tempfile.TemporaryDirectory() as own:
                argv = office_corpus.cold(source, _pdf(source), Path(own), f"{own}/profile")
                with subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
                    running.add(process.pid)
                    process.wait()
                    running.discard(process.pid)
                shutil.move(Path(own, source.name).with_suffix(".pdf"), target)

        before = _spent_by_children()
        with measure.spent(lambda: [each.pid for pid in list(running) for each in measure.tree(pid)]) as peak:
            rate, seconds = _together(convert, documents, at_once, folder, lambda: None)
        return Cell(rate, seconds, (_spent_by_children() - before) / len(documents), 0, peak.megabytes)


def _together(
    convert: Convert, documents: Sequence[Path], at_once: int, folder: Path, enter: Callable[[], None]
) -> tuple[float, tuple[float, ...]]:
    """Converts them all, so many at once -> documents a minute, the seconds each took."""

    def one(number: int, source: Path) -> float:
        target = folder / f"{number}.pdf"
        began = time.perf_counter()
        convert(source, target)
        seconds = time.perf_counter() - began
        if not target.read_bytes().startswith(b"%PDF-"):
            raise RuntimeError(f"{source.name} did not become a pdf.")
        return seconds

    with ThreadPoolExecutor(at_once, initializer=enter) as pool:
        began = time.perf_counter()
        seconds = tuple(pool.map(one, range(len(documents)), documents))
        return len(documents) / (time.perf_counter() - began) * 60, seconds


def _spent_by_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _say(best: dict[tuple[str, int], Cell]) -> None:
    rows = [
        (
            name,
            str(at_once),
            f"{cell.rate:.0f}",
            f"{measure.percentile(cell.seconds, 0.5):.2f}",
            f"{measure.percentile(cell.seconds, 0.95):.2f}",
            f"{cell.cpu:.2f}",
            f"{cell.beside:.2f}" if cell.beside else "",
            f"{cell.peak_mb:.0f}",
        )
        for (name, at_once), cell in sorted(best.items())
    ]
    report.say("")
    head = ("documents to pdf", "at once", "a minute", "p50 s", "p95 s", "CPU s each", "CPU s of the rest", "PSS MiB")
    report.table(head, rows)


def _figures(best: dict[tuple[str, int], Cell]) -> list[Figure]:
    figures = []
    for at_once in AT_ONCE:
        ours, plain = best[_Ours.name, at_once], best[_Cold.name, at_once]
        value = f"{ours.rate / plain.rate:.1f} x ({ours.rate:.0f} / {plain.rate:.0f})"
        aim = "4 x" if at_once in (2, 4) else ""
        figures.append(Figure(f"Documents to pdf a minute, {at_once} at once, beside cold soffice", value, aim))
    cpu = min(best[_Ours.name, at_once].cpu for at_once in AT_ONCE)
    return [*figures, Figure("CPU seconds a document", f"{cpu:.2f} s", "0.35 s")]
