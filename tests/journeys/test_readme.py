"""The commands of the README and of the API's page, run as they stand there against a running stack."""

import json
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[2]
WRITTEN_FOR = "http://127.0.0.1:8000"
DATA, CONVERSION = "<b>data-jobs</b>", "<b>conversion-sessions</b>"
"""What the walks of the README begin with."""
TABLE = "name,city,age\nAlice,New York,30\nBob,London,25\nCharlie,New York,35\n"


def blocks(text: str, language: str) -> list[str]:
    """The fenced blocks of one language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.DOTALL | re.MULTILINE)


def the_walk(name: str) -> str:
    """A walk of the README, which is folded away there."""
    return (ROOT / "README.md").read_text().split(name, 1)[1].split("</details>", 1)[0]


def bash(script: str, folder: Path, url: str) -> str:
    """What a script prints; only the address is another than it was written for."""
    assert WRITTEN_FOR in script
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script.replace(WRITTEN_FOR, url)],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_readme_walk_ends_with_what_it_promises_also_the_second_time(stack, tmp_path):
    section = the_walk(DATA)
    promised = blocks(section, "")[-1]

    for _ in range(2):
        said = bash("".join(blocks(section, "bash")), tmp_path, stack.url)

        assert "COMPLETED" in said
        assert said.endswith(promised)
    rows = [json.loads(line) for line in (tmp_path / "people.ndjson").read_text().splitlines()]
    assert [row["name"] for row in rows] == ["Alice", "Charlie"]


def test_the_examples_of_data_jobs_work_one_after_the_other(stack, tmp_path):
    (tmp_path / "people.csv").write_text(TABLE)
    page = (ROOT / "docs/api/data-jobs.md").read_text()

    said = bash("".join(blocks(page, "bash")), tmp_path, stack.url)

    assert '"status":"COMPLETED"' in said.replace(" ", "")
    assert (tmp_path / "people_processed.parquet").read_bytes().startswith(b"PAR1")


def test_the_examples_of_conversion_sessions_work_one_after_the_other(stack, tmp_path):
    page = (ROOT / "docs/api/conversion-sessions.md").read_text()

    bash("".join(blocks(page, "bash")), tmp_path, stack.url)

    assert (tmp_path / "people.xlsx").read_bytes().startswith(b"PK")


def test_the_readme_converts_a_file_without_an_account(stack, tmp_path):
    section = the_walk(CONVERSION)

    bash("".join(blocks(section, "bash")), tmp_path, stack.url)

    assert (tmp_path / "people.xlsx").read_bytes().startswith(b"PK")
