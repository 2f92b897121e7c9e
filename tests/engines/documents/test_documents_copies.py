"""Pages that would keep their reader busy for days end in seconds, and end nothing but themselves."""

import faulthandler
import os
import signal
import time

import pytest

from filemill.engines.documents import copies
from filemill.engines.documents.task import Task
from filemill.errors import JobFailed, ProcessKilled
from filemill.pipelines.run import InputFile, Line, Progress
from tests.engines.documents import bare_pdf, hostile_pdf, pdf_bombs
from tests.engines.documents.samples import Samples
from tests.engines.documents.workshop import Workshop

SLOW = (
    "A page of sample.pdf takes more than the 1 seconds that reading or drawing a page may take; print the file into a"
    " new pdf, and send that."
)


def task(said: list[Line]) -> Task:
    return Task(InputFile("input", "sample.pdf", "", "pdf", 1, ""), said.append)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """One second of processor for a page, for these tests."""
    monkeypatch.setattr(copies, "STRETCH_SECONDS", 1)


def test_a_page_has_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()

    assert copies.STRETCH_SECONDS == 10


@pytest.mark.parametrize(("bomb", "target"), [("forms", "txt"), ("forms", "docx"), ("letters", "md")])
def test_pages_that_draw_themselves_end_whoever_reads(bomb: str, target: str, shop: Workshop) -> None:
    begun = time.process_time()

    assert shop.refusal(pdf_bombs.READ[bomb](), "pdf", target)[:2] == ("too_slow", SLOW)
    assert time.process_time() - begun < 1  # the copy worked, not the engine


@pytest.mark.parametrize("bomb", pdf_bombs.DRAWN)
def test_pages_that_draw_themselves_end_whoever_draws(bomb: str, shop: Workshop) -> None:
    assert shop.refusal(pdf_bombs.DRAWN[bomb](), "pdf", "png")[:2] == ("too_slow", SLOW)


def test_a_form_that_draws_itself_twice_ends(shop: Workshop) -> None:
    assert shop.refusal(list(hostile_pdf.all_of_them())[4], "pdf", "md")[0] == "too_slow"


def test_the_next_pdf_is_read_as_ever(shop: Workshop, samples: Samples) -> None:
    # given
    before = shop.convert(samples.of("pdf"), "pdf", "txt").file.read_text()
    # when
    shop.refusal(pdf_bombs.forms(), "pdf", "txt")
    # then
    assert shop.convert(samples.of("pdf"), "pdf", "txt").file.read_text() == before


def test_the_time_is_that_of_each_page() -> None:
    # given three pages, each of which takes most of its second
    def job(within: Task) -> bytes:
        for number in range(3):
            copies.begin()
            begun = time.process_time()
            while time.process_time() - begun < 0.7:
                pass
            within.say(Progress(number + 1, 3, "pages"))
        return b"read\n\nto the end"

    said: list[Line] = []
    # then
    assert copies.work(task(said), job) == b"read\n\nto the end"
    assert said == [Progress(number, 3, "pages") for number in (1, 2, 3)]


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGBUS, "crashed"), (signal.SIGTRAP, "crashed"), (signal.SIGXCPU, "too_slow")],
)
def test_a_reader_that_dies_is_told_of(number: int, code: str) -> None:
    def job(_: Task) -> bytes:
        faulthandler.disable()
        os.kill(os.getpid(), number)
        return b""

    with pytest.raises(JobFailed) as failed:
        copies.work(task([]), job)
    assert failed.value.code == code


def test_a_reader_that_others_kill_is_nobodys_fault() -> None:
    def job(_: Task) -> bytes:
        os.kill(os.getpid(), signal.SIGKILL)
        return b""

    with pytest.raises(ProcessKilled):
        copies.work(task([]), job)


def test_want_of_memory_and_odd_errors_are_told_apart() -> None:
    def greedy(_: Task) -> bytes:
        raise MemoryError

    def odd(_: Task) -> bytes:
        raise ZeroDivisionError

    for job, code in ((greedy, "too_much_memory"), (odd, "internal")):
        with pytest.raises(JobFailed) as failed:
            copies.work(task([]), job)
        assert failed.value.code == code


NO_PAGE = bare_pdf.made(b"<</Type/Pages/Count 2/Kids[3 0 R 99 0 R]>>", b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>")
FAR_TOO_WIDE = list(hostile_pdf.all_of_them())[-1]


@pytest.mark.parametrize("target", ["md", "docx"])
@pytest.mark.parametrize("content", [NO_PAGE, FAR_TOO_WIDE], ids=["nowhere", "only xberg stumbles"])
def test_a_pdf_whose_page_cannot_be_found_is_refused(content: bytes, target: str, shop: Workshop) -> None:
    code, message, _ = shop.refusal(content, "pdf", target)

    assert code == "bad_file"
    assert message.startswith("sample.pdf: The file is damaged, or no .pdf file")
