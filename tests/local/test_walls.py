"""What `doctor` and `serve` say of the walls of jobs' processes, where one is missing and where all are there."""

import os
import shutil
import sys
from pathlib import Path

import pytest

from filemill.commands import serve
from filemill.local import system, walls
from filemill.local.finding import Finding
from filemill.sandbox import landlock, seccomp

UNKNOWN = "this kernel's version does not know"


def finding(name: str) -> Finding:
    return next(one for one in walls.look() if one.name == name)


def test_doctor_tells_of_every_wall() -> None:
    assert {"Landlock", "libseccomp", "Jobs' users"} <= {one.name for one in system.look()}


@pytest.mark.parametrize(
    ("version", "advice"),
    [
        (3, f"{UNKNOWN} TCP ports (since Linux 6.7), signals and abstract sockets (since Linux 6.12)"),
        (5, f"{UNKNOWN} signals and abstract sockets (since Linux 6.12)"),
        (7, ""),
    ],
)
def test_doctor_tells_what_this_kernels_landlock_does_not_know(
    monkeypatch: pytest.MonkeyPatch, version: int, advice: str
) -> None:
    monkeypatch.setattr(landlock, "version", lambda: version)
    assert finding("Landlock") == Finding("Landlock", f"version {version}", advice=advice)


def test_doctor_tells_of_a_wall_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(landlock, "version", lambda: -1)
    monkeypatch.setattr(seccomp, "LIBRARY", "libseccomp-of-another-machine.so")
    assert not finding("Landlock").well
    assert not finding("libseccomp").well
    assert "libseccomp2" in {package.name for package in system.missing()}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts jobs' processes as other users")
def test_root_is_told_where_no_other_user_can_run_python(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # given an interpreter in a folder that root alone gets into
    (tmp_path / "private").mkdir(mode=0o700)
    python = tmp_path / "private/python"
    shutil.copy(sys.executable, python)
    monkeypatch.setattr(sys, "executable", str(python))
    # when doctor looks, and serve has started
    found = finding("Jobs' users")
    serve.warn_of_root()
    # then both say so, and what to do is told
    assert not found.well
    assert str(python) in found.trouble
    assert "/opt" in found.advice
    assert found.trouble in capsys.readouterr().err
