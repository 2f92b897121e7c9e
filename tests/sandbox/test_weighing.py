"""What a child has on disk is seen wherever it lies, and a look at it takes little, whatever there is."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from filemill.sandbox import weighing
from tests.fixtures.trees import dig

MB = 1 << 20
NOBODY = 65534


def test_bytes_are_seen_at_every_depth(tmp_path: Path) -> None:
    # given files at the top and deeper than any path can say
    (tmp_path / "top").write_bytes(os.urandom(2 * MB))
    dig(tmp_path, 40, os.urandom(3 * MB))
    # when, then
    before = os.listdir("/proc/self/fd")
    assert weighing.weigh(tmp_path) == weighing.Weight(mb=5, files=42, depth=40)
    assert os.listdir("/proc/self/fd") == before


def test_a_look_ends_where_there_is_too_much(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("many", "deep"):
        (tmp_path / name).mkdir()
    dig(tmp_path / "deep", 200)
    assert weighing.weigh(tmp_path / "deep").depth == weighing.DEEPEST + 1
    monkeypatch.setattr(weighing, "MOST_FILES", 500)
    (tmp_path / "many" / "one").touch()
    for number in range(weighing.MOST_FILES + 10):
        os.link(tmp_path / "many" / "one", tmp_path / "many" / str(number))
    assert weighing.weigh(tmp_path / "many").files == weighing.MOST_FILES + 1


def test_links_are_not_followed_and_a_missing_folder_weighs_nothing(tmp_path: Path) -> None:
    (tmp_path / "to all").symlink_to("/")
    assert weighing.weigh(tmp_path) == weighing.Weight(0, 1, 0)
    assert weighing.weigh(tmp_path / "missing") == weighing.Weight(0, 0, 0)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_that_nobody_may_look_into_is_told(reachable: Path) -> None:
    # given a worker who is not root, and a folder that its job has shut: unreadable, or not to be passed through
    (reachable / "shut/inner").mkdir(parents=True)
    (reachable / "passed").mkdir()
    (reachable / "passed/inner").mkdir()
    for path in reachable.rglob("*"):
        os.chown(path, NOBODY, NOBODY)
    # when, then
    assert "is_shut=False" in weighed_by_nobody(reachable)
    for name, mode in ("shut", 0), ("passed", 0o600):
        (reachable / name).chmod(mode)
        assert "is_shut=True" in weighed_by_nobody(reachable), name
        (reachable / name).chmod(0o700)


def weighed_by_nobody(folder: Path) -> str:
    program = (
        "import os, sys; from pathlib import Path; from filemill.sandbox import weighing;"
        f"os.setgroups([]); os.setgid({NOBODY}); os.setuid({NOBODY}); print(weighing.weigh(Path(sys.argv[1])))"
    )
    return subprocess.run([sys.executable, "-c", program, folder], capture_output=True, text=True, check=True).stdout
