"""What a job's process cannot do, once it is shut in: asked of such a process itself."""

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

ASK = """
import os, signal, sys
from pathlib import Path
from workers import landlock

def how(attempt):
    try:
        attempt()
    except PermissionError:
        return "refused"
    return "done"

if not landlock.shut(Path.cwd()):
    print("no Landlock here")
    raise SystemExit
parent, outside = sys.argv[1:]
print(
    how(lambda: Path(outside).read_bytes()),
    how(lambda: Path(outside).write_bytes(b"x")),
    how(lambda: Path(f"/proc/{parent}/environ").read_bytes()),
    how(lambda: open(f"/proc/{parent}/mem", "rb")),
    how(lambda: os.readlink(f"/proc/{parent}/fd/0")),
    how(lambda: Path("own").write_bytes(b"x")),
    how(lambda: Path("/proc/self/status").read_bytes()),
    how(lambda: Path("/etc/passwd").read_bytes()),
    how(lambda: __import__("polars").DataFrame({"a": [1]}).lazy().collect(engine="streaming")),
)
"""


def test_a_job_sees_neither_secrets_nor_other_processes(tmp_path: Path) -> None:
    # given a file of secrets beside the folder a job's process works in, and a process that holds secrets
    secrets = tmp_path / "secrets.json"
    secrets.write_text("{}")
    folder = tmp_path / "work"
    folder.mkdir()
    # when it looks for them, then it is refused; what it needs is there
    asked = subprocess.run(
        [sys.executable, "-P", "-c", textwrap.dedent(ASK), str(os.getpid()), str(secrets)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if "no Landlock" in asked.stdout:
        pytest.skip("this kernel has no Landlock")
    assert asked.stdout.split() == ["refused"] * 5 + ["done"] * 4, asked.stderr
