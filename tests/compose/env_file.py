"""The .env that compose-env.sh makes, read back."""

import subprocess
from pathlib import Path

from tests.compose.composefile import ROOT

SCRIPT = ROOT / "compose-env.sh"


def make(file: Path) -> subprocess.CompletedProcess[str]:
    """Runs the script as a person would."""
    return subprocess.run(["sh", SCRIPT, file], capture_output=True, text=True, check=False, timeout=30)


def read(file: Path) -> dict[str, str]:
    """Name -> value."""
    lines = [line for line in file.read_text().splitlines() if line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def made(file: Path) -> dict[str, str]:
    """A new one's values."""
    told = make(file)
    assert told.returncode == 0, told.stderr
    return read(file)
