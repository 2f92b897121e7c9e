"""LibreOffice stays warm, dies, hangs: the next document is never the victim."""

import contextlib
import json
import os
import resource
import signal
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil
import pytest

from filemill.engines.documents import libreoffice, programs
from filemill.engines.documents.engine import Documents
from filemill.errors import ProcessKilled
from tests.engines.documents import contents
from tests.engines.documents.samples import Samples
from tests.engines.documents.workshop import Workshop
from tests.fixtures import process_state

SCARCE_BYTES = 320 << 20


def desk_of(engine: Documents) -> int:
    desk = engine._kit.office._desk
    assert desk is not None
    return desk.pid


def copies_of(engine: Documents) -> list[int]:
    desk = desk_of(engine)
    return [int(pid) for pid in Path(f"/proc/{desk}/task/{desk}/children").read_text().split()]


def copy_of(engine: Documents) -> int:
    """The copy that works on a document; a moment after the order, the copy is there and says nothing any more."""
    deadline = time.monotonic() + 10
    while not (found := [pid for pid in copies_of(engine) if Path(f"/proc/{pid}/fd/1").resolve() == Path(os.devnull)]):
        assert time.monotonic() < deadline, "no copy has taken the order"
    return found[0]


def is_gone(pid: int) -> bool:
    """Whether a process has ended, or ends within seconds: the kernel ends a copy a moment after its desk."""
    gone = threading.Event()
    deadline = time.monotonic() + 5
    while Path(f"/proc/{pid}/exe").exists() and time.monotonic() < deadline:
        gone.wait(0.01)
    return not Path(f"/proc/{pid}/exe").exists()


def test_one_instance_converts_one_document_after_another(shop: Workshop, samples: Samples) -> None:
    # given
    shop.convert(samples.of("docx"), "docx", "pdf")
    before = desk_of(shop.engine)

    # when
    shop.convert(samples.of("xlsx"), "xlsx", "pdf")

    # then
    assert desk_of(shop.engine) == before


def test_every_document_has_a_process_of_its_own(
    shop: Workshop, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    shop.convert(samples.of("docx"), "docx", "pdf")
    say, seen = programs.Talker.say, []

    def say_and_look(self: programs.Talker, line: bytes) -> None:
        say(self, line)
        seen.append(copy_of(shop.engine))

    monkeypatch.setattr(programs.Talker, "say", say_and_look)

    # when
    for source in ("docx", "xlsx", "docx"):
        shop.convert(samples.of(source), source, "pdf")

    # then
    assert len(set(seen)) == 3
    assert copies_of(shop.engine) == []


def test_one_that_has_died_is_replaced_and_the_document_tried_again(shop: Workshop, samples: Samples) -> None:
    # given
    shop.convert(samples.of("docx"), "docx", "pdf")
    os.kill(desk_of(shop.engine), signal.SIGKILL)

    # when
    made = shop.convert(samples.of("docx"), "docx", "pdf").file

    # then
    assert contents.pages_of(made) == 2


def test_one_that_dies_while_it_writes_leaves_no_lock_to_the_next(
    shop: Workshop, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    shop.convert(samples.of("docx"), "docx", "pdf")
    say = programs.Talker.say

    def die_writing(self: programs.Talker, line: bytes) -> None:
        monkeypatch.setattr(programs.Talker, "say", say)
        target = Path(json.loads(line)["target"])
        target.with_name(f".~lock.{target.name}#").write_text(",somebody,elsewhere,22.11.2026 05:38,file:///gone;")
        say(self, line)
        os.kill(copy_of(shop.engine), signal.SIGKILL)

    monkeypatch.setattr(programs.Talker, "say", die_writing)

    # when
    made = shop.convert(samples.of("docx"), "docx", "pdf").file

    # then
    assert contents.pages_of(made) == 2


@pytest.mark.parametrize("killed", ["copy_of", "desk_of"])
def test_one_that_is_killed_twice_is_no_fault_of_the_document(
    killed: str, shop: Workshop, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    shop.convert(samples.of("docx"), "docx", "pdf")
    say = programs.Talker.say

    def kill_at_work(self: programs.Talker, line: bytes) -> None:
        say(self, line)
        os.kill({"copy_of": copy_of, "desk_of": desk_of}[killed](shop.engine), signal.SIGKILL)

    monkeypatch.setattr(programs.Talker, "say", kill_at_work)

    # when, then
    with pytest.raises(ProcessKilled):
        shop.convert(samples.of("docx"), "docx", "pdf")
    monkeypatch.setattr(programs.Talker, "say", say)
    assert contents.pages_of(shop.convert(samples.of("docx"), "docx", "pdf").file) == 2


def test_one_that_is_killed_while_it_starts_anew_is_no_fault_of_the_document(
    shop: Workshop, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given one that is killed over a document
    shop.convert(samples.of("docx"), "docx", "pdf")
    os.kill(desk_of(shop.engine), signal.SIGKILL)
    hear = programs.Talker.hear

    def kill_the_next(self: programs.Talker, seconds: float) -> bytes:
        if seconds == libreoffice.START_SECONDS:
            os.kill(self.pid, signal.SIGKILL)
        return hear(self, seconds)

    monkeypatch.setattr(programs.Talker, "hear", kill_the_next)

    # when the one that takes its place is killed before it is ready, then
    with pytest.raises(ProcessKilled):
        shop.convert(samples.of("docx"), "docx", "pdf")
    monkeypatch.undo()


def test_a_document_over_which_it_dies_twice_has_failed(
    shop: Workshop, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    shop.convert(samples.of("docx"), "docx", "pdf")
    say = programs.Talker.say

    def harm(self: programs.Talker, line: bytes) -> None:
        say(self, line)
        os.kill(copy_of(shop.engine), signal.SIGSEGV)

    monkeypatch.setattr(programs.Talker, "say", harm)

    # when
    code, message, _ = shop.refusal(samples.of("docx"), "docx")

    # then
    assert code == "crashed"
    assert message.startswith("sample.docx ended its converter each time")
    monkeypatch.undo()


def test_a_document_for_which_its_memory_does_not_suffice_is_told_so(
    shop: Workshop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a LibreOffice that may have little more than it needs to be there
    shop.engine._kit.office.end()
    start = programs.Talker.__init__

    def start_with_little(self: programs.Talker, argv: Sequence[str], environment: Mapping[str, str]) -> None:
        start(self, argv, environment)
        resource.prlimit(self.pid, resource.RLIMIT_DATA, (SCARCE_BYTES, SCARCE_BYTES))

    monkeypatch.setattr(programs.Talker, "__init__", start_with_little)
    long = tmp_path / "long.txt"
    long.write_text("A line of a text that is longer than anybody reads.\n" * 400_000)

    # when
    code, message, _ = shop.refusal(long, "txt")

    # then
    assert code == "too_much_memory"
    assert message.startswith("needs more memory for sample.txt")


def test_one_that_does_not_answer_is_ended_and_the_next_document_is_not_late(
    engine: Documents, shop: Workshop, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    shop.convert(samples.of("docx"), "docx", "pdf")
    say, hanging = programs.Talker.say, []

    def hang(self: programs.Talker, line: bytes) -> None:
        say(self, line)
        hanging.append(copy_of(engine))
        os.kill(hanging[0], signal.SIGSTOP)

    monkeypatch.setattr(programs.Talker, "say", hang)
    monkeypatch.setattr(programs, "MOST_SECONDS", 0.2)

    # when
    code, _, _ = shop.refusal(samples.of("docx"), "docx")

    # then
    assert code == "too_slow"
    assert is_gone(hanging[0])
    monkeypatch.setattr(programs.Talker, "say", say)
    monkeypatch.setattr(programs, "MOST_SECONDS", 600)
    assert contents.pages_of(shop.convert(samples.of("docx"), "docx", "pdf").file) == 2


def test_one_that_cannot_start_is_no_fault_of_the_document(
    shop: Workshop, samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    shop.convert(samples.of("docx"), "docx", "pdf")
    shop.engine._kit.office.end()
    monkeypatch.setattr(libreoffice, "program", lambda: Path("/nowhere"))

    # when
    code, _, _ = shop.refusal(samples.of("docx"), "docx")

    # then
    assert code == "internal"


def test_a_document_it_cannot_read_costs_no_instance(shop: Workshop, samples: Samples) -> None:
    # given
    shop.convert(samples.of("docx"), "docx", "pdf")
    before = desk_of(shop.engine)
    broken = samples.of("rtf").read_bytes()[:5]

    # when
    shop.convert(broken + b"}", "rtf", "pdf")

    # then
    assert desk_of(shop.engine) == before


def test_nothing_is_left_of_it(samples: Samples) -> None:
    # given
    if libreoffice.version() is None:
        pytest.skip("LibreOffice is not installed: run filemill install documents")
    one = libreoffice.LibreOffice()
    one.warm()
    assert one._desk is not None
    folder, desk = Path(one._folder), one._desk
    desk.hear(90)

    # when
    one.end()

    # then
    assert is_gone(desk.pid)
    assert not folder.exists()


def test_libreoffice_listens_nowhere_and_leaves_nothing(
    samples: Samples, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a LibreOffice of its own, outside of any sandbox
    process_state.move_temporary_files(tmp_path / "temporary", monkeypatch)
    monkeypatch.chdir(tmp_path)
    with contextlib.closing(Documents()) as engine:
        # when it has converted
        Workshop(engine, tmp_path).convert(samples.of("docx"), "docx", "pdf")
        # then it has no socket, and what it keeps lies in its folder
        assert psutil.Process(desk_of(engine)).net_connections("all") == []
        assert [path.name.partition("-")[0] for path in (tmp_path / "temporary").iterdir()] == ["office"]
    # and that goes with it
    assert list((tmp_path / "temporary").iterdir()) == []
