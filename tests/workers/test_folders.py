"""The folder of a worker: an old one never stops a boot, and goes, also when its worker was killed."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.trees import dig
from workers import folders
from workers.folders import WorkFolder

WORKER = """
import sys, time
from pathlib import Path
from workers.folders import WorkFolder
folder = WorkFolder(Path(sys.argv[1]))
(folder.path / "input").write_text("words of a stranger")
print(folder.path, flush=True)
time.sleep(1000)
"""


def names(root: Path) -> list[str]:
    return sorted(path.name for path in root.iterdir())


def test_a_boot_removes_a_folder_that_is_too_deep_for_any_recursion(tmp_path: Path) -> None:
    # given what an epub with a picture 1,500 folders deep has left
    (old := tmp_path / "old").mkdir()
    dig(old, 1_500)
    # when a worker boots
    folder = WorkFolder(tmp_path)
    # then its own folder is the only one
    assert names(tmp_path) == [folder.path.name]
    folder.close()
    assert names(tmp_path) == []


def test_a_folder_that_takes_too_long_stops_no_boot_and_goes_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # given an old folder, more than a boot has time for
    (old := tmp_path / "old").mkdir()
    dig(old, 100)
    monkeypatch.setattr(folders, "BOOT_SECONDS", 0.0)
    # when a worker boots
    folder = WorkFolder(tmp_path)
    # then the folder is told of and lies aside
    assert names(tmp_path) == sorted([folder.path.name, "left-old"])
    assert [one.message for one in caplog.records] == ["a folder cannot be removed; it is tried again"]
    # and goes with the next tidy-up
    folder.tidy()
    assert names(tmp_path) == [folder.path.name]
    folder.close()


def test_a_killed_worker_leaves_its_files_to_the_next_tidy_up_of_another(tmp_path: Path) -> None:
    # given two workers at work, one of them in another process
    folder = WorkFolder(tmp_path)
    with subprocess.Popen([sys.executable, "-c", WORKER, tmp_path], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout
        theirs = Path(other.stdout.readline().strip())
        folder.tidy()
        assert (theirs / "input").exists(), "it lives"
        # when that is killed
        other.send_signal(signal.SIGKILL)
    folder.tidy()
    # then nothing of it stays
    assert names(tmp_path) == [folder.path.name]
    folder.close()


def test_an_old_folder_may_be_shut_or_a_link(tmp_path: Path) -> None:
    # given a folder that its job has shut, a link to elsewhere, and a file
    (elsewhere := tmp_path / "elsewhere").mkdir()
    (elsewhere / "kept").touch()
    (root := tmp_path / "root").mkdir()
    (root / "shut/inner").mkdir(parents=True)
    (root / "shut").chmod(0)
    (root / "link").symlink_to(elsewhere)
    (root / "file").touch()
    # when
    folder = WorkFolder(root)
    # then
    assert "shut" not in names(root)
    assert (elsewhere / "kept").exists()
    folder.close()


def test_a_folder_is_locked_only_once(tmp_path: Path) -> None:
    folder = WorkFolder(tmp_path)
    other = WorkFolder(tmp_path)
    assert names(tmp_path) == sorted([folder.path.name, other.path.name])
    assert os.stat(folder.path).st_mode & 0o777 == 0o700
    other.close()
    folder.close()
    assert names(tmp_path) == []
