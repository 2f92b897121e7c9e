"""What a stranger's program leaves is removed, whatever it is, and nothing else is touched."""

import os
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from filemill.sandbox import leftovers, trees
from tests.fixtures.trees import dig

NOBODY = 65534

AS_SOMEBODY_ELSE = """
import os, sys
from pathlib import Path
from filemill.sandbox import trees
folder = Path(sys.argv[1])
os.setgroups([]); os.setgid(65534); os.setuid(65534)
(folder / "shut/inner/empty").mkdir(parents=True)
(folder / "shut/inner/file").write_bytes(b"x")
(folder / "shut/file").write_bytes(b"x")
for name, mode in ("shut/inner/empty", 0), ("shut/inner", 0o500), ("shut", 0):
    (folder / name).chmod(mode)
trees.empty(folder)
print(os.listdir(folder))
"""

WITH_A_MOUNT = """
import os, sys
from pathlib import Path
from filemill.sandbox import leftovers, trees
folder, outside = map(Path, sys.argv[1:])
(folder / "in/place").mkdir(parents=True)
(folder / "at top").mkdir()
(folder / "file").write_bytes(b"x")
for place in ("in/place", "at top"):
    assert os.system(f"mount --bind '{outside}' '{folder / place}'") == 0
try:
    trees.empty(folder)
except OSError as error:
    print(error.errno, sorted(os.listdir(outside)), (folder / "file").exists())
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (folder := tmp_path / "folder").mkdir()
    return folder


def carry_out(program: str, *told: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program), *map(str, told)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_folders_deeper_than_any_path_are_removed(folder: Path) -> None:
    # given two trees, the deeper of which would take a path of 400,000 bytes
    dig(folder, 2_000)
    (folder / "beside").mkdir()
    dig(folder / "beside", 1_500)
    # when they are removed, then nothing stays, and no descriptor either
    before = os.listdir("/proc/self/fd")
    trees.remove(folder)
    assert not folder.exists()
    assert os.listdir("/proc/self/fd") == before


def test_links_are_removed_and_not_followed(folder: Path, tmp_path: Path) -> None:
    # given links that lead out, and a folder outside
    (outside := tmp_path / "outside").mkdir()
    (outside / "kept").write_bytes(b"kept")
    (folder / "to a folder").symlink_to(outside)
    (folder / "to a file").symlink_to(outside / "kept")
    (folder / "to itself").symlink_to("to itself")
    (folder / "inner").mkdir()
    (folder / "inner" / "up").symlink_to("../..")
    os.link(outside / "kept", folder / "the same file")
    # when the folder is emptied
    trees.empty(folder)
    # then all outside is as it was
    assert list(folder.iterdir()) == []
    assert (outside / "kept").read_bytes() == b"kept"


def test_a_link_in_place_of_a_folder_is_not_emptied(folder: Path, tmp_path: Path) -> None:
    (folder / "kept").write_bytes(b"kept")
    (link := tmp_path / "link").symlink_to(folder)
    with pytest.raises(OSError, match="link"):
        trees.empty(link)
    trees.remove(link)
    assert not link.is_symlink()
    assert (folder / "kept").exists()


def test_whatever_lies_there_is_removed(folder: Path) -> None:
    # given names that no program likes, and files that are none
    for name in (b"two\nlines", b"\xff\xfe", b" ", b"-rf", b"*", "ü".encode(), b"x" * 255):
        (place := os.path.join(os.fsencode(folder), name)) and os.mkdir(place)
        Path(os.fsdecode(place), os.fsdecode(name)).write_bytes(b"x")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(folder / "socket"))
    for number in range(5_000):
        (folder / str(number)).touch()
    # when, then
    trees.empty(folder)
    assert list(folder.iterdir()) == []


def test_what_is_to_stay_stays(folder: Path) -> None:
    for name in ("office-1/deep", "office", "other/office-2"):
        (folder / name).mkdir(parents=True)
    trees.empty(folder, is_kept=lambda name: name.startswith("office-"))
    assert [path.relative_to(folder).as_posix() for path in folder.rglob("*")] == ["office-1", "office-1/deep"]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_folders_that_were_shut_are_removed_by_their_owner(reachable: Path) -> None:
    # given a user who is not root, and whose folders nobody may read
    os.chown(reachable, NOBODY, NOBODY)
    # when, then
    assert carry_out(AS_SOMEBODY_ELSE, reachable) == "[]"


def test_files_of_a_mount_stay(folder: Path, tmp_path: Path) -> None:
    # given another file system below the folder, at the top and further down
    (outside := tmp_path / "outside").mkdir()
    (outside / "kept").write_bytes(b"kept")
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("nobody may mount here")
    argv = f"['unshare', '-m', sys.executable, '-c', {WITH_A_MOUNT!r}, *sys.argv[1:]]"
    run = f"import sys, os\nos.execvp('unshare', {argv})"
    # when the folder is emptied, then the error tells of the mount, and all else is gone
    assert carry_out(run, folder, outside) == "16 ['kept'] False"


def test_a_removal_ends_in_time_and_goes_on_later(folder: Path) -> None:
    # given more than can be removed in time
    dig(folder, 50)
    # when
    with pytest.raises(TimeoutError):
        trees.remove(folder, seconds=0)
    # then the next one removes the rest
    trees.remove(folder)
    assert not folder.exists()


def test_what_cannot_be_removed_is_told_moved_aside_and_tried_again(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # given a folder that cannot be removed in time
    dig(folder, 50)
    assert not leftovers.remove(folder, seconds=0)
    # then it lies aside, and the log tells of it
    assert [path.name for path in tmp_path.iterdir()] == ["left-folder"]
    assert [one.message for one in caplog.records] == ["a folder cannot be removed; it is tried again"]
    # when it is tried again, then it goes, and nothing else does
    (tmp_path / "other").mkdir()
    leftovers.again(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["other"]
