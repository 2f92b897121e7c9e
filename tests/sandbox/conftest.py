"""Fixtures for sandboxes: jobs to work on in one, and an interpreter that every user can read."""

import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from filemill.sandbox import trees
from tests.fixtures.jobs import at_hand, new_job, owner, queued

__all__ = ["at_hand", "new_job", "owner", "queued"]

CHECKOUT = Path(__file__).parents[2]
SYSTEM_PYTHON = Path("/usr/bin/python3")


@pytest.fixture
def python_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Children run by the system's own Python, which every user can read, with the packages of this one."""
    libraries = next(Path(entry) for entry in sys.path if Path(entry).name == "site-packages")
    told = f"python{sys.version_info.major}.{sys.version_info.minor}"
    if SYSTEM_PYTHON.resolve().name != told or not _is_for_all(libraries):
        pytest.skip(f"there is no {told} here that every user can read")
    monkeypatch.setattr(sys, "executable", str(SYSTEM_PYTHON))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(map(str, (libraries, CHECKOUT / "src", CHECKOUT))))


def _is_for_all(folder: Path) -> bool:
    return all(part.stat().st_mode & 0o001 for part in (folder, *folder.parents))


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that every user of this machine may reach: pytest's own lie below one of root's alone."""
    folder = Path(tempfile.mkdtemp(prefix="filemill-test-", dir="/tmp"))
    folder.chmod(0o755)
    yield folder
    trees.remove(folder)
