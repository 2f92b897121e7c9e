"""The README's walk with curl, run as it stands there against a running stack; only the address is another."""

import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
WRITTEN_FOR = "http://127.0.0.1:8000"
HEADING = "## A walk with curl"


def the_walk() -> str:
    """All bash of that section, in order."""
    section = (ROOT / "README.md").read_text().split(HEADING, 1)[1].split("\n## ", 1)[0]
    return "".join(re.findall(r"^```bash\n(.*?)^```$", section, re.DOTALL | re.MULTILINE))


def promised_result() -> str:
    """What the section says that its last command shows."""
    section = (ROOT / "README.md").read_text().split(HEADING, 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^```\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)[-1]


def test_the_walk_ends_with_the_promised_result(stack, tmp_path):
    walk = the_walk()
    assert WRITTEN_FOR in walk
    script = walk.replace(WRITTEN_FOR, stack.url)

    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "COMPLETED" in done.stdout
    assert done.stdout.endswith(promised_result()), done.stdout
    rows = [json.loads(line) for line in (tmp_path / "people.ndjson").read_text().splitlines()]
    assert [row["name"] for row in rows] == ["Alice", "Charlie"]


def test_the_walk_may_be_taken_twice(stack, tmp_path):
    script = the_walk().replace(WRITTEN_FOR, stack.url)

    for _ in range(2):
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert done.stdout.endswith(promised_result())
